"""Head of a track as the camera films it, frame by frame of the scene: what two versions are compared by. No `bpy`."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...backend.contract.camera import BLENDER_FROM_OPENCV, Intrinsics, onto_other_lens, rotation_matrices
from ...backend.contract.failure import Failure
from ...backend.contract.track import read_parts
from ..file_stamp import Stamp, stamp_of
from ..results.review import Placement, placed_rows

Floats = NDArray[np.float64]

_ARRAYS: Final = ("frame_index", "time", "head_rotation", "head_translation", "vertices", "faces")
_MOST_READ: Final = 3
"""Tracks that are kept: two are compared, and a third is the next one."""


@dataclass(frozen=True)
class MovingHead:
    """A head over the frames of a scene. K keys, T rows, V vertices.

    Attributes:
        frame: Scene frames of the keys (K,), increasing.
        row: Row of the track of each key (K,).
        vertices: Head space, FLAME axes, metres (T, V, 3).
        rotation, translation: Head to camera (T, 3, 3), (T, 3).
        camera: Of the full frame.
        zoom: Factor of the focal length on each row (T,), None for one lens.
        faces: (F, 3).
    """

    frame: Floats
    row: NDArray[np.int64]
    vertices: NDArray[np.float32]
    rotation: Floats
    translation: Floats
    camera: Intrinsics
    zoom: Floats | None
    faces: NDArray[np.int32]

    def points_at(self, frame: float) -> Floats:
        """Return its vertices in camera axes (x right, y down, z forward) on a frame, metres (V, 3)."""
        before, after, share = self._keys_at(frame)
        points = self._points(self.row[before])
        return points if share == 0 else (1 - share) * points + share * self._points(self.row[after])

    def lens_at(self, frame: float) -> Intrinsics:
        """Return the camera with the lens that it has on a frame."""
        before, _after, _share = self._keys_at(frame)
        return self.camera.on_frame(int(self.row[before]), self.zoom)

    def _keys_at(self, frame: float) -> tuple[int, int, float]:
        """Return the keys before and after a frame, and how far it is on the way; at the ends the head rests."""
        before = int(np.clip(np.searchsorted(self.frame, frame, side="right") - 1, 0, len(self.frame) - 1))
        after = min(before + 1, len(self.frame) - 1)
        length = self.frame[after] - self.frame[before]
        return before, after, float(np.clip((frame - self.frame[before]) / length, 0, 1)) if length > 0 else 0.0

    def _points(self, row: int) -> Floats:
        return self.vertices[row] @ self.rotation[row].T + self.translation[row]


@dataclass(frozen=True)
class Difference:
    """How far two versions are apart on each frame of the scene, in millimetres.

    Attributes:
        frame: Whole frames (K,).
        usual, largest: Mean and maximum over the vertices (K,).
    """

    frame: Floats
    usual: Floats
    largest: Floats

    def at(self, frame: int) -> tuple[float, float] | None:
        """Return (mean, maximum) on a frame, None outside."""
        index = int(frame - self.frame[0])
        return (float(self.usual[index]), float(self.largest[index])) if 0 <= index < len(self.frame) else None

    @property
    def worst(self) -> int:
        """Frame on which they are furthest apart."""
        return int(self.frame[np.argmax(self.largest)])


def read_head(path: Path, placement: Placement) -> MovingHead | Failure:
    """Read the head of a track file, placed in the scene as an import of it is. Kept while the file is the same."""
    stamp = stamp_of(path)
    known = _READ.get((path, placement))
    if known is not None and known[0] == stamp:
        return known[1]
    head = _read(path, placement)
    if not isinstance(head, Failure):
        while len(_READ) >= _MOST_READ:
            _READ.pop(next(iter(_READ)))
        _READ[path, placement] = (stamp, head)
    return head


_READ: Final[dict[tuple[Path, Placement], tuple[Stamp | None, MovingHead]]] = {}


def forget() -> None:
    """Let the heads that were read go."""
    _READ.clear()
    _DIFFERENCES.clear()


def _read(path: Path, placement: Placement) -> MovingHead | Failure:
    found = read_parts(path, _ARRAYS, ("zoom",))
    if isinstance(found, Failure):
        return found
    header, arrays = found
    placed = placed_rows(arrays["frame_index"], arrays["time"], Fraction(*header["rate"]), placement)
    known = np.isfinite(arrays["head_translation"]).all(axis=1)
    if placed is None or not known[placed[0]].any():
        return Failure(
            "version-empty", f"{path.name} has no head on the frames of the scene.", "Choose another version."
        )
    rows, timeline = placed
    with_head = known[rows[timeline.row]]
    return MovingHead(
        timeline.frame[with_head],
        rows[timeline.row[with_head]],
        arrays["vertices"],
        rotation_matrices(np.nan_to_num(arrays["head_rotation"])),
        arrays["head_translation"],
        Intrinsics(**header["intrinsics"]),
        arrays.get("zoom"),
        arrays["faces"],
    )


def same_mesh(one: MovingHead, other: MovingHead) -> bool:
    """Whether the vertices of two heads belong to each other."""
    return one.vertices.shape[1] == other.vertices.shape[1] and np.array_equal(one.faces, other.faces)


def between(shown: MovingHead, other: MovingHead, share: float, frame: float) -> Floats:
    """Return the vertices of a head on its way from one version to another, in the space of Blender's camera (V, 3).

    The camera has the lens of the shown one. The other is laid where that camera sees it at the pixels at which its
    own would, so that both ends are what the picture of each version is.

    Args:
        shown, other: The two, with the same mesh.
        share: 0 is the shown one, 1 the other.
        frame: Of the scene.
    """
    points = shown.points_at(frame)
    if share > 0:
        points = (1 - share) * points + share * seen_through(other.points_at(frame), other, shown, frame)
    return points @ BLENDER_FROM_OPENCV


def seen_through(points: Floats, of: MovingHead, through: MovingHead, frame: float) -> Floats:
    """Return points of one version where the camera of another sees them at the same pixels."""
    own, lens = of.lens_at(frame), through.lens_at(frame)
    return points if own == lens else points @ onto_other_lens(own, lens.resized(own.width, own.height)).T


def difference(shown: MovingHead, other: MovingHead) -> Difference:
    """Return how far two versions are apart on each whole frame that both have. Kept for the latest pairs."""
    key = (id(shown), id(other))
    known = _DIFFERENCES.get(key)
    if known is not None and known[0] is shown and known[1] is other:
        return known[2]
    first = int(np.ceil(max(shown.frame[0], other.frame[0])))
    last = max(first, int(np.floor(min(shown.frame[-1], other.frame[-1]))))
    frames = np.arange(first, last + 1, dtype=np.float64)
    apart = [
        np.linalg.norm(shown.points_at(each) - seen_through(other.points_at(each), other, shown, each), axis=1)
        for each in frames
    ]
    found = Difference(
        frames,
        np.array([1000 * each.mean() for each in apart]),
        np.array([1000 * each.max() for each in apart]),
    )
    while len(_DIFFERENCES) >= _MOST_READ:
        _DIFFERENCES.pop(next(iter(_DIFFERENCES)))
    _DIFFERENCES[key] = (shown, other, found)
    return found


_DIFFERENCES: Final[dict[tuple[int, int], tuple[MovingHead, MovingHead, Difference]]] = {}
