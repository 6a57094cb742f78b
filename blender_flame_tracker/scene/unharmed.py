"""Undo of a half-made change: the scene stays as it was when making something in it goes wrong."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from typing import TypeVar

import bpy

from ...backend.contract.failure import Failure
from . import fitting_scene

Made = TypeVar("Made")


def unharmed(scene: bpy.types.Scene, make: Callable[[], Made | Failure], what: str) -> Made | Failure:
    """Return what `make` makes; where it fails, all that it made goes, and the scene has its own settings back.

    Args:
        scene: In which something is made.
        make: Makes it; also what nobody expected becomes a failure, with the traceback on the console.
        what: Beginning of a sentence, as ``The track could not be imported``.
    """
    before = {block.as_pointer() for block in _blocks()}
    camera, world, settings = scene.camera, scene.world, fitting_scene.settings_of(scene)
    try:
        made = make()
    except Exception as error:  # noqa: BLE001 - the border to the user's scene: no traceback in place of a report
        traceback.print_exc()
        made = Failure("internal", f"{what} ({type(error).__name__}: {error}).", "Please report it with the file.")
    if isinstance(made, Failure):
        scene.camera, scene.world = camera, world
        fitting_scene.give_back(scene, settings)
        bpy.data.batch_remove([block for block in _blocks() if block.as_pointer() not in before])
    return made


def _blocks() -> Iterator[bpy.types.ID]:
    """All datablocks. `bpy.data.user_map()` would name them too, but crashes after a clip was removed (4.5)."""
    for kind in bpy.data.bl_rna.properties:
        if kind.type == "COLLECTION":
            yield from getattr(bpy.data, kind.identifier)
