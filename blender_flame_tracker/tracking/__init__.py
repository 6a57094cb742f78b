"""Tracking in this Blender: trees that are tracked, what is looked at before, what is known of the footage.

Calls `results` (what is finished goes there), `nodes` and `engine`. Start reading at `runs`.
"""
