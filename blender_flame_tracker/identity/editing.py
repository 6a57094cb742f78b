"""Identity of an imported head, changed by hand: begun, moved by sliders and by sculpting, written, given up.

A mesh beside the head is what counts. It remembers the head at rest where it began; its vertices are that head, moved
by the sliders and by what was sculpted. So sliders at 0 give exactly the head that was tracked, or was sculpted.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import bpy
import numpy as np
from numpy.typing import NDArray

from ...backend.contract.camera import BLENDER_WORLD_FROM_FLAME, blender_points
from ...backend.contract.failure import Failure
from ...backend.contract.identity_file import KnownIdentity, read_identity
from ..scene import keyframes
from ..scene.head.identity_change import EDITED, LEAST, edited_head, hide_change, positions, show_change
from ..scene.parts import Parts, parts_of
from ..scene.stored import stored, stored_numbers
from .modes import Modes, known_modes

PROPERTY: Final = "flame_identity"
"""Of collections: the sliders."""
_BEGAN: Final = "flame_identity_began"
"""Attribute of the changed head: where it began, Blender's axes."""
_COEFFICIENTS: Final = "flame_identity_coefficients"
_MODEL: Final = "flame_identity_{}"
"""Custom properties of the changed head: coefficients where it began, name and hash of the head model."""
_BESIDE: Final = 0.3
"""Metres between the head and the one that is changed, so that both can be seen."""


def sliders_of(collection: bpy.types.Collection) -> Any:
    """Return the sliders of an import."""
    return getattr(collection, PROPERTY)


def begin(collection: bpy.types.Collection, track: Path) -> Failure | None:
    """Make the head that is changed, beside the imported one, and its sliders as far as the modes are known."""
    parts = parts_of(collection)
    identity = read_identity(track)
    if isinstance(parts, Failure) or isinstance(identity, Failure):
        return parts if isinstance(parts, Failure) else identity if isinstance(identity, Failure) else None
    began = blender_points(identity.neutral.astype(np.float32))
    if len(began) != len(parts.mesh.vertices):
        return Failure(
            "identity-other-mesh",
            f"The head has {len(parts.mesh.vertices)} vertices, and its track {len(began)}.",
            "Import the track again.",
        )
    edited = edited_head(collection) or _new_head(parts, began)
    edited[_COEFFICIENTS] = identity.coefficients.tolist()
    for name in ("name", "sha256"):
        edited[_MODEL.format(name)] = str(identity.model.get(name, ""))
    collection[EDITED] = edited
    fill_sliders(collection)
    return None


def _new_head(parts: Parts, began: NDArray[np.float32]) -> bpy.types.Object:
    """Return a mesh of the head at rest, which remembers where it began."""
    mesh: Any = parts.mesh.copy()
    edited: Any = bpy.data.objects.new(f"{parts.collection.name} identity", mesh)
    if mesh.shape_keys is not None:
        keyframes.remove_animation(mesh.shape_keys)  # Blender leaves the action pointing at keys that are gone
        edited.shape_key_clear()
    mesh.vertices.foreach_set("co", began.ravel())
    mesh.attributes.new(_BEGAN, "FLOAT_VECTOR", "POINT").data.foreach_set("vector", began.ravel())
    mesh.update()
    edited.parent = parts.root
    edited.matrix_world = parts.head.matrix_world.copy()
    edited.location.x += _BESIDE
    edited.hide_render = True
    parts.collection.objects.link(edited)
    return edited


def fill_sliders(collection: bpy.types.Collection) -> bool:
    """Make a slider for each mode that the engine has told; return whether there are any."""
    modes, sliders = modes_of(collection), sliders_of(collection)
    if modes is None:
        return False
    if [each.name for each in sliders.modes] == list(modes.names):
        return True
    sliders.modes.clear()
    for name, number in zip(modes.names, modes.numbers, strict=True):
        slider = sliders.modes.add()
        slider.name, slider.number = name, int(number)
    return True


def modes_of(collection: bpy.types.Collection) -> Modes | None:
    """Return the modes of the head that is changed, None where they are not known."""
    edited = edited_head(collection)
    return None if edited is None else known_modes(model_hash(edited))


def model_hash(edited: bpy.types.Object) -> str:
    """Return the hash of the head model that a changed head has."""
    return stored(edited, _MODEL.format("sha256"), str) or ""


def apply_sliders(collection: bpy.types.Collection) -> None:
    """Move the changed head as the sliders say; what was sculpted stays."""
    edited, modes = edited_head(collection), modes_of(collection)
    sliders = sliders_of(collection)
    if edited is None or modes is None or len(sliders.modes) != len(modes.names):
        return
    mesh: Any = edited.data
    began = _began(mesh)
    if began is None or modes.displacement.shape[1:] != began.shape:
        return
    values = np.array([each.value for each in sliders.modes], dtype=np.float32)
    applied = np.array([each.applied for each in sliders.modes], dtype=np.float32)
    sculpted = positions(mesh) - _moved(began, applied, modes)
    sculpted[np.abs(sculpted).max(axis=1) < LEAST] = 0.0
    mesh.vertices.foreach_set("co", (_moved(began, values, modes) + sculpted).ravel())
    for each, value in zip(sliders.modes, values, strict=True):
        each.applied = float(value)
    mesh.update()
    show_change(collection)


def _moved(began: NDArray[np.float32], values: NDArray[np.float32], modes: Modes) -> NDArray[np.float32]:
    """Return the head at rest (V, 3) with the sliders at some values (N,)."""
    used = np.flatnonzero(values)
    return began + np.tensordot(values[used], modes.displacement[used], axes=1)


def _began(mesh: Any) -> NDArray[np.float32] | None:
    attribute = mesh.attributes.get(_BEGAN)
    if attribute is None or attribute.data_type != "FLOAT_VECTOR":
        return None
    result = np.empty(3 * len(mesh.vertices), dtype=np.float32)
    attribute.data.foreach_get("vector", result)
    return result.reshape(-1, 3)


def identity_as_changed(collection: bpy.types.Collection) -> KnownIdentity | Failure:
    """Return the identity as sliders and sculpting have made it."""
    edited = edited_head(collection)
    began = None if edited is None else _began(edited.data)
    if edited is None or began is None:
        return Failure(
            "identity-lost",
            "The head whose identity was changed has been deleted, or has other vertices.",
            "Press Give Up, and begin again.",
        )
    coefficients = np.array(stored_numbers(edited, _COEFFICIENTS), dtype=np.float64)
    changes = {each.name: round(each.value, 6) for each in sliders_of(collection).modes if each.value}
    modes = modes_of(collection)
    if changes and modes is not None:
        coefficients = np.concatenate([coefficients, np.zeros(max(0, modes.count - len(coefficients)))])
        for each in sliders_of(collection).modes:
            coefficients[each.number] += each.value
    mesh: Any = edited.data
    neutral = positions(mesh).astype(np.float64) @ BLENDER_WORLD_FROM_FLAME.astype(np.float64)
    model = {name: stored(edited, _MODEL.format(name), str) or "" for name in ("name", "sha256")}
    return KnownIdentity(model, coefficients, neutral, changes)


def give_up(collection: bpy.types.Collection) -> None:
    """Show the imported head as it was tracked, and remove the one that was changed."""
    edited, parts = edited_head(collection), parts_of(collection)
    sliders_of(collection).modes.clear()
    if isinstance(parts, Parts):
        hide_change(parts)
    if edited is not None:
        mesh: Any = edited.data
        bpy.data.objects.remove(edited)
        if mesh.users == 0:
            bpy.data.meshes.remove(mesh)
    if EDITED in collection:
        del collection[EDITED]
