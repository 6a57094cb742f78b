"""Custom properties as we wrote them: a .blend of somebody else may have anything under our names."""

from __future__ import annotations

from typing import Any

import bpy


def stored(owner: bpy.types.bpy_struct | None, name: str, kind: type) -> Any:
    """Return a custom property that is of the kind which we write there, None where it is missing or something else."""
    value = None if owner is None else owner.get(name)
    return value if isinstance(value, kind) else None


def stored_object(owner: bpy.types.bpy_struct | None, name: str, kind: str) -> bpy.types.Object | None:
    """Return an object of a type, as ``MESH``, to which a custom property points, or None."""
    found = stored(owner, name, bpy.types.Object)
    return found if found is not None and found.type == kind else None


def stored_numbers(owner: bpy.types.bpy_struct | None, name: str) -> list[float]:
    """Return a custom property that is a list of numbers; none where it is missing or something else."""
    value: Any = None if owner is None else owner.get(name)
    values = value.to_list() if hasattr(value, "to_list") else value
    if not isinstance(values, list) or not all(isinstance(each, (int, float)) for each in values):
        return []
    return [float(each) for each in values]
