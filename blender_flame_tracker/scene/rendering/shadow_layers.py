"""Shadows on the head of the footage where the engine has no shadow catcher, as EEVEE: two more view layers.

One shows the head alone under the lights of the scene, the other also what is around it, and in the user's own view
layer the head is held out. What the second shows more than the user's is the head with the shadows that fall on it, and
the share that this has of the first is how much of its light every pixel of the face keeps. In 4.x EEVEE passes over
the materials and worlds that a view layer has in place of the scene's, so collections do it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import bpy

from ....backend.contract.failure import Notice
from ..parts import Parts
from ..stored import stored
from . import shadow_dome
from .compositor_nodes import MARK

LIT, SHADED = "lit", "shaded"
_MADE: Final = "flame_shadows"
"""Custom property of all that is made here: what it is."""
_HEADS, _LAMPS, _SUNS = "heads", "lamps", "sky"
_SKY: Final = "flame_sky"
"""Custom property of a view layer of the user's: its world was switched off here, for suns in its place."""


def catch_shadows(scene: bpy.types.Scene, parts: Parts) -> list[Notice]:
    """Let the head of a track catch shadows in view layers that are made for it, anew where they are there.

    Args:
        scene: With the camera and the lights of the render.
        parts: Of the track.

    Returns:
        What casts no shadow.
    """
    heads = _collection(scene) or _new_collection(scene.collection, _HEADS)
    if parts.head.name not in heads.objects:
        heads.objects.link(parts.head)
    _write_layers(scene, parts.camera, heads)
    return _notices(scene)


def catch_no_shadows(scene: bpy.types.Scene, parts: Parts) -> None:
    """Take back what was made for the head, with the view layers where no other head needs them."""
    heads = _collection(scene)
    if heads is not None and parts.head.name in heads.objects:
        heads.objects.unlink(parts.head)
    if heads is not None and heads.objects:
        _write_layers(scene, parts.camera, heads)
        return
    _remove_lights(scene)
    if heads is not None:
        bpy.data.collections.remove(heads)
    users = _users_layers(scene)
    for layer in [each for each in scene.view_layers if _MADE in each]:
        scene.view_layers.remove(layer)
    for layer in users:
        _use_sky(layer, True)


def _write_layers(scene: bpy.types.Scene, camera: bpy.types.Object, heads: bpy.types.Collection) -> None:
    """Show the heads of a collection in each view layer with what belongs into it."""
    users = _users_layers(scene)
    for layer in users:
        layer.update()  # Else it does not know yet what has just been made.
    _remove_lights(scene)
    lamps, suns = (_new_collection(heads, what) for what in (_LAMPS, _SUNS))
    for lamp in {each for each in _rendered(scene.collection) if each.type == "LIGHT"}:
        if lamp.name in users[0].objects:
            lamps.objects.link(lamp)
    with_dome = shadow_dome.write_dome(scene.world, camera, suns)
    for name in (LIT, SHADED):
        layer = _layer(scene, name) or _new_layer(scene, name)
        _exclude(layer.layer_collection, None if name == LIT else users[0].layer_collection)
    for layer in scene.view_layers:
        below = layer.layer_collection.children[heads.name]
        below.exclude, below.holdout = False, _MADE not in layer
        below.children[suns.name].exclude = False
        # Else they are where they always are.
        below.children[lamps.name].exclude = layer.get(_MADE) != LIT
        _use_sky(layer, not with_dome)


def _remove_lights(scene: bpy.types.Scene) -> None:
    """Take away the lights, and the collections of them, also where the user has moved or deleted some of these."""
    loose = [each for each in bpy.data.collections if each.users == 0]
    every = [*scene.collection.children_recursive, *loose]
    for each in [each for each in every if stored(each, _MADE, str) in (_LAMPS, _SUNS)]:
        shadow_dome.remove_dome(each)
        bpy.data.collections.remove(each)
    shadow_dome.remove_loose_suns(scene)


def _rendered(collection: bpy.types.Collection) -> Iterator[bpy.types.Object]:
    """Objects of the collections that are rendered."""
    if not collection.hide_render and _MADE not in collection:
        yield from collection.objects
        for below in collection.children:
            yield from _rendered(below)


def _use_sky(layer: Any, on: bool) -> None:
    """Let the world light a view layer or not; one of the user's that had it off keeps it off."""
    if not on and layer.use_sky:
        layer.use_sky, layer[_SKY] = False, True
    elif on and _SKY in layer:
        layer.use_sky = True
        del layer[_SKY]


def shadow_layers(scene: bpy.types.Scene) -> list[bpy.types.ViewLayer]:
    """Return the view layers with the head alone, with all, and with the head held out; none where there are none."""
    found = [_layer(scene, name) for name in (LIT, SHADED)]
    return [*found, _users_layers(scene)[0]] if all(found) else []


def _layer(scene: bpy.types.Scene, name: str) -> Any:
    return next((each for each in scene.view_layers if each.get(_MADE) == name), None)


def _users_layers(scene: bpy.types.Scene) -> list[bpy.types.ViewLayer]:
    """Return the view layers of the user, at least one."""
    return [each for each in scene.view_layers if _MADE not in each] or [scene.view_layers.new("ViewLayer")]


def _new_layer(scene: bpy.types.Scene, name: str) -> Any:
    layer: Any = scene.view_layers.new(f"{MARK}{name.title()}")
    layer[_MADE] = name
    layer.use_pass_z = layer.use_freestyle = False
    return layer


def _collection(scene: bpy.types.Scene) -> bpy.types.Collection | None:
    """Return the collection of the heads: in the Scene Collection, wherever the user has moved it, and of this scene.

    A copy of the scene has it too: this scene then gets one of its own.
    """
    every = [scene.collection, *scene.collection.children_recursive]
    heads = next((each for each in every if stored(each, _MADE, str) == _HEADS), None)
    others = [each for each in bpy.data.scenes if each != scene]
    is_shared = heads is not None and any(heads in each.collection.children_recursive for each in others)
    if heads is None or (not is_shared and heads in list(scene.collection.children)):
        return heads
    for parent in every:
        if heads in list(parent.children):
            parent.children.unlink(heads)
    if not is_shared:
        scene.collection.children.link(heads)
        return heads
    made = _new_collection(scene.collection, _HEADS)
    for head in heads.objects:
        made.objects.link(head)
    return made


def _new_collection(parent: bpy.types.Collection, what: str) -> bpy.types.Collection:
    made = bpy.data.collections.new(f"{MARK}Shadows {what.title()}")
    made[_MADE] = what
    parent.children.link(made)
    return made


def _exclude(layer: bpy.types.LayerCollection, pattern: bpy.types.LayerCollection | None) -> None:
    """Leave out of a view layer what another one leaves out, or all."""
    for index, below in enumerate(layer.children):
        alike = None if pattern is None else pattern.children[index]
        below.exclude = True if alike is None else alike.exclude
        if not below.exclude:
            _exclude(below, alike)


def _notices(scene: bpy.types.Scene) -> list[Notice]:
    """Name what is in no collection, which no view layer can leave out."""
    kinds = ("MESH", "CURVE", "CURVES", "SURFACE", "META", "FONT")
    loose = [each.name for each in scene.collection.objects if each.type in kinds and not each.hide_render]
    if not loose:
        return []
    words = f"In the Scene Collection itself, {', '.join(sorted(loose)[:3])} cast no shadow on the head in EEVEE."
    return [Notice("no-shadow-cast", words, "Move what shall cast one into a collection.")]
