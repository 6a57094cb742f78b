"""Points of a face that stand on a head as empties, to be dragged onto its features."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import bpy
import numpy as np
from mathutils import Matrix

from ....backend.contract.arrays import Array
from ....backend.contract.performance.transfer.points import POINTS

LANDMARK: Final = "flame_landmark"
"""Custom property of a point: number of its landmark."""
_SIZE: Final = 0.018
"""Of an empty, as part of the distance from ear to ear."""


def points_of(head: Any) -> dict[int, Any]:
    """Return landmark -> empty of the points that a head has."""
    found = {int(child[LANDMARK]): child for child in head.children if child.get(LANDMARK) is not None}
    return {number: found[number] for number in POINTS if number in found}


def positions_of(points: Mapping[int, Any]) -> dict[int, Array]:
    """Return landmark -> position in the world (3,)."""
    return {number: np.array(point.matrix_world.translation, np.float64) for number, point in points.items()}


def place_point(head: Any, number: int, position: Array, size: float) -> Any:
    """Put a point of a head to a position in the world, making it if the head has it not, and return it.

    Args:
        head: The object that it goes along with.
        number: Its landmark.
        position: In the world (3,).
        size: Distance from ear to ear, which says how large it is drawn.
    """
    point = points_of(head).get(number)
    if point is None:
        point = bpy.data.objects.new(POINTS[number], None)
        point[LANDMARK] = number
        point.empty_display_type = "SPHERE"
        point.show_in_front = point.show_name = True
        for collection in head.users_collection:
            collection.objects.link(point)
        point.parent = head
    point.empty_display_size = _SIZE * size / max(*head.matrix_world.to_scale(), 1e-9)
    point.matrix_parent_inverse.identity()
    point.matrix_basis = head.matrix_world.inverted() @ _translation(position)
    point.scale = (1.0, 1.0, 1.0)
    return point


def remove_points(head: Any) -> None:
    """Take a head's points out of the file."""
    for point in points_of(head).values():
        bpy.data.objects.remove(point)


def _translation(position: Array) -> Matrix:
    return Matrix.Translation([float(each) for each in position])
