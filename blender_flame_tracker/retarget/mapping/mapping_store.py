"""Mappings in the .blend: which object of a character keeps its mapping, and the way between `Mapping` and its rows."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import bpy

from ....backend.contract.checks import is_text, list_of, parse_json
from ....backend.contract.performance.characters.mapping import (
    ControlTarget,
    JointTarget,
    Mapping,
    ShapeTarget,
    SurfaceTarget,
)
from ..recognising.gather import armatures_of, key_names
from .mapping_group import CONTROL, JOINT, SHAPE, SURFACE, group_of


def holder_of(objects: Iterable[bpy.types.Object]) -> bpy.types.Object | None:
    """Return the object of a character that keeps its mapping.

    It is one that has it, else its armature, else the mesh with the most keys.
    """
    objects = list(objects)
    having = next((each for each in objects if len(group_of(each).rows) > 0), None)
    armature = next((each for each in objects if each.type == "ARMATURE"), None)
    return having or armature or max(objects, key=lambda each: len(key_names(each)), default=None)


def stored_mapping(thing: bpy.types.Object) -> Mapping | None:
    """Return the mapping that an object, or its armature, keeps; None without one. Names are today's."""
    for holder in (thing, *armatures_of(thing)):
        if len(group_of(holder).rows) > 0:
            return _mapping_of(group_of(holder))
    return None


def store_mapping(thing: bpy.types.Object, mapping: Mapping) -> None:
    """Let an object keep a mapping, in place of the one that it may have."""
    group = group_of(thing)
    group.rows.clear()
    for row in group.rows:
        row.use = False  # Of a library override: rows of the library cannot be removed.
    group.kind = mapping.kind
    group.signature = json.dumps(mapping.signature, ensure_ascii=False)
    group.active = 0
    for shape in mapping.shapes:
        row = _new_row(group, SHAPE, shape.mesh, shape.key, shape.use)
        _write_parts(row, shape)
        row.is_binary = shape.is_binary
    for control in mapping.controls:
        row = _new_row(group, CONTROL, control.armature, control.bone, control.use)
        _write_parts(row, control)
        row.path, row.index, row.property_name = control.path, control.index, control.name
    for joint in mapping.joints:
        row = _new_row(group, JOINT, joint.armature, joint.bone, joint.use)
        row.joint, row.share = joint.joint, joint.share
    for point in mapping.surface:
        row = _new_row(group, SURFACE, point.armature, point.bone, point.use)
        row.landmarks = " ".join(str(each) for each in point.landmarks)
        row.order, row.factor = point.order, point.factor


def _new_row(group: Any, kind: str, thing: str, target: str, use: bool) -> Any:
    row = group.rows.add()
    row.kind, row.target, row.use = kind, target, use
    row.thing = bpy.data.objects.get(thing)
    return row


def _write_parts(row: Any, target: ShapeTarget | ControlTarget) -> None:
    row.low, row.high = target.low, target.high
    for channel, factor in target.parts.items():
        part = row.parts.add()
        part.channel, part.factor = channel, factor


def _mapping_of(group: Any) -> Mapping:
    # What is deleted stays in the file as long as a row points to it, but in no scene.
    rows = [row for row in group.rows if row.thing is not None and row.thing.users_scene]
    signature: Any = parse_json(group.signature or "[]", list_of(is_text)) or ()
    return Mapping(
        group.kind,
        tuple(_shape(row) for row in rows if row.kind == SHAPE),
        tuple(_control(row) for row in rows if row.kind == CONTROL),
        tuple(
            JointTarget(row.thing.name, row.target, row.joint, _short(row.share), row.use)
            for row in rows
            if row.kind == JOINT
        ),
        tuple(_surface(row) for row in rows if row.kind == SURFACE),
        tuple(signature),
    )


def _shape(row: Any) -> ShapeTarget:
    return ShapeTarget(
        row.thing.name, row.target, _parts(row), _short(row.low), _short(row.high), row.is_binary, row.use
    )


def _control(row: Any) -> ControlTarget:
    low, high = _short(row.low), _short(row.high)
    return ControlTarget(
        row.thing.name, row.target, row.path, row.index, _parts(row), row.property_name, low, high, row.use
    )


def _surface(row: Any) -> SurfaceTarget:
    landmarks = tuple(int(each) for each in row.landmarks.split() if each.isdigit())
    return SurfaceTarget(row.thing.name, row.target, landmarks, row.order, _short(row.factor), row.use)


def _parts(row: Any) -> dict[str, float]:
    parts: dict[str, float] = {}
    for part in row.parts:
        parts[part.channel] = parts.get(part.channel, 0.0) + _short(part.factor) * _short(row.gain)
    return parts


def _short(value: float) -> float:
    """A number as the user wrote it: Blender keeps seven digits, and 0.3 would come back as 0.30000001192."""
    return float(f"{value:.7g}")
