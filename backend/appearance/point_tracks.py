"""Follows points of the head from picture to picture, each by the small patch of texture around it.

The fitted head says where each patch is and how it is foreshortened; what is left is a shift of a few pixels, found by
aligning all frames' patches with their common mean (Baker and Matthews, "Lucas-Kanade 20 years on", 2004, without a
first picture that would be free of error). Unlike in `key_frame_solve` nothing is said of the head's shape here: a
point that the head model has in the wrong place is still followed, which is what makes the focal length visible.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from ..contract.arrays import Floats, Integers
from ..contract.camera import project
from ..fit.geometry.parallel import PROCESSOR, over_chunks
from ..fit.geometry.surface_samples import NOT_SKIN, UNDER_THE_NOSE, SurfaceSamples, spread_samples, vertices_of
from ..head.model import HeadModel
from ..raster.normals import vertex_normals
from ..raster.rasterizer_numba import NumbaRasterizer
from ..raster.visibility import POINT_TRACK, is_unobstructed, view_cosines
from ..system.compiled import compiled
from .pictures.view import View

STILL_REGIONS: Final = ("face", "forehead", "scalp", "left_ear", "right_ear")
MOVING_REGIONS: Final = (*NOT_SKIN, "eye_region", "left_eye_region", "right_eye_region", "lips")
BROWS: Final = ("left_eyebrow", "right_eyebrow")
_AROUND_BROWS: Final = 0.012
"""Metres around the brows that move with them."""
_HALF: Final = 7
"""A patch is 2 x 7 + 1 samples wide, about a pixel of the view apart."""
_WINDOW: Final = 4.0
"""Standard deviation of a patch's weight, samples."""
_LEVELS: Final = ((3.0, 4), (1.5, 4), (0.8, 5))
"""Blur in pixels and steps; without the first where it is known where the points should be."""
_NEIGHBOURS: Final = 12
LONGEST: Final = 1.5
"""Longest step of a patch, pixels."""
_FURTHEST: Final = 8.0
"""Pixels of the view that a patch may be shifted."""
_INDEPENDENT: Final = 8.0
"""Independent samples in a patch."""
_FLOOR: Final = 0.15
"""Pixels to which a patch is placed at best."""
_SETTLED: Final = 0.2
"""Pixels of the last step above which a patch counts as lost."""
FEWEST: Final = 4
"""Frames in which a point has to be seen."""


@dataclass(frozen=True)
class TrackPoints:
    """N points on the parts of a head that keep their shape.

    Attributes:
        samples: Where they are.
        neighbours: Vertices around each (N, K), which carry its patch.
        to_plane: Takes the K neighbours' pixels to pixels per metre along both axes of the patch (N, 2, K).
        normals: At rest (N, 3).
        hair: Which lie on the scalp (N,) bool.
    """

    samples: SurfaceSamples
    neighbours: Integers
    to_plane: Floats
    normals: Floats
    hair: NDArray[np.bool_]


@dataclass(frozen=True)
class PointTracks:
    """What F frames show of M points.

    Attributes:
        index: Which of the points these are (M,).
        pixels: Full-frame pixels from the principal point (F, M, 2).
        precision: Inverse covariance of each (F, M, 2, 2); 0 where a point is not seen.
    """

    index: Integers
    pixels: Floats
    precision: Floats

    @property
    def visible(self) -> NDArray[np.bool_]:
        """Whether a frame shows a point (F, M)."""
        return self.precision[..., 0, 0] > 0


def track_points(head: HeadModel, count: int) -> TrackPoints | None:
    """Return `count` points, evenly spread by area over what neither mouth, eyes nor brows move.

    None where the head does not name its parts.
    """
    still = vertices_of(head, STILL_REGIONS) & ~vertices_of(head, MOVING_REGIONS)
    if head.landmarks.known[UNDER_THE_NOSE]:
        corners = head.template[head.faces[head.landmarks.triangle[UNDER_THE_NOSE]]]
        low = (head.landmarks.barycentric[UNDER_THE_NOSE] @ corners)[1]
        still &= (head.template[:, 1] > low) | vertices_of(head, ("scalp", "left_ear", "right_ear"))
    brows = vertices_of(head, BROWS)
    if brows.any():
        still &= KDTree(head.template[brows]).query(head.template)[0] > _AROUND_BROWS
    triangles = np.flatnonzero(still[head.faces].all(axis=1))
    if len(triangles) == 0:
        return None
    samples = spread_samples(head, triangles, count)
    positions = samples.at(head.template, head.faces)
    normals = samples.at(vertex_normals(head.template, head.faces), head.faces)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    skin = np.flatnonzero(vertices_of(head, (*STILL_REGIONS, "neck")) & ~vertices_of(head, NOT_SKIN))
    _, near = KDTree(head.template[skin]).query(positions, _NEIGHBOURS)
    neighbours = skin[near]
    across = np.cross([0.0, 1.0, 0.0], normals)
    across /= np.linalg.norm(across, axis=1, keepdims=True) + 1e-9
    axes = np.stack([across, np.cross(normals, across)], axis=2)
    flat = (head.template[neighbours] - positions[:, None]) @ axes
    to_plane = np.linalg.pinv(flat - flat.mean(axis=1, keepdims=True), rcond=1e-2)
    hair = vertices_of(head, ("scalp",))[head.faces[samples.triangle]].all(axis=1)
    return TrackPoints(samples, neighbours, to_plane, normals, hair)


@dataclass(frozen=True)
class Expected:
    """Where M points should be: their index (M,) and full-frame pixels from the principal point (F, M, 2)."""

    index: Integers
    pixels: Floats


def follow_points(
    head: HeadModel,
    points: TrackPoints,
    views: list[View],
    focal: float,
    vertices: Floats,
    expected: Expected | None = None,
) -> PointTracks:
    """Return where the points are seen.

    Args:
        head: Its mesh.
        points: What to follow.
        views: Pictures of F frames.
        focal: Focal length with which the head was fitted, full-frame pixels.
        vertices: Of the fitted head (F, V, 3), camera axes, metres.
        expected: Where some points should be, if that is known better than by the head; only these are followed.
    """
    placed = [_placed(head, points, view, focal, of_frame) for view, of_frame in zip(views, vertices, strict=True)]
    pixels, axes, visible = (np.stack([part[k] for part in placed]) for k in range(3))
    index = np.flatnonzero(visible.sum(axis=0) >= FEWEST) if expected is None else expected.index
    pixels, axes, visible = pixels[:, index], axes[:, index], visible[:, index]
    if not visible.any():
        return PointTracks(index[:0], np.zeros((len(views), 0, 2)), np.zeros((len(views), 0, 2, 2)))
    if expected is not None:
        pixels = np.stack(
            [of_frame * view.scale + view.centre for of_frame, view in zip(expected.pixels, views, strict=True)]
        )
    window = _Window(float(np.median(np.sqrt(np.abs(np.linalg.det(axes[visible]))))))
    alignment = _Alignment(
        np.zeros_like(pixels), np.zeros((*visible.shape, 3)), np.zeros(visible.shape), np.zeros(visible.shape)
    )
    usual = np.inf
    for blur, steps in _LEVELS if expected is None else _LEVELS[1:]:
        alignment = _aligned(_images(views, blur), pixels, axes, visible, alignment.shift, window, steps, usual)
        usual = float(np.median(alignment.error[visible]))
    return _tracks(index, views, pixels, visible, alignment)


@dataclass(frozen=True)
class _Alignment:
    """Shift (F, M, 2); structure tensor xx, xy, yy (F, M, 3); residual (F, M); length of the last step (F, M)."""

    shift: Floats
    tensor: Floats
    error: Floats
    last: Floats


class _Window:
    """Places of a patch's samples in metres (U, 2), their weights (U,) and what shading does to them (U, 6).

    A patch is compared without its mean, slope and curvature, which light and highlights change while the head turns:
    without the last the focal length of dark, shining skin was 10 to 20 % too short.
    """

    def __init__(self, pixels_per_metre: float) -> None:
        grid = np.arange(-_HALF, _HALF + 1.0)
        steps = np.stack(np.meshgrid(grid, grid), axis=-1).reshape(-1, 2)
        weight = np.exp(-(steps**2).sum(axis=1) / (2 * _WINDOW**2))
        self.positions = steps / pixels_per_metre
        self.weight = weight / weight.sum()
        x, y = steps.T
        shades = np.column_stack([np.ones(len(steps)), x, y, x * x, x * y, y * y])
        root = np.sqrt(self.weight)[:, None]
        self.shading = np.linalg.qr(root * shades)[0] / root


def _placed(head: HeadModel, points: TrackPoints, view: View, focal: float, vertices: Floats) -> tuple[Any, ...]:
    """Return pixels of the view (N, 2), patch axes in pixels per metre (N, 2, 2) and what is seen (N,)."""
    camera = view.camera(focal)
    positions = points.samples.at(vertices, head.faces)
    normals = points.samples.at(vertex_normals(vertices, head.faces), head.faces)
    pixels = project(positions, camera)
    around = project(vertices[points.neighbours], camera)
    axes = np.swapaxes(points.to_plane @ (around - around.mean(axis=1, keepdims=True)), 1, 2)
    depth = NumbaRasterizer(threads=1).rasterize(vertices, head.faces.astype(np.int32), camera).depth
    towards_camera = view_cosines(positions, normals) > POINT_TRACK.hidden
    return pixels, axes, towards_camera & is_unobstructed(positions, pixels, depth, POINT_TRACK)


def _images(views: list[View], blur: float) -> NDArray[np.float32]:
    """Return brightness and its slopes across and down, all views in one array (F, H, W, 3)."""
    height = max(view.brightness.shape[0] for view in views)
    width = max(view.brightness.shape[1] for view in views)
    result = np.zeros((len(views), height, width, 3), dtype=np.float32)
    for target, view in zip(result, views, strict=True):
        image = cv2.GaussianBlur(view.brightness, (0, 0), blur)
        rows, columns = image.shape
        target[:rows, :columns, 0] = image
        target[:rows, :columns, 1] = cv2.Sobel(image, cv2.CV_32F, 1, 0, ksize=3, scale=1 / 8)
        target[:rows, :columns, 2] = cv2.Sobel(image, cv2.CV_32F, 0, 1, ksize=3, scale=1 / 8)
    return result


def _aligned(
    images: Any, pixels: Floats, axes: Floats, visible: Any, start: Floats, window: _Window, steps: int, usual: float
) -> _Alignment:
    shift = start.copy()
    tensor, error, last = np.zeros((*visible.shape, 3)), np.ones(visible.shape), np.zeros(visible.shape)

    def some(part: slice) -> None:
        for point in range(part.start, part.stop):
            frames = np.flatnonzero(visible[:, point])
            moved = shift[frames, point]
            aligned = align_patches(
                images, frames, pixels[frames, point], axes[frames, point], moved,
                window.positions, window.weight, window.shading, steps, usual,
            )  # fmt: skip
            shift[frames, point] = moved
            tensor[frames, point], error[frames, point], last[frames, point] = aligned

    over_chunks(some, pixels.shape[1], 32, PROCESSOR)
    return _Alignment(shift, tensor, error, last)


@compiled
def _read(image, pixel, axes, positions, patch):
    """Read brightness and slopes (H, W, 3) at the samples of a patch (U, 3)."""
    height, width = image.shape[0], image.shape[1]
    for u in range(len(positions)):
        x = pixel[0] + axes[0, 0] * positions[u, 0] + axes[0, 1] * positions[u, 1]
        y = pixel[1] + axes[1, 0] * positions[u, 0] + axes[1, 1] * positions[u, 1]
        x, y = min(max(x, 0.0), width - 1.001), min(max(y, 0.0), height - 1.001)
        i, j = int(x), int(y)
        a, b = x - i, y - j
        for c in range(3):
            upper = image[j, i, c] * (1 - a) + image[j, i + 1, c] * a
            lower = image[j + 1, i, c] * (1 - a) + image[j + 1, i + 1, c] * a
            patch[u, c] = upper * (1 - b) + lower * b


@compiled
def _without_shading(patch, weight, shading):
    """Take mean, slope and curvature out of a patch (U, 3)."""
    for c in range(patch.shape[1]):
        for q in range(shading.shape[1]):
            share = 0.0
            for u in range(len(patch)):
                share += weight[u] * shading[u, q] * patch[u, c]
            for u in range(len(patch)):
                patch[u, c] -= share * shading[u, q]


@compiled
def _common(patches, trust, mean):
    """Write the weighted mean of K patches (K, U, 3) into mean (U,)."""
    mean[:] = 0
    for k in range(len(patches)):
        for u in range(len(mean)):
            mean[u] += trust[k] * patches[k, u, 0]
    mean /= max(trust.sum(), 1e-9)


@compiled
def _compared(patch, mean, weight, power):
    """Return structure tensor xx, xy, yy of a patch (U, 3), its pull by x and y, and its residual against the mean."""
    gain = 0.0
    for u in range(len(mean)):
        gain += weight[u] * patch[u, 0] * mean[u]
    gain = min(max(gain / power, 0.6), 1.6)
    xx, xy, yy, by_x, by_y, square = 1e-7, 0.0, 1e-7, 0.0, 0.0, 0.0
    for u in range(len(mean)):
        left = patch[u, 0] - gain * mean[u]
        xx += weight[u] * patch[u, 1] * patch[u, 1]
        xy += weight[u] * patch[u, 1] * patch[u, 2]
        yy += weight[u] * patch[u, 2] * patch[u, 2]
        by_x += weight[u] * patch[u, 1] * left
        by_y += weight[u] * patch[u, 2] * left
        square += weight[u] * left * left
    return xx, xy, yy, by_x, by_y, np.sqrt(square)


@compiled
def align_patches(images, frames, pixels, axes, shift, positions, weight, shading, steps, usual):
    """Align one point's patches of K frames with their common mean; changes shift (K, 2).

    Returns the structure tensor of each patch (K, 3), its residual (K,) and the length of the last step (K,).
    """
    count = len(frames)
    patches = np.zeros((count, len(positions), 3))
    mean, trust, last = np.zeros(len(positions)), np.ones(count), np.zeros(count)
    tensor, error = np.zeros((count, 3)), np.zeros(count)
    for _step in range(steps):
        for k in range(count):
            _read(images[frames[k]], pixels[k] + shift[k], axes[k], positions, patches[k])
            _without_shading(patches[k], weight, shading)
        _common(patches, trust, mean)
        power = max((weight * mean * mean).sum(), 1e-12)
        for k in range(count):
            error[k] = _compared(patches[k], mean, weight, power)[5]
            trust[k] = 1 / (1 + (error[k] / (2 * usual)) ** 2)
        _common(patches, trust, mean)
        power = max((weight * mean * mean).sum(), 1e-12)
        for k in range(count):
            xx, xy, yy, by_x, by_y, error[k] = _compared(patches[k], mean, weight, power)
            trust[k] = 1 / (1 + (error[k] / (2 * usual)) ** 2)
            tensor[k] = (xx, xy, yy)
            area = xx * yy - xy * xy
            step_x = min(max((xy * by_y - yy * by_x) / area, -LONGEST), LONGEST)
            step_y = min(max((xy * by_x - xx * by_y) / area, -LONGEST), LONGEST)
            shift[k, 0] += step_x
            shift[k, 1] += step_y
            last[k] = np.hypot(step_x, step_y)
        # Where all patches lie is the structure's to say: only how they differ is found here.
        whole = max(trust.sum(), 1e-9)
        shift[:, 0] -= (trust * shift[:, 0]).sum() / whole
        shift[:, 1] -= (trust * shift[:, 1]).sum() / whole
    return tensor, error, last


def _tracks(index: Integers, views: list[View], pixels: Floats, visible: Any, aligned: _Alignment) -> PointTracks:
    scale = np.stack([view.scale for view in views])[:, None]
    middle = np.stack([view.centre for view in views])[:, None]
    followed = visible & (aligned.last < _SETTLED) & (np.abs(aligned.shift).max(axis=-1) < _FURTHEST)
    used = np.flatnonzero(followed.sum(axis=0) >= FEWEST)
    tensor = aligned.tensor[:, used][..., [[0, 1], [1, 2]]]
    tensor = np.where(followed[:, used, None, None], tensor, np.eye(2))
    covariance = aligned.error[:, used, None, None] ** 2 / _INDEPENDENT * np.linalg.inv(tensor) + _FLOOR**2 * np.eye(2)
    across = scale[:, :, :, None] * scale[:, :, None, :]
    precision = np.linalg.inv(covariance) * across * followed[:, used, None, None]
    return PointTracks(index[used], ((pixels + aligned.shift)[:, used] - middle) / scale, precision)
