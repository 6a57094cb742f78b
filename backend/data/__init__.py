"""Data types that stages hand to each other, and the context that they work in.

May call `contract`, `system`. Start with `types` (Video, Landmarks, Fit ...) and `context`; `stage_code` says how a
stage is described.
"""
