"""Finished tracks: how they come into a scene (`delivery`, `first_view`), which one is meant, how good it is.

Calls `nodes`, `scene`, `engine` and the files at the add-on's root. Start reading at `selection`.
"""
