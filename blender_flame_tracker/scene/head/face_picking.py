"""Picking of a face's points one after the other: which is next, and what a click on the head does."""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np
from mathutils import Vector

from ....backend.contract.arrays import Array
from ....backend.contract.performance.transfer.points import POINTS
from .face_points import place_point, points_of

_ACROSS = 0.6
"""Distance from ear to ear against the largest extent of a head alone, for the size that points are drawn in."""


class Picking:
    """One round of picking on a head; can be taken back as a whole.

    Args:
        head: The mesh of the face.
    """

    def __init__(self, head: Any) -> None:
        self._name = head.name
        self._before = {number: point.matrix_basis.copy() for number, point in points_of(head).items()}
        missing = [number for number in POINTS if number not in self._before]
        self._numbers = missing or list(POINTS)
        self._next = 0

    @property
    def head(self) -> Any:
        """The mesh of the face, by its name: undo makes another object of it; None where it is gone."""
        return bpy.data.objects.get(self._name)

    @property
    def done(self) -> bool:
        """Whether every point was picked or skipped."""
        return self._next >= len(self._numbers)

    @property
    def prompt(self) -> str:
        """What is to be clicked, for the header."""
        if self.done:
            return ""
        name = POINTS[self._numbers[self._next]]
        return (
            f"Click: {name} ({self._next + 1} of {len(self._numbers)}; left and right are the character's own)"
            "    Space: skip    Backspace: one back    Enter: done    Esc: cancel"
        )

    def clicked(self, origin: Array, direction: Array) -> bool:
        """Put the next point to where a ray in the world first meets the head; return whether it does."""
        head = self.head
        matrix = head.matrix_world
        inverse = matrix.inverted()
        start = inverse @ Vector([float(each) for each in origin])
        way = inverse.to_3x3() @ Vector([float(each) for each in direction])
        hit, location, _, _ = head.ray_cast(start, way.normalized())
        if hit and not self.done:
            place_point(head, self._numbers[self._next], np.array(matrix @ location), _ACROSS * min(head.dimensions))
            self._next += 1
        return bool(hit)

    def skip(self) -> None:
        """Leave the next point as it is."""
        self._next = min(self._next + 1, len(self._numbers))

    def back(self) -> None:
        """Return to the point before."""
        self._next = max(self._next - 1, 0)

    def cancel(self) -> None:
        """Bring all points back to how they were."""
        for number, point in points_of(self.head).items():
            if number in self._before:
                point.matrix_basis = self._before[number]
            else:
                bpy.data.objects.remove(point)
