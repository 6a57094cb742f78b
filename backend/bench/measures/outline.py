"""Distance of a fitted head's outline from the outline of the person, traced by hand."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from ...contract.arrays import Floats, Integers
from ...contract.camera import Intrinsics
from ...head.model import HeadModel
from ...raster.normals import facing_camera
from ...raster.rasterizer_numba import NumbaRasterizer

FILE: Final = Path(__file__).with_name("outlines.csv")
EARS: Final = ("right_ear", "left_ear")
CHEEKS: Final = ("right_cheek", "left_cheek")
NECK: Final = ("right_neck", "left_neck")
_FINENESS: Final = 500.0
"""Pixels that the head is wide where distances are measured."""
_LEVEL: Final = 0.2
"""Slope between the ears up to which a head is upright enough for its width to be measured along the rows."""
_CORNERS_OF_THE_MOUTH: Final = (61, 291)


@dataclass(frozen=True)
class Traced:
    """The outline of a person in a picture.

    Attributes:
        picture: Name of the file.
        frame: Position in it.
        parts: Points (N, 2) along each part that is seen: ears, cheeks, jaw, neck, far_side of a turned face; pixels.
    """

    picture: str
    frame: int
    parts: Mapping[str, Floats]


def traced_outlines(path: Path = FILE) -> list[Traced]:
    """Return all outlines of the file, in its order."""
    found: dict[tuple[str, int], dict[str, list[tuple[float, float]]]] = {}
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(line for line in file if not line.startswith("#")):
            parts = found.setdefault((row["picture"], int(row["frame"])), {})
            parts.setdefault(row["part"], []).append((float(row["x"]), float(row["y"])))
    return [
        Traced(picture, frame, {part: np.array(points) for part, points in parts.items()})
        for (picture, frame), parts in found.items()
    ]


@dataclass(frozen=True)
class OutlineErrors:
    """Of one picture, in percent of the head's width.

    Attributes:
        error: Mean distance between outlines; of the ears, cheeks, jaw (with a far side) and neck alone: NaN where not
            traced. Without the neck in `error`.
        outwards: Mean of how far the person reaches beyond the head.
        width_at_mouth, width_at_ears: Of an upright head over that of the person; NaN where not both sides are traced.
    """

    error: float
    outwards: float
    ears: float
    cheeks: float
    jaw: float
    neck: float
    width_at_mouth: float
    width_at_ears: float


def outline_errors(
    head: HeadModel, vertices: Floats, camera: Intrinsics, traced: Traced, landmarks: Floats
) -> OutlineErrors:
    """Return how far a posed head's outline is from the person's.

    Args:
        head: The head.
        vertices: Posed, in camera axes (V, 3).
        camera: Of the picture.
        traced: The person's outline.
        landmarks: (478, 2 or more), pixels: where the mouth is.
    """
    view = _View.of(vertices[_without_neck(head)], camera)
    bare = view.mask(vertices, _faces(head, vertices, neck=False))
    whole = view.mask(vertices, _faces(head, vertices, neck=True))
    width = float(np.ptp(np.flatnonzero(bare.any(axis=0)))) + 1
    distance = {name: _signed(bare if name == "jaw" else whole, view.inside(_dense(points)))
                for name, points in traced.parts.items()}  # fmt: skip

    def mean(names: tuple[str, ...]) -> float:
        values = [distance[name] for name in names if name in distance]
        return 100 * float(np.abs(np.concatenate(values)).mean()) / width if values else float("nan")

    counted = [values for name, values in distance.items() if name not in NECK]
    mouth = landmarks[list(_CORNERS_OF_THE_MOUTH), :2].mean(axis=0)
    return OutlineErrors(
        error=100 * float(np.abs(np.concatenate(counted)).mean()) / width,
        outwards=100 * float(np.concatenate(counted).mean()) / width,
        ears=mean(EARS),
        cheeks=mean(CHEEKS),
        jaw=mean(("jaw", "far_side")),
        neck=mean(NECK),
        width_at_mouth=_width_at_mouth(whole, view, traced, mouth),
        width_at_ears=_width_at_ears(head, vertices, view, traced),
    )


@dataclass(frozen=True)
class _View:
    """A part of the picture around the head, enlarged: scale and place of its first pixel."""

    scale: float
    left: float
    top: float
    camera: Intrinsics

    @staticmethod
    def of(points: Floats, camera: Intrinsics) -> _View:
        pixels = points[:, :2] / points[:, 2:] * camera.focal_x
        low, high = pixels.min(axis=0), pixels.max(axis=0)
        scale = _FINENESS / (high[0] - low[0])
        room = 0.4 * (high[0] - low[0])
        size = np.ceil((high - low + 2 * room) * scale).astype(int)
        own = Intrinsics(int(size[0]), int(size[1]), camera.focal_x * scale, camera.focal_x * scale,
                         (room - low[0]) * scale, (room - low[1]) * scale)  # fmt: skip
        return _View(scale, low[0] - room + camera.centre_x, low[1] - room + camera.centre_y, own)

    def inside(self, points: Floats) -> Floats:
        """Return where pixels of the picture (N, 2) lie here."""
        return (points[:, :2] - np.array([self.left, self.top])) * self.scale

    def mask(self, vertices: Floats, faces: Integers) -> NDArray[np.bool_]:
        return NumbaRasterizer(threads=1).rasterize(vertices, faces, self.camera).ids >= 0


def _without_neck(head: HeadModel) -> NDArray[np.bool_]:
    kept = np.ones(head.vertex_count, dtype=bool)
    for name in ("neck", "boundary"):
        kept[head.regions[name]] = False
    return kept


def _faces(head: HeadModel, vertices: Floats, *, neck: bool) -> Integers:
    """Triangles of the outer side, with or without the neck."""
    faces = facing_camera(vertices, head.faces).astype(np.int64)
    return faces if neck else faces[_without_neck(head)[faces].all(axis=1)]


def _dense(points: Floats) -> Floats:
    """Return places along a line through points (N, 2), evenly spread: long parts count as much as they are long."""
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    steps = np.linspace(0, along[-1], 60)
    return np.stack([np.interp(steps, along, points[:, axis]) for axis in (0, 1)], axis=1)


def _signed(mask: NDArray[np.bool_], points: Floats) -> Floats:
    """Return how far points (N, 2) lie outside a mask, negative inside, pixels."""
    outside = np.asarray(distance_transform_edt(~mask)) - np.asarray(distance_transform_edt(mask))
    place = np.rint(points).astype(int)
    rows, columns = (np.clip(place[:, axis], 0, mask.shape[1 - axis] - 1) for axis in (1, 0))
    return outside[rows, columns]


def _width_at_mouth(mask: NDArray[np.bool_], view: _View, traced: Traced, mouth: Floats) -> float:
    sides = []
    for name in CHEEKS:
        points = traced.parts.get(name)
        if points is None or not points[:, 1].min() <= mouth[1] <= points[:, 1].max():
            return float("nan")
        order = np.argsort(points[:, 1])
        sides.append(float(np.interp(mouth[1], points[order, 1], points[order, 0])))
    row = np.flatnonzero(mask[round(float(view.inside(mouth[None])[0, 1]))])
    return (float(np.ptp(row)) + 1) / view.scale / abs(sides[1] - sides[0]) if len(row) else float("nan")


def _width_at_ears(head: HeadModel, vertices: Floats, view: _View, traced: Traced) -> float:
    if any(name not in traced.parts for name in EARS):
        return float("nan")
    ears = vertices[np.concatenate([head.regions[name] for name in EARS])]
    person = np.concatenate([traced.parts[name] for name in EARS])
    across, down = np.abs(traced.parts[EARS[1]].mean(axis=0) - traced.parts[EARS[0]].mean(axis=0))
    if down > _LEVEL * across:
        return float("nan")
    own = np.ptp(ears[:, 0] / ears[:, 2]) * view.camera.focal_x / view.scale
    return float(own / np.ptp(person[:, 0]))
