"""Subject of the calibration: which performance panel and operators speak of, and whose properties it has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import bpy

from ...backend.contract.failure import Failure
from ..results import selection
from . import takes
from .properties import CalibrationProperties, Holder, of_holder
from .takes import Take


@dataclass(frozen=True)
class Subject:
    """A performance that can be calibrated.

    Attributes:
        holder: Collection of its import; the scene for files of other programs.
        read: Returns its take, read now where need be.
        known: Returns its take where it was read already. For drawing.
        clip_frame_at: Returns the frame of the clip that a frame of the scene shows, None outside of the take.
    """

    holder: Holder
    read: Callable[[], Take | Failure]
    known: Callable[[], Take | None]
    clip_frame_at: Callable[[Take, int], int | None]

    @property
    def properties(self) -> CalibrationProperties:
        """Its calibration."""
        return of_holder(self.holder)


other_subjects: Final[list[Callable[[bpy.types.Context], Subject | None]]] = []
"""Asked first: who plays files of other programs names them here."""


def subject_of(context: bpy.types.Context) -> Subject | None:
    """Return what is calibrated: a file that was chosen in place of the track, else the import that is meant."""
    for ask in other_subjects:
        found = ask(context)
        if found is not None:
            return found
    result = selection.chosen(context)
    if result is None or result.collection is None:
        return None
    collection = result.collection
    return Subject(
        collection,
        lambda: takes.take_of(collection),
        lambda: takes.known_take(collection),
        lambda take, scene_frame: takes.clip_frame_at(result, take, scene_frame),
    )
