"""Pinning of one shot: frame after frame of an import is put right, and each is keyed when it is left.

Datablocks are looked up anew each time, since undo makes others of them.
"""

from __future__ import annotations

import bpy
import numpy as np
from numpy.typing import NDArray

from ...backend.contract.corrections.corrections import KeyPose
from ...backend.contract.corrections.pose_changes import poses_of
from ...backend.contract.corrections.posed_head import PosedHead
from ...backend.contract.corrections.spreading import corrected_track
from ...backend.contract.failure import Failure
from ...backend.contract.track import MISSING, Track, read_track
from ..results.selection import Result
from ..scene.corrections import read_corrections
from ..scene.head.neck import HIDDEN, REGIONS
from ..scene.importer import ImportResult
from ..scene.origin import file_of
from ..scene.parts import Parts, parts_of
from .applying import apply_corrections
from .files import pinned_in, sources_of
from .frame import PinnedFrameEdit
from .placing import PlacedFrames, placed_frames


class ShotPinning:
    """Work on the pins of an import, from one frame to the next."""

    def __init__(
        self, collection: bpy.types.Collection, uncorrected: Track, track: Track, placed: PlacedFrames
    ) -> None:
        self._name = collection.name
        self._uncorrected = uncorrected
        self.placed = placed
        self._follow(collection, track)

    def _follow(self, collection: bpy.types.Collection, track: Track) -> None:
        self.track = track
        self.corrections = read_corrections(collection)
        self.pickable = _pickable(track, collection)
        self._head = PosedHead(track)
        self.edit: PinnedFrameEdit | None = None

    @property
    def collection(self) -> bpy.types.Collection | None:
        """The collection of the import, None where it is gone."""
        return bpy.data.collections.get(self._name)

    @property
    def parts(self) -> Parts | None:
        """What was made of the track, None where something of it is gone."""
        collection = self.collection
        found = None if collection is None else parts_of(collection)
        return found if isinstance(found, Parts) else None

    def go_to(self, scene_frame: float) -> PinnedFrameEdit:
        """Return the work on the frame that the scene shows; what was done to another one must be keyed before."""
        row = self.placed.row_at(scene_frame)
        frame = int(self.track.frame_index[row])
        if self.edit is None or self.edit.frame != frame:
            earlier = self.corrections.pinned_at(frame)
            pose = self._pose_at(row) if earlier is None else earlier.pose
            head = self._head.on(row) if np.isfinite(self.track.vertices[row]).all() else self._head
            intrinsics = self.track.intrinsics_at(row)
            tracked = None if earlier is None else poses_of(self._uncorrected).at(row)
            self.edit = PinnedFrameEdit(head, frame, pose, intrinsics, earlier, self.pickable, tracked)
        return self.edit

    @property
    def scene_frame(self) -> int | None:
        """Frame of the scene that shows the frame which is worked on."""
        return None if self.edit is None else self.placed.scene_frame_of(self.edit.frame)

    @property
    def changed(self) -> bool:
        """Whether there is something to key."""
        return self.edit is not None and self.edit.changed

    def key(self, scene: bpy.types.Scene) -> ImportResult | Failure | None:
        """Key the frame that is worked on: track file and import follow. None where there is nothing to key."""
        collection = self.collection
        if self.edit is None or not self.edit.changed or collection is None:
            return None
        self.edit.release()
        corrections = read_corrections(collection).with_pinned(self.edit.pinned())
        track = corrected_track(self._uncorrected, corrections)
        made = track if isinstance(track, Failure) else apply_corrections(scene, collection, corrections, track)
        if not isinstance(made, Failure) and not isinstance(track, Failure):
            self._follow(collection, track)
        return made

    def put_back(self) -> None:
        """Forget what was done to the frame since it was keyed or entered."""
        self.edit = None

    def is_outdated(self) -> bool:
        """Whether the corrections in the .blend are others than those that are worked with: undo, or a button."""
        collection = self.collection
        return collection is not None and read_corrections(collection) != self.corrections

    def renew(self) -> Failure | None:
        """Go on with the corrections that the .blend has now."""
        collection = self.collection
        if collection is None:
            return Failure("import-gone", "The import is no longer there.", "")
        track = _track_of(collection, self._uncorrected)
        if isinstance(track, Failure):
            return track
        self._follow(collection, track)
        return None

    def _pose_at(self, row: int) -> KeyPose:
        """What the head does there; without a face, what it does on the nearest frame with one."""
        known = np.flatnonzero((self.track.status != MISSING) & np.isfinite(self.track.head_translation).all(axis=1))
        nearest = row if len(known) == 0 else int(known[np.abs(known - row).argmin()])
        return self._head.pose_at(nearest)


def start_pinning(result: Result) -> ShotPinning | Failure:
    """Begin to work on the pins of a result that is in the scene."""
    collection = result.collection
    file = None if collection is None else file_of(collection)
    if collection is None or file is None:
        return Failure("no-track-file", "There is no track file to correct.", "Import a track file.")
    sources = sources_of(file)
    uncorrected = sources if isinstance(sources, Failure) else read_track(sources.uncorrected)
    if isinstance(uncorrected, Failure):
        return uncorrected
    placed = placed_frames(uncorrected, result.placement)
    if placed is None:
        return Failure("no-frames-in-range", "Nothing of the track is in the scene.", "Update it with another range.")
    track = _track_of(collection, uncorrected)
    return track if isinstance(track, Failure) else ShotPinning(collection, uncorrected, track, placed)


def _track_of(collection: bpy.types.Collection, uncorrected: Track) -> Track | Failure:
    """Return the track with the corrections that an import has: read where its file has them, else computed."""
    corrections, file = read_corrections(collection), file_of(collection)
    if file is not None and pinned_in(file) == corrections.pinned:
        return read_track(file)
    return corrected_track(uncorrected, corrections)


def _pickable(track: Track, collection: bpy.types.Collection) -> NDArray[np.bool_]:
    """Triangles that can be clicked (F,): not those of a neck that is hidden."""
    parts = parts_of(collection)
    faces = np.asarray(track.faces)
    if not isinstance(parts, Parts) or HIDDEN not in parts.head.modifiers:
        return np.ones(len(faces), dtype=bool)
    neck = np.zeros(len(track.neutral_vertices), dtype=bool)
    for name in REGIONS:
        neck[track.regions.get(name, [])] = True
    return ~neck[faces].all(axis=1)
