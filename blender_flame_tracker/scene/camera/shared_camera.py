"""Camera shared by several people of one clip: a later head moves in the space of the first import's camera."""

from __future__ import annotations

from dataclasses import dataclass

import bpy
import numpy as np
from mathutils import Matrix

from ....backend.contract.camera import (
    BLENDER_FROM_OPENCV,
    BlenderLens,
    Intrinsics,
    blender_lens,
    intrinsics_of_lens,
    onto_other_lens,
)
from ....backend.contract.failure import Failure, Notice
from ..parts import Parts, is_import, parts_of
from ..record import Record, read_record
from .camera import Zoom, lens_over

_TOLERATED = 5e-3
"""Share by which focal lengths may differ before that is told: a head is then 1 mm deeper."""


@dataclass(frozen=True)
class SharedCamera:
    """The camera of an earlier import.

    Attributes:
        camera: The object.
        record: Of the import that made it.
        footage_start: Scene frame at which its footage begins.
    """

    camera: bpy.types.Object
    record: Record
    footage_start: int


def find_shared_camera(
    scene: bpy.types.Scene, name: str, importing: bpy.types.Collection | None
) -> SharedCamera | Failure | None:
    """Return the camera that an import shall share; None where it has its own.

    Args:
        scene: Of both imports.
        name: Of the collection that holds the camera, empty for a camera of its own.
        importing: Collection of the import that shares it, None where that is new.
    """
    if not name:
        return None
    collection = next((each for each in scene.collection.children_recursive if each.name == name), None)
    if collection is None and importing is not None:
        collection = _sharing_now(importing)
    if collection is None or not is_import(collection) or collection == importing:
        return Failure(
            "no-shared-camera",
            f"There is no other import called '{name}' in the scene whose camera could be shared.",
            "Choose the collection of a head of the same clip under Same Camera As, or leave that empty.",
        )
    parts = parts_of(collection)
    if isinstance(parts, Failure):
        return parts
    if importing is not None and parts.root.parent is not None and importing in parts.root.parent.users_collection:
        return Failure(
            "shared-in-circle",
            f"'{name}' shares the camera of this import already.",
            "Leave Same Camera As empty here.",
        )
    record = read_record(collection)
    start = record.footage_start
    if start is None:  # An older version has imported it.
        start = parts.clip.frame_start if parts.clip is not None else record.settings.start_at
    return SharedCamera(parts.camera, record, start)


def _sharing_now(importing: bpy.types.Collection) -> bpy.types.Collection | None:
    """The collection of the camera that an import shares already: it may have been renamed."""
    parts = parts_of(importing)
    if isinstance(parts, Failure) or not parts.shares_camera:
        return None
    return next((each for each in parts.camera.users_collection if is_import(each) and each != importing), None)


def hang_below(parts: Parts, intrinsics: Intrinsics, zoom: Zoom) -> list[Notice]:
    """Put the root of an import into the space of the camera that it shares, so that the picture is its own to a pixel.

    Args:
        parts: With the shared camera.
        intrinsics: With which this head was fitted.
        zoom: What its lens does.
    """
    root = parts.root
    lens, longer = lens_over(parts.lens, zoom.frame), zoom.factor
    intrinsics = intrinsics.zoomed(float(longer[0]))
    seen = intrinsics_of_camera(parts.lens, intrinsics, float(lens[0]))
    turn = BLENDER_FROM_OPENCV
    matrix = np.eye(4)
    matrix[:3, :3] = turn @ onto_other_lens(intrinsics, seen) @ turn
    root.matrix_parent_inverse = Matrix(matrix.tolist())
    root.matrix_basis.identity()
    ratio = seen.focal_x / intrinsics.focal_x
    apart = lens / lens[0] * longer[0] / longer
    if np.ptp(apart) > _TOLERATED:
        return [_other_zoom(float(max(apart.max(), 1 / apart.min()) - 1))]
    if abs(ratio - 1) <= _TOLERATED:
        return []
    # Focal lengths are told in square pixels: the file's own are stretched along one side, none is lost.
    own, shared = (max(each.focal_x, each.focal_y) for each in (intrinsics, seen))
    change = f"{abs(100 * (ratio - 1)):.1f} % {'deeper' if ratio > 1 else 'flatter'}"
    return [
        Notice(
            "other-lens",
            f"This head was fitted with another focal length ({own:.0f} px) than the shared camera has"
            f" ({shared:.0f} px): it lies on the footage, and is {change} than it was fitted.",
            f"Track it with Focal Length: Pixels, {shared:.1f}, for its true shape.",
        )
    ]


def _other_zoom(share: float) -> Notice:
    return Notice(
        "other-zoom",
        f"This head and the shared camera were fitted with zooms that differ by up to {100 * share:.0f} %, and by as"
        " much the head is too large or too small on the footage.",
        "Track both with the same choice of Zoom.",
    )


def intrinsics_of_camera(camera: bpy.types.Camera, clip: Intrinsics, millimetres: float) -> Intrinsics:
    """Return as what a camera of ours projects onto the picture of a clip with a focal length in millimetres."""
    aspect = blender_lens(clip)
    lens = BlenderLens(
        millimetres, camera.sensor_width, camera.shift_x, camera.shift_y, aspect.pixel_aspect_x, aspect.pixel_aspect_y
    )
    return intrinsics_of_lens(lens, clip.width, clip.height)
