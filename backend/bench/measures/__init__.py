"""Measures of errors: rotation, surfaces, outlines, textures."""
