"""Blender without a window, for development: the demo's scene, checks of it, and measurements.

May call everything, and nothing calls it. Start reading at `command`, which is run as a program.
"""
