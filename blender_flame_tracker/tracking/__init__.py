"""Tracking in this Blender: trees that are tracked, what is looked at before, what is known of the footage.

Calls `results` (what is finished goes there), `nodes`, `scene`, `preferences`, `engine` and the files at the add-on's
root. Start reading at `runs`.
"""
