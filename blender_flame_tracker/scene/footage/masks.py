"""Masks of Blender's: what lies inside their outlines over time, and outlines that are added to them.

Blender keeps a mask in a square that is as long as the longer side of the picture, whose y goes up; here corners are in
shares of the picture, from top left. A mask tells nothing of its keys, so it is looked at on every frame, in a scene of
its own: what the user sees, and where points stand that are being moved, stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import bpy
import numpy as np
from numpy.typing import NDArray

from ....backend.contract.failure import Failure
from .mask_layers import Outline, covered, layer_problem

Floats = NDArray[np.float64]

CURVE_STEPS: Final = 8
"""Corners for each piece of an outline that is bent; a straight one needs one."""
_STRAIGHT: Final = 1e-4
"""Shares of the picture by which a handle may lie beside a straight piece."""


def outlines_of(
    mask: bpy.types.Mask, frames: Sequence[int], size: tuple[float, float]
) -> tuple[Outline, ...] | Failure:
    """Return the outlines of what a mask covers on frames of the scene, or why it cannot be used.

    Args:
        mask: Whose closed splines count, of the layers that are not hidden from renders, composited as Blender does;
            feather and opacity do not matter.
        frames: Increasing.
        size: Width and height of the picture, in whatever unit.
    """
    problem = mask_problem(mask)
    if problem is not None:
        return problem
    found: dict[tuple[str, int], list[Floats]] = {}
    with _evaluated(mask) as look_at:
        for frame in frames:
            for name, number, spline in _closed(look_at(frame)):
                found.setdefault((name, number), []).append(_controls(spline))
    scene_frames = np.array(frames, dtype=np.int64)
    of_layers: dict[str, list[Outline]] = {layer.name: [] for layer in mask.layers}
    for (name, _number), controls in found.items():
        if len(controls) == len(frames):
            corners = in_picture(_polygons(np.array(controls)), size)
            of_layers[name].append(Outline(name, scene_frames, corners))
    shown = [(layer, of_layers[layer.name]) for layer in mask.layers if not layer.hide_render]
    return covered(shown, scene_frames)


def mask_problem(mask: bpy.types.Mask) -> Failure | None:
    """Return why what a mask shows can't be left out as it is meant, None where it can."""
    for layer in mask.layers:
        if layer.hide_render:
            continue
        problem = layer_problem(mask.name, layer, sum(map(_has_inside, layer.splines)))
        if problem is not None:
            return problem
        if any(
            point.parent is not None and point.parent.id is not None
            for spline in layer.splines
            for point in spline.points
        ):
            return Failure(
                "mask-follows-marker",
                f"Points of the mask {mask.name} follow a tracking marker, which cannot be read.",
                "Clear their parents in the Movie Clip editor, and give the mask shape keys instead.",
            )
    return None


def outlines_now(mask: bpy.types.Mask, size: tuple[float, float]) -> list[Floats]:
    """Return the outlines of a mask as they are now, corners (C, 2) in shares of the picture; for drawing."""
    return [in_picture(_polygons(_controls(spline)[None])[0], size) for _, _, spline in _closed(mask)]


class _evaluated:  # noqa: N801 - used like a function
    """A mask as it is on any frame, in an empty scene that is there meanwhile."""

    def __init__(self, mask: bpy.types.Mask) -> None:
        self._mask = mask

    def __enter__(self) -> Any:
        global _looking  # noqa: PLW0603 - there is one Blender
        _looking = True
        self._scene = bpy.data.scenes.new(".FLAME mask")
        return self._at

    def __exit__(self, *_: object) -> None:
        global _looking  # noqa: PLW0603
        bpy.data.scenes.remove(self._scene)
        _looking = False

    def _at(self, frame: int) -> Any:
        self._scene.frame_set(frame)
        graph = self._scene.view_layers[0].depsgraph
        return self._mask if graph is None else self._mask.evaluated_get(graph)


_looking = False


def is_looking() -> bool:
    """Whether masks are looked at now: what Blender tells of them then is no news."""
    return _looking


def _closed(mask: Any) -> Iterator[tuple[str, int, Any]]:
    """Yield layer and number of each outline that has an inside."""
    for layer in mask.layers:
        if not layer.hide_render:
            for number, spline in enumerate(layer.splines):
                if _has_inside(spline):
                    yield layer.name, number, spline


def _has_inside(spline: Any) -> bool:
    return spline.use_cyclic and len(spline.points) >= 3


def _controls(spline: Any) -> Floats:
    """Left handle, point and right handle of each point of a spline (P, 3, 2)."""
    return np.array([[tuple(each.handle_left), tuple(each.co), tuple(each.handle_right)] for each in spline.points])


def _polygons(controls: Floats) -> Floats:
    """Return an outline as corners (F, C, 2) of its handles and points on each frame (F, P, 3, 2).

    A piece that is straight on all frames has one corner, others `CURVE_STEPS`: the number is the same on all frames.
    """
    start, out = controls[:, :, 1], controls[:, :, 2]
    end, into = np.roll(start, -1, axis=1), np.roll(controls[:, :, 0], -1, axis=1)
    bent = np.maximum(_beside(out, start, end), _beside(into, start, end)).max(axis=0) > _STRAIGHT
    corners = []
    for piece in range(start.shape[1]):
        for share in np.arange(CURVE_STEPS if bent[piece] else 1) / CURVE_STEPS:
            weights = ((1 - share) ** 3, 3 * share * (1 - share) ** 2, 3 * share**2 * (1 - share), share**3)
            points = (start[:, piece], out[:, piece], into[:, piece], end[:, piece])
            corners.append(sum(weight * point for weight, point in zip(weights, points, strict=True)))
    return np.stack(corners, axis=1)


def _beside(point: Floats, start: Floats, end: Floats) -> Floats:
    """How far points (F, P, 2) lie beside the straight lines from starts to ends (F, P)."""
    along, to = end - start, point - start
    length = np.maximum(np.linalg.norm(along, axis=-1), 1e-9)
    return np.abs(along[..., 0] * to[..., 1] - along[..., 1] * to[..., 0]) / length


def in_picture(points: Floats, size: tuple[float, float]) -> Floats:
    """Return points of a mask (..., 2) in shares of the picture, from top left."""
    across, down = np.array(size) / max(size)
    return np.stack([(points[..., 0] - 0.5) / across + 0.5, 0.5 - (points[..., 1] - 0.5) / down], axis=-1)


def in_mask(points: Floats, size: tuple[float, float]) -> Floats:
    """Return points of the picture (..., 2), shares from top left, where a mask has them."""
    across, down = np.array(size) / max(size)
    return np.stack([(points[..., 0] - 0.5) * across + 0.5, 0.5 - (points[..., 1] - 0.5) * down], axis=-1)


def add_outline(mask: bpy.types.Mask, name: str, corners: Floats, size: tuple[float, float]) -> Any:
    """Add a layer with a straight outline to a mask, and return the layer.

    Args:
        mask: To change.
        name: Of the layer.
        corners: Shares of the picture, from top left (C, 2).
        size: Width and height of the picture.
    """
    layer = mask.layers.new(name=name)
    spline = layer.splines.new()
    spline.points.add(len(corners) - len(spline.points))
    for point, corner in zip(spline.points, in_mask(corners, size), strict=True):
        point.handle_left_type = point.handle_right_type = "VECTOR"
        point.co = corner.tolist()
        point.select = True
    spline.use_cyclic = True
    mask.layers.active = layer
    return layer


def select_points(mask: bpy.types.Mask, selected: bool) -> None:
    """Select all points of a mask, or none."""
    for layer in mask.layers:
        for spline in layer.splines:
            for point in spline.points:
                point.select = selected


def key_mask(mask: bpy.types.Mask, busy: bpy.types.Area | None = None) -> bool:
    """Give the selected points of a mask a key on the current frame; return whether Blender could.

    Blender's operator works in an editor that shows a mask: an area is such an editor for a moment.

    Args:
        mask: To be keyed.
        busy: Area that must stay as it is, as an operator works in it.
    """
    windows = bpy.context.window_manager.windows
    areas = list(windows[0].screen.areas) if windows else []
    area: Any = next((each for each in areas if each != busy), None)
    if area is None:
        return False
    before = area.type
    try:
        area.type = "IMAGE_EDITOR"
        editor: Any = area.spaces.active
        shown, mode = editor.mask, editor.mode
        editor.mode, editor.mask = "MASK", mask
        region = next(each for each in area.regions if each.type == "WINDOW")
        with bpy.context.temp_override(window=windows[0], area=area, region=region, space_data=editor):
            done = bpy.ops.mask.shape_key_insert() == {"FINISHED"}
        editor.mask, editor.mode = shown, mode
    finally:
        area.type = before
    return done
