"""Preparation of a head for FBX and glTF, which carry no absolute shape keys and say nothing of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar, Final

import bpy

from ..results import selection
from ..scene.head.shape_keys import join_motion, make_relative
from ..scene.origin import file_of
from ..scene.parts import Parts, is_import, parts_of
from ..scene.record import read_record, write_record
from .file_menus import export_menu

RELATIVE: Final = "relative"


def heads_left_behind(scene: bpy.types.Scene) -> list[Parts]:
    """Return the imports of a scene whose faces FBX and glTF would leave behind. Cheap enough for drawing."""
    found = [parts_of(each) for each in scene.collection.children_recursive if is_import(each) and each.library is None]
    return [parts for parts in found if isinstance(parts, Parts) and _is_absolute(parts.mesh.shape_keys)]


def _is_absolute(key: bpy.types.Key | None) -> bool:
    return key is not None and not key.use_relative and key.animation_data is not None


class PrepareExport(bpy.types.Operator):
    """Turn the shape keys of all tracked heads relative: FBX and glTF carry no absolute ones, and faces would freeze"""

    bl_idname = "flame.prepare_export"
    bl_label = "Prepare Heads for FBX and glTF"
    bl_options: ClassVar = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need a head with absolute keys."""
        if context.mode != "OBJECT":
            cls.poll_message_set("Go back to Object Mode first")
            return False
        if context.scene is None or not heads_left_behind(context.scene):
            cls.poll_message_set("There is no tracked head with absolute shape keys")
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Turn them, and remember it for the next update."""
        heads = heads_left_behind(context.scene)
        for parts in heads:
            key = parts.mesh.shape_keys
            assert key is not None
            make_relative(key)
            join_motion(parts.head, parts.camera)
            record = read_record(parts.collection)
            write_record(parts.collection, replace(record, settings=replace(record.settings, key_kind=RELATIVE)))
            file = file_of(parts.collection)
            node = selection.result_of(file, context).node if file is not None else None
            if node is not None:
                node.key_kind = RELATIVE
        told = "FBX and glTF carry the face now, and it plays slower"
        if bpy.app.version < (4, 4):
            told += ". For glTF choose Animation Mode: Active Actions Merged"
        self.report({"INFO"}, told)
        return {"FINISHED"}


CLASSES: Final = (PrepareExport,)


def register() -> None:
    """Say it where people export."""
    export_menu().prepend(_draw_menu)


def unregister() -> None:
    """Say it no more."""
    export_menu().remove(_draw_menu)


def _draw_menu(self: Any, context: bpy.types.Context) -> None:
    if context.scene is not None and heads_left_behind(context.scene):
        self.layout.operator(PrepareExport.bl_idname, icon="ERROR")
        self.layout.separator()
