"""Evidence of the pictures for the fit: landmarks with noise and weights, without the detector's own errors.

Calls `geometry`, `options`, and of `terms` which lips touch. Start with `observations`.
"""
