"""Texture of a head from all that a clip shows of it, without the clip's light.

May call everything up to `lighting`. Start with `clip_texture`; then `bake`, `inpaint`, `openings`.
"""
