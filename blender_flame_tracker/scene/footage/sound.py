"""The sound of the footage: a strip of the sequencer, which Blender plays with the 3D view, and which goes with it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import bpy
from bpy.app.handlers import persistent

from ....backend.contract.failure import Notice
from ...handlers import add_handlers, remove_handlers
from ..stored import stored
from .strips import new_sound_strip, remove_strip, strips_of

SOUND: Final = "flame_sound"
"""Custom property of the collection: the sound; and of the sound, where an import of ours has opened it."""


def write_sound(
    scene: bpy.types.Scene, collection: bpy.types.Collection, name: str, path: Path | None, start: int, moved: int
) -> None:
    """Let the sound of a file be heard from a frame on, or take that of an earlier import away.

    Args:
        scene: Whose sequencer plays it.
        collection: Of the import.
        name: For the strip.
        path: File that has the sound; None for none.
        start: Scene frame of its beginning.
        moved: Frames by which the footage lies later than at the import before; strips that were cut stay cut.
    """
    sound = stored(collection, SOUND, bpy.types.Sound)
    strips = _strips(scene, sound)
    if path is None or not strips or _file(sound) != path:
        remove_sound(scene, collection)
    else:
        for strip in strips:
            strip.frame_start += moved
        return
    if path is not None:
        strip = new_sound_strip(scene, f"{name} sound", path, start)
        strip.sound[SOUND] = True
        collection[SOUND] = strip.sound


def remove_sound(scene: bpy.types.Scene, collection: bpy.types.Collection) -> None:
    """Take the sound of an import from the sequencer."""
    sound = stored(collection, SOUND, bpy.types.Sound)
    if SOUND in collection:
        del collection[SOUND]
    _remove(scene, sound)


def sound_file(paths: Iterable[Path]) -> Path | None:
    """Return the first of some files that has sound which this Blender can play."""
    for path in paths if bpy.app.build_options.audaspace else ():
        try:
            sound = bpy.data.sounds.load(str(path))
        except RuntimeError:
            continue
        heard = sound.channels != "INVALID"
        bpy.data.sounds.remove(sound)
        if heard:
            return path
    return None


def other_speed(rate: float, own: float) -> Notice:
    """Say why there is no sound where the clip does not play at its own speed."""
    return Notice(
        "sound-left-out",
        f"The clip plays {'slower' if rate < own else 'faster'} than it was filmed, so that its sound was left out.",
        "Import with Rate: Scene (Retimed), or fit the scene to the clip.",
    )


def _strips(scene: bpy.types.Scene, sound: bpy.types.Sound | None) -> list[Any]:
    return [each for each in strips_of(scene) if sound is not None and each.type == "SOUND" and each.sound == sound]


def _file(sound: bpy.types.Sound | None) -> Path | None:
    return None if sound is None else Path(bpy.path.abspath(sound.filepath)).resolve()


def _remove(scene: bpy.types.Scene, sound: bpy.types.Sound | None) -> None:
    for strip in _strips(scene, sound):
        remove_strip(scene, strip)
    if sound is not None and sound.users == 0:
        bpy.data.sounds.remove(sound)


@persistent
def _changed(scene: bpy.types.Scene, *_: Any) -> None:
    """Take the sound away when the collection of its import was deleted."""
    heard = {each.sound for each in strips_of(scene) if each.type == "SOUND"} - {None}
    ours = {each for each in heard if SOUND in each}
    if ours:
        held = {stored(each, SOUND, bpy.types.Sound) for each in scene.collection.children_recursive}
        for sound in ours - held:
            _remove(scene, sound)


_HANDLERS: Final = (("depsgraph_update_post", _changed),)

CLASSES: Final = ()


def register() -> None:
    """Notice deleted imports."""
    add_handlers(_HANDLERS)


def unregister() -> None:
    """Notice them no more."""
    remove_handlers(_HANDLERS)
