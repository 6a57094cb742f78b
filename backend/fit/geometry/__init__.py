"""The unknowns of the fit, the landmark points of a head, where they fall in the picture, and derivatives by hand.

Calls `head` and `raster`, and nothing of the fit. Start with `state` (the unknowns), then `projection`.
"""
