"""What stages hand to each other, what they may use besides, and array types.

May call `contract`, `system`. Start with `types` (Video, Landmarks, Fit ...) and `context`; `stage_code` says how a
stage is described.
"""
