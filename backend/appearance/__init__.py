"""Refining a finished fit by the pictures themselves: what the skin looks like, and points followed over the clip.

Floor 10: may call every lower one. Start with `refinement` (the stage's steps) and `clip`; `focal_from_tracks` and
`bundle_adjustment` find the focal length. Below: `pictures`, then `terms`.
"""
