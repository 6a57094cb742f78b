"""Report, curves, contact sheet, overlay and footage for Blender of a finished track.

May call everything up to `render`, and `video`. Start with `measures`, `picture` and `overlay`.
"""
