"""Finished tracks: how they come into a scene (`delivery`, `first_view`), which one is meant, how good it is.

Calls `nodes` and `scene`. Start reading at `selection`.
"""
