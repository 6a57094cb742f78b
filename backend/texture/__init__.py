"""Texture of a head from all that a clip shows of it, without the clip's light.

Floor 10: may call every lower one. Start with `clip_texture`; then `bake`, `inpaint`, `openings`.
"""
