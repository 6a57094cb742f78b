"""Import of VRM files by Blender's own glTF importer: what they say of expressions and bones is kept on the character.

Blender's importer drops it, and names the shape keys of VRM 0 by numbers. It calls the class `glTF2ImportUserExtension`
of every add-on's module, and there the method of each step that is defined
(KhronosGroup/glTF-Blender-IO, `io_scene_gltf2/__init__.py` and `io/imp/user_extensions.py`).
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import bpy

from ....backend.contract.failure import Failure
from ....backend.contract.performance.characters.facts import VrmFacts
from ....backend.contract.performance.characters.vrm_file import read_vrm_text, vrm_of_text
from ..mapping.mapping_group import group_of

_NAME: Final = "glTF2ImportUserExtension"
_ADD_ON: Final = __name__.rpartition(".blender_flame_tracker.")[0]


class KeepVrm:
    """Steps of Blender's glTF importer in which something of a VRM is kept."""

    def gather_import_scene_after_nodes_hook(self, _gltf_scene: Any, _scene: bpy.types.Scene, gltf: Any) -> None:
        """Keep what the file says on what was made of it: its armatures, else its meshes."""
        text = read_vrm_text(Path(gltf.filename))
        if isinstance(text, Failure):
            return
        made = [getattr(each, "blender_object", None) for each in gltf.vnodes.values()]
        objects = {each.name: each for each in made if isinstance(each, bpy.types.Object)}.values()
        armatures = [each for each in objects if each.type == "ARMATURE"]
        for thing in armatures or [each for each in objects if each.type == "MESH"]:
            group_of(thing).vrm_text = text


def vrm_of_import(objects: Iterable[bpy.types.Object]) -> VrmFacts | None:
    """Return what is kept on a character of the VRM that it was imported from; None without one."""
    return next((facts for each in objects if (facts := vrm_of_text(group_of(each).vrm_text)) is not None), None)


CLASSES: Final[tuple[type, ...]] = ()


def register() -> None:
    """Let Blender's importer know."""
    setattr(sys.modules[_ADD_ON], _NAME, KeepVrm)


def unregister() -> None:
    """Let it know no more."""
    delattr(sys.modules[_ADD_ON], _NAME)
