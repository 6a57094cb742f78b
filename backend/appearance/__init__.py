"""Refining a finished fit by the pictures themselves: what the skin looks like, and points followed over the clip.

May call everything up to `lighting`. Start with `refinement` (the stage's steps) and `clip`; `focal_from_tracks` and
`bundle_adjustment` find the focal length.
"""
