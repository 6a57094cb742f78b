"""Distortion of a lens from long edges in the picture: most that are long and smooth are straight in the world.

Edges are linked along their direction and placed between pixels; for each the first radial coefficient is found that
makes it straightest. A curved thing in the world makes its own coefficient, while a lens bends lines on opposite sides
of the picture in opposite directions, all by one coefficient. So much is asked of that agreement that a clip without
such lines is left as it is. (The method of plumb lines: Brown, "Close-range camera calibration", 1971; edges placed by
a parabola through the gradient: Devernay, "A non-maxima suppression method for edge detection with sub-pixel
accuracy", 1995.)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from ...contract.arrays import Floats, Picture
from ...contract.camera import Intrinsics
from ...contract.distortion import CurvedLens, Distortion

LONGER: Final = 1280
"""Pixels of the longer side of the pictures that are looked at."""
_SMOOTH: Final = 1.2
_WEAK, _STRONG = 20.0, 50.0
"""Gradient of an edge and of where it begins, sixteenths of a grey level per pixel."""
_TURNS: Final = 12
"""Directions in which edges are linked; neighbours share half of theirs, so that a bent line is not cut."""
_LONG: Final = 0.2
"""Length of an edge at least, share of the longer side."""
_WAVY: Final = 0.4
"""Pixels by which an edge may leave a cubic at most, root mean square."""
_POINTS: Final = 80
_PLACED: Final = 0.25
"""Standard deviation of a point of an edge, pixels, and of a few pixels that go together."""
_TOGETHER: Final = 4
_WIDEST: Final = 0.35
_GRID: Final = np.linspace(-_WIDEST, _WIDEST, 141)
"""Coefficients that are tried, for a focal length of half the diagonal."""
_STEPS: Final = 12
"""Newton's, from a distance in the footage to the one in the straight picture."""
_TELLS: Final = 0.03
"""Standard deviation of the coefficient of an edge that tells something."""
_OWN: Final = 0.012
"""How far the coefficient of a single line may be off because it is not quite straight in the world."""
_FEWEST: Final = 6
_AGREE: Final = 0.6
"""Share of the telling edges that must agree."""
_CERTAIN: Final = 5.0
"""Standard deviations from zero."""
_VISIBLE: Final = 0.012
"""Coefficient below which no distortion is assumed: 1.2 % in the corners."""
_ALIKE: Final = 0.015
"""How far the coefficients of several pictures may be apart."""


@dataclass(frozen=True)
class Edges:
    """Long edges of a picture, and what each of them says.

    Attributes:
        coefficient: First radial coefficient for a focal length of half the diagonal (N,).
        sigma: Its standard deviation (N,).
        side: On which side of the centre it runs: 0 above, 1 below, 2 left, 3 right (N,).
    """

    coefficient: Floats
    sigma: Floats
    side: NDArray[np.int64]


@dataclass(frozen=True)
class LineEvidence:
    """What edges say of a lens.

    Attributes:
        coefficient: As in `Edges`.
        sigma: Its standard deviation.
        lines: How many edges agree, of the picture with fewest.
    """

    coefficient: float
    sigma: float
    lines: int

    @property
    def percent(self) -> float:
        """By how much the corners of the straight picture are farther from its middle in the footage, percent."""
        return 100 * self.coefficient

    @property
    def percent_sigma(self) -> float:
        """Standard deviation of `percent`."""
        return 100 * self.sigma

    def lens(self, width: int, height: int, centre: tuple[float, float]) -> CurvedLens:
        """Return the lens in pixels."""
        focal = math.hypot(width, height) / 2
        return CurvedLens(Intrinsics(width, height, focal, focal, *centre), Distortion(self.coefficient))


def lens_from_edges(pictures: Sequence[Picture], centre: tuple[float, float]) -> LineEvidence | None:
    """Return what the edges of several pictures of a clip say, None where they do not tell or tell of no distortion.

    Args:
        pictures: RGB (H, W, 3).
        centre: Principal point in their pixels.
    """
    found = [agreed(long_edges(picture, centre)) for picture in pictures]
    each = [evidence for evidence in found if evidence is not None]
    if not each or len(each) < 0.5 * len(found):
        return None
    coefficients = np.array([evidence.coefficient for evidence in each])
    middle = float(np.median(coefficients))
    sigma = max(float(np.median([evidence.sigma for evidence in each])), float(coefficients.std()))
    if np.abs(coefficients - middle).max() > _ALIKE or abs(middle) < max(_VISIBLE, _CERTAIN * sigma):
        return None
    return LineEvidence(middle, sigma, min(evidence.lines for evidence in each))


def agreed(edges: Edges) -> LineEvidence | None:
    """Return the coefficient on which the edges of a picture agree, None where too few do or all are on one side."""
    telling = edges.sigma < _TELLS
    if telling.sum() < _FEWEST:
        return None
    value, side = edges.coefficient[telling], edges.side[telling]
    spread = np.hypot(edges.sigma[telling], _OWN)
    support = [(np.abs(value - each) < 2 * spread) @ (1 / spread) for each in value]
    middle = float(value[int(np.argmax(support))])
    for _ in range(10):
        within = np.abs(value - middle) < 2 * spread
        weight = within / spread**2
        middle = float(weight @ value / weight.sum())
    within = np.abs(value - middle) < 2 * spread
    opposite = any({one, other} <= set(side[within].tolist()) for one, other in ((0, 1), (2, 3)))
    if within.sum() < _FEWEST or within.mean() < _AGREE or not opposite:
        return None
    return LineEvidence(middle, float((within / spread**2).sum() ** -0.5), int(within.sum()))


def long_edges(picture: Picture, centre: tuple[float, float]) -> Edges:
    """Return the long edges of a picture (H, W, 3) and what each says; `centre` is its principal point."""
    scale = min(1.0, LONGER / max(picture.shape[:2]))
    size = (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA) if scale < 1 else picture
    grey = cv2.GaussianBlur(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32), (0, 0), _SMOOTH)
    middle = (np.array(centre) + 0.5) * scale - 0.5
    lines = _linked(np.asarray(grey, dtype=np.float32))
    said = [_said(line, middle, math.hypot(*size) / 2) for line in lines]
    coefficient, sigma, side = zip(*said, strict=True) if said else ((), (), ())
    return Edges(np.array(coefficient), np.array(sigma), np.array(side, dtype=np.int64))


def _linked(grey: NDArray[np.float32]) -> list[Floats]:
    """Return points (N, 2) of each long smooth edge of a grey picture."""
    across = cv2.Sobel(grey, cv2.CV_32F, 1, 0, ksize=3) / 2
    down = cv2.Sobel(grey, cv2.CV_32F, 0, 1, ksize=3) / 2
    strength = np.hypot(across, down)
    edge = cv2.Canny((4 * across).astype(np.int16), (4 * down).astype(np.int16), _WEAK, _STRONG, L2gradient=True) > 0
    edge[:3], edge[-3:], edge[:, :3], edge[:, -3:] = False, False, False, False
    direction = np.mod(np.arctan2(down, across), np.pi)
    lines: list[tuple[Floats, set[int]]] = []
    for turn in range(_TURNS):
        away = np.abs(np.mod(direction - turn * np.pi / _TURNS + np.pi / 2, np.pi) - np.pi / 2)
        mask = (edge & (away < np.pi / _TURNS)).astype(np.uint8)
        count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
        longest = np.maximum(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT])
        for label in range(1, count):
            if longest[label] < _LONG * max(grey.shape):
                continue
            rows, columns = np.nonzero(labels == label)
            points = _between_pixels(rows, columns, across, down, strength)
            if _is_smooth(points):
                lines.append((points, set((rows * grey.shape[1] + columns).tolist())))
    lines.sort(key=lambda each: -len(each[1]))
    separate: list[tuple[Floats, set[int]]] = []
    for points, pixels in lines:
        if all(len(pixels & others) < 0.3 * len(pixels) for _, others in separate):
            separate.append((points, pixels))
    return [points for points, _ in separate]


def _between_pixels(
    rows: NDArray[np.int64],
    columns: NDArray[np.int64],
    across: NDArray[np.float32],
    down: NDArray[np.float32],
    strength: NDArray[np.float32],
) -> Floats:
    """Place edge pixels at the top of a parabola through the gradient along its larger direction."""
    flat = np.abs(across[rows, columns]) >= np.abs(down[rows, columns])
    dx, dy = flat.astype(np.int64), (~flat).astype(np.int64)
    before, here, after = (strength[rows + k * dy, columns + k * dx].astype(np.float64) for k in (-1, 0, 1))
    bend = before - 2 * here + after
    shift = np.where(bend < -1e-6, 0.5 * (before - after) / np.where(bend < -1e-6, bend, -1.0), 0.0)
    shift = np.clip(shift, -1, 1)
    return np.stack([columns + shift * dx, rows + shift * dy], axis=1).astype(np.float64)


def _is_smooth(points: Floats) -> bool:
    """Whether points lie on one gentle curve."""
    along, beside = _along_and_beside(points)
    if np.ptp(beside) > 0.2 * np.ptp(along):
        return False
    scaled = 2 * (along - along.min()) / np.ptp(along) - 1
    rest = beside - np.polynomial.polynomial.polyval(scaled, np.polynomial.polynomial.polyfit(scaled, beside, 3))
    return bool(np.sqrt((rest**2).mean()) < _WAVY)


def _along_and_beside(points: Floats) -> tuple[Floats, Floats]:
    about = points - points.mean(axis=0)
    _, _, axes = np.linalg.svd(about, full_matrices=False)
    return about @ axes[0], about @ axes[1]


def _said(points: Floats, middle: Floats, radius: float) -> tuple[float, float, int]:
    """Return the coefficient that makes an edge straightest, its deviation, and the side on which the edge runs."""
    some = points[np.unique(np.linspace(0, len(points) - 1, _POINTS).astype(int))] if len(points) > _POINTS else points
    about = (some - middle) / radius
    cost = _bend_left(about) * radius**2
    # Neighbouring points of an edge are displaced together.
    cost = cost / _PLACED**2 * (len(points) / len(some) / _TOGETHER)
    best = int(np.clip(np.nanargmin(cost), 1, len(_GRID) - 2))
    step = _GRID[1] - _GRID[0]
    bend = (cost[best - 1] - 2 * cost[best] + cost[best + 1]) / step**2
    if not np.isfinite(bend) or bend <= 0:
        return 0.0, math.inf, 0
    shift = 0.5 * (cost[best - 1] - cost[best + 1]) / (bend * step)
    fit = max(1.0, float(cost[best]) / (len(points) / _TOGETHER))
    offset = points.mean(axis=0) - middle
    lies = np.ptp(points[:, 0]) >= np.ptp(points[:, 1])
    side = (0 if offset[1] < 0 else 1) if lies else (2 if offset[0] < 0 else 3)
    return float(_GRID[best] + shift), math.sqrt(2 * fit / bend), side


def _bend_left(points: Floats) -> Floats:
    """Return, for each coefficient that is tried, the sum of the squared distances of points (N, 2) from a line."""
    distance = np.linalg.norm(points, axis=1)
    straight = np.repeat(distance[None], len(_GRID), axis=0)
    for _ in range(_STEPS):
        miss = straight * (1 + _GRID[:, None] * straight**2) - distance
        straight = straight - miss / (1 + 3 * _GRID[:, None] * straight**2)
    moved = points * (straight / np.maximum(distance, 1e-9))[..., None]
    about = moved - moved.mean(axis=1, keepdims=True)
    reached = np.abs(straight * (1 + _GRID[:, None] * straight**2) - distance).max(axis=1) < 1e-6
    squares = np.einsum("gni,gnj->gij", about, about)
    return np.where(reached, np.linalg.eigvalsh(np.where(reached[:, None, None], squares, 0.0))[:, 0], np.nan)
