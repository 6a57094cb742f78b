"""The add-on's operators as Blender offers them once it knows their classes."""

from __future__ import annotations

from typing import Any

import bpy


def own_operators() -> Any:
    """Return `bpy.ops.flame`: Blender makes it while it runs, so that no description of its modules has it."""
    operators: Any = bpy.ops
    return operators.flame
