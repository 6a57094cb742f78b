"""Measures of errors: rotation, surfaces, outlines, textures.

Calls nothing else of the benchmarks. Start with `metrics`.
"""
