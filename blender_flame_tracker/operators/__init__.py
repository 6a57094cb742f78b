"""Operators: all that the user can do, one family per file.

Calls everything but `ui`, `registration` and `headless`. Start reading at `track`, which the Track button leads to.

A property stands twice in its class: with its type for whoever reads and for pyright, and in `__annotations__` for
Blender. What `poll` has seen to is asserted where an operator uses it.
"""
