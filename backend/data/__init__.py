"""What stages hand to each other, and what they may use besides.

May call `contract`, `system`. Start with `types` (Video, Landmarks, Fit ...) and `context`; `stage_code` says how a
stage is described.
"""
