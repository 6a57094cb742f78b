"""Light, exposure and colour of filmed skin, by linear least squares on what frames show of points on it.

Floor 9: may call every lower one. Start with `clip_light` (what stages ask for) and `light_solver`.
"""
