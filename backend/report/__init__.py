"""Report, curves, contact sheet, overlay and footage for Blender of a finished track.

Floor 7: may call every lower one. Start with `measures`, `picture` and `overlay`.
"""
