"""Files for other programs by Blender's own exporters, set so that a face survives them.

May call `scene` and `results`. Start with `presets`, the table of targets, and `export`, which writes one.
"""
