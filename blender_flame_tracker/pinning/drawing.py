"""Drawing of pins and of the head over the footage, in the view that looks through the track's camera."""

from __future__ import annotations

from typing import Any, Final

import gpu
import numpy as np
from gpu_extras.batch import batch_for_shader
from numpy.typing import NDArray

from ...backend.contract.camera import project
from .frame import PinnedFrameEdit
from .view import CameraView

Colour = tuple[float, float, float, float]

# Told apart by lightness and shape as well as by hue (Okabe and Ito 2008): also without red or green.
WIRE: Final[Colour] = (0.34, 0.71, 0.91, 0.45)
PIN: Final[Colour] = (0.94, 0.89, 0.26, 1.0)
SELECTED: Final[Colour] = (1.0, 1.0, 1.0, 1.0)
TO_TARGET: Final[Colour] = (0.90, 0.62, 0.0, 1.0)
RIM: Final[Colour] = (0.0, 0.0, 0.0, 0.85)

RADIUS: Final = 5.0
"""Of a pin at a scale of 1 of the interface, in pixels of the screen."""
REACH: Final = 2.2
"""Within how many radii of a pin the mouse has it."""
_CORNERS: Final = 20
_NEAREST: Final = 1e-4
"""Metres before the camera at which points are taken to be that are behind it."""
_DEEPEST: Final = -50.0
"""Height of the farthest point; Blender's regions show heights from -100 to 100."""
_BEFORE_SURFACE: Final = 0.6
"""By how much edges are drawn higher than the surface that may hide them."""
_SMALLEST_MISS: Final = 1.0
"""Pixels of the screen between a pin and its target below which no line is drawn."""


class HeadDrawing:
    """What is drawn of a track's head: its edges, the far side hidden.

    Args:
        faces: Triangles of the track (F, 3).
        drawn: Those that are drawn (F,) bool.
    """

    def __init__(self, faces: NDArray[Any], drawn: NDArray[np.bool_]) -> None:
        self._faces = np.ascontiguousarray(faces[drawn], dtype=np.int32)
        sides = np.sort(self._faces[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1)
        self._edges, where = np.unique(sides, axis=0, return_inverse=True)
        order = np.argsort(where.reshape(-1), kind="stable")
        self._beside = _faces_beside(where.reshape(-1)[order], order // 3, len(self._edges))

    def draw(self, edit: PinnedFrameEdit, view: CameraView, size: tuple[int, int], scale: float) -> None:
        """Draw the head's wires as they are now.

        Args:
            edit: The frame.
            view: Where the footage lies in the region.
            size: Of the region.
            scale: Of the interface.
        """
        front = facing(edit.points, self._faces)
        at = _with_depth(edit.points, view.in_region(project(edit.points, edit.intrinsics, nearest=_NEAREST)))
        gpu.state.active_framebuffer_get().clear(depth=1.0)
        gpu.state.depth_test_set("LESS_EQUAL")
        gpu.state.depth_mask_set(True)
        _draw_depth(at, self._faces[front])
        gpu.state.depth_mask_set(False)
        shown = self._edges[front[self._beside].any(axis=1)]
        ends = at[shown.ravel()]
        ends[:, 2] += _BEFORE_SURFACE
        _draw_lines(ends, WIRE, 1.0 * scale, size)
        gpu.state.depth_test_set("NONE")


def _with_depth(points: NDArray[Any], at: NDArray[Any]) -> NDArray[np.float32]:
    """Return points of the region (V, 3) with a height that grows towards the camera, as pixels interpolate it."""
    nearness = 1.0 / np.maximum(points[:, 2], _NEAREST)
    least, span = nearness.min(), max(float(np.ptp(nearness)), 1e-9)
    height = _DEEPEST + (nearness - least) / span * -2 * _DEEPEST
    return np.concatenate([at, height[:, None]], axis=1).astype(np.float32)


def _draw_depth(at: NDArray[np.float32], faces: NDArray[Any]) -> None:
    """Let triangles hide what lies behind them without being drawn themselves."""
    shader = gpu.shader.from_builtin("UNIFORM_COLOR")
    indices: Any = faces
    batch = batch_for_shader(shader, "TRIS", _positions(at), indices=indices)
    gpu.state.color_mask_set(False, False, False, False)
    shader.uniform_float("color", RIM)
    batch.draw(shader)
    gpu.state.color_mask_set(True, True, True, True)


def facing(points: NDArray[Any], faces: NDArray[Any]) -> NDArray[np.bool_]:
    """Return which triangles (F,) show their front to a camera at the origin."""
    a, b, c = (points[faces[:, corner]] for corner in range(3))
    return np.asarray(np.einsum("fi,fi->f", np.cross(b - a, c - a), a) < 0)


def _faces_beside(edge: NDArray[Any], face: NDArray[Any], count: int) -> NDArray[np.int64]:
    """Triangles on both sides of each edge (E, 2), the same one twice at a border."""
    first = np.searchsorted(edge, np.arange(count))
    last = np.searchsorted(edge, np.arange(count), side="right") - 1
    return np.stack([face[first], face[last]], axis=1)


def draw_pins(edit: PinnedFrameEdit, view: CameraView, size: tuple[int, int], scale: float) -> None:
    """Draw the pins of a frame: a disc on the surface, and a line to a ring where it is to be."""
    now, targets = view.in_region(edit.pin_points), view.in_region(edit.pin_targets)
    for index, (here, there) in enumerate(zip(now, targets, strict=True)):
        chosen, under_mouse = index == edit.selected, index == edit.hovered
        radius = RADIUS * scale * (1.35 if under_mouse else 1.0)
        if np.linalg.norm(here - there) > _SMALLEST_MISS * scale:
            line = np.zeros((2, 3), dtype=np.float32)
            line[:, :2] = here, there
            _draw_lines(line, RIM, 4.0 * scale, size)
            _draw_lines(line, TO_TARGET, 2.0 * scale, size)
            _draw_ring(there, radius, TO_TARGET, 2.0 * scale, size)
        _draw_disc(here, radius + 1.5 * scale, RIM)
        _draw_disc(here, radius, SELECTED if chosen else PIN)
        if chosen:
            _draw_disc(here, 0.45 * radius, TO_TARGET)


def _circle(centre: NDArray[Any], radius: float) -> NDArray[np.float32]:
    angle = np.linspace(0.0, 2 * np.pi, _CORNERS, endpoint=False)
    points = np.zeros((_CORNERS, 3), dtype=np.float32)
    points[:, 0], points[:, 1] = centre[0] + radius * np.cos(angle), centre[1] + radius * np.sin(angle)
    return points


def _draw_disc(centre: NDArray[Any], radius: float, colour: Colour) -> None:
    shader = gpu.shader.from_builtin("UNIFORM_COLOR")
    points = _circle(centre, radius)
    middle = np.array([[centre[0], centre[1], 0.0]], dtype=np.float32)
    corners = np.arange(_CORNERS)
    triangles = np.stack([np.full(_CORNERS, _CORNERS), corners, (corners + 1) % _CORNERS], axis=1).astype(np.int32)
    indices: Any = triangles
    batch = batch_for_shader(shader, "TRIS", _positions(np.concatenate([points, middle])), indices=indices)
    shader.uniform_float("color", colour)
    batch.draw(shader)


def _draw_ring(centre: NDArray[Any], radius: float, colour: Colour, width: float, size: tuple[int, int]) -> None:
    points = _circle(centre, radius)
    _draw_lines(np.stack([points, np.roll(points, -1, axis=0)], axis=1).reshape(-1, 3), colour, width, size)


def _draw_lines(ends: NDArray[np.float32], colour: Colour, width: float, size: tuple[int, int]) -> None:
    """Draw a line between each two points of (2 N, 3)."""
    if len(ends) == 0:
        return
    shader = gpu.shader.from_builtin("POLYLINE_UNIFORM_COLOR")
    batch = batch_for_shader(shader, "LINES", _positions(ends))
    shader.uniform_float("viewportSize", size)
    shader.uniform_float("lineWidth", width)
    shader.uniform_float("color", colour)
    batch.draw(shader)


def _positions(points: Any) -> dict[str, Any]:
    return {"pos": points}
