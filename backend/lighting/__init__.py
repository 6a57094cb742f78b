"""Light, exposure and colour of filmed skin, by linear least squares on what frames show of points on it.

May call everything up to `fit`. Start with `clip_light` (what stages ask for) and `light_solver`.
"""
