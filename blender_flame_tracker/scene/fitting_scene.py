"""Rate, range, picture, camera and colours of the scene: set for a clip where nothing of the user's depends on them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

import bpy

from ...backend.contract.camera import Intrinsics, blender_lens
from ...backend.contract.failure import Notice
from . import starting_scene
from .timeline import Timeline, blender_rate

FITTED: Final = "flame_fitted"
"""Custom property of the scene: JSON of what it was given last, by the name of the part."""

_PATHS: Final = (
    "frame_start",
    "frame_end",
    "frame_current",
    "view_settings.view_transform",
    *(f"render.{name}" for name in ("fps", "fps_base", "resolution_x", "resolution_y", "resolution_percentage")),
    "render.pixel_aspect_x",
    "render.pixel_aspect_y",
)

FAITHFUL_VIEWS: Final = ("Standard", "Raw")
"""View transforms that give the colours of footage back as they are."""


@dataclass(frozen=True)
class Fit:
    """What a scene has that shows a clip frame by frame.

    Attributes:
        rate: Frames per second.
        first, last: Frames of the scene that the clip fills.
        width, height: Of the picture, pixels.
        pixel_aspect: As render settings have it (x, y).
    """

    rate: Fraction
    first: int
    last: int
    width: int
    height: int
    pixel_aspect: tuple[float, float]

    @property
    def parts(self) -> dict[str, list[float]]:
        """Name of a part of the scene's settings -> its values, as `scene_parts` returns them."""
        fps, base = blender_rate(self.rate)
        return {
            "rate": [fps / base],
            "range": [self.first, self.last],
            "picture": [self.width, self.height, 100, *self.pixel_aspect],
        }


@dataclass(frozen=True)
class SceneChanges:
    """What an import will set.

    Attributes:
        parts: Names of the parts of the scene's settings.
        camera: Whether the scene is seen through the clip's camera, also where it had one.
        view: Whether colours will be shown as they are in the footage.
    """

    parts: frozenset[str] = frozenset()
    camera: bool = False
    view: bool = False


def fit_of(timeline: Timeline, rate: Fraction, intrinsics: Intrinsics) -> Fit:
    """Return what a scene has that shows the clip.

    Args:
        timeline: Of the import.
        rate: Of the clip.
        intrinsics: For picture size and pixel aspect.
    """
    lens = blender_lens(intrinsics)
    aspect = (lens.pixel_aspect_x, lens.pixel_aspect_y)
    return Fit(rate, timeline.first, timeline.last, intrinsics.width, intrinsics.height, aspect)


def scene_parts(scene: bpy.types.Scene) -> dict[str, list[float]]:
    """Return what a scene has now: rate; first and last frame; picture's width, height, percentage, pixel aspect."""
    render = scene.render
    return {
        "rate": [render.fps / render.fps_base],
        "range": [scene.frame_start, scene.frame_end],
        "picture": [
            render.resolution_x,
            render.resolution_y,
            render.resolution_percentage,
            render.pixel_aspect_x,
            render.pixel_aspect_y,
        ],
    }


def plan_for(
    scene: bpy.types.Scene, collection: bpy.types.Collection | None, earlier: Fit | None, how: str
) -> SceneChanges:
    """Return what of a scene an import may set; the rest stays as the user has it. Changes nothing.

    Args:
        scene: Of the import.
        collection: Of an earlier import of the same track; None at the first one.
        earlier: What that wanted, where it is known.
        how: ``auto`` sets what is as Blender starts a scene that holds nothing, and what is still as the last import
            of this track left it; ``always`` sets all; ``never`` nothing.
    """
    new = collection is None
    if how == "always":
        return SceneChanges(frozenset(_WRITERS), True, new)
    if how == "never":
        return SceneChanges()
    empty = new and starting_scene.is_empty(scene)
    plain_view = view_of(scene) in starting_scene.VIEWS
    camera = empty and starting_scene.is_start_camera(scene)
    return SceneChanges(frozenset(_free_parts(scene, earlier, empty)), camera, empty and plain_view)


def fit_scene(scene: bpy.types.Scene, camera: bpy.types.Object, fit: Fit, plan: SceneChanges) -> None:
    """Set what was planned; a scene without a camera gets that of the track in any case."""
    _write(scene, fit, plan.parts)
    if plan.camera or scene.camera is None:
        scene.camera = camera
    if plan.view:
        use_standard_view(scene)


def fit_all(scene: bpy.types.Scene, camera: bpy.types.Object, fit: Fit) -> None:
    """Give the scene all that the clip wants, as the user has asked for it."""
    fit_scene(scene, camera, fit, SceneChanges(frozenset(_WRITERS), True))


def kept(scene: bpy.types.Scene, camera: bpy.types.Object, fit: Fit) -> list[str]:
    """Return in words what of the scene is not as the clip wants it; empty where all is."""
    now = scene_parts(scene)
    words = {
        "rate": f"frame rate ({now['rate'][0]:.5g}, the clip has {float(fit.rate):.5g})",
        "range": "frame range",
        "picture": "resolution",
    }
    different = [words[name] for name, values in fit.parts.items() if not _same(values, now[name])]
    return different + (["camera"] if scene.camera != camera else [])


def notices(scene: bpy.types.Scene, camera: bpy.types.Object, fit: Fit) -> list[Notice]:
    """Say in one line what the scene keeps."""
    words = kept(scene, camera, fit)
    if not words:
        return []
    *others, last = words
    listed = f"{', '.join(others)} and {last}" if others else last
    return [Notice("scene-kept", f"The scene keeps its {listed}.", "Fit Scene to Clip gives it what the clip wants.")]


def settings_of(scene: bpy.types.Scene) -> dict[str, Any]:
    """Return all that `fit_scene` may change, but the camera."""
    return {path: scene.path_resolve(path) for path in _PATHS}


def give_back(scene: bpy.types.Scene, settings: dict[str, Any]) -> None:
    """Set what `settings_of` returned."""
    for path, value in settings.items():
        owner, _, name = path.rpartition(".")
        target = scene.path_resolve(owner) if owner else scene
        if getattr(target, name) != value:
            setattr(target, name, value)


def use_standard_view(scene: bpy.types.Scene) -> bool:
    """Show colours as they are in the footage; return whether the scene's colour management can do that."""
    view: Any = scene.view_settings
    try:
        view.view_transform = FAITHFUL_VIEWS[0]
    except TypeError:  # A studio's own colour management has other names.
        return view.view_transform in FAITHFUL_VIEWS
    return True


def is_faithful(scene: bpy.types.Scene) -> bool:
    """Return whether footage is seen in its own colours."""
    return view_of(scene) in FAITHFUL_VIEWS


def view_of(scene: bpy.types.Scene) -> str:
    """Return the name of the scene's view transform."""
    settings: Any = scene.view_settings
    return settings.view_transform


def _free_parts(scene: bpy.types.Scene, earlier: Fit | None, empty: bool) -> set[str]:
    """Parts of the scene's settings on which nothing of the user's depends."""
    now = scene_parts(scene)
    if earlier is not None:
        return {name for name, values in earlier.parts.items() if _same(values, now[name])}
    if not empty:
        return set()
    left = _left_by_us(scene)
    return {
        name
        for name, values in now.items()
        if _same(values, starting_scene.PARTS[name]) or _same(values, left.get(name, []))
    }


def _left_by_us(scene: bpy.types.Scene) -> dict[str, list[float]]:
    """What an import gave the scene whose collection may be gone by now."""
    try:
        content: Any = json.loads(str(scene.get(FITTED, "")))
    except ValueError:
        return {}
    return {name: each for name, each in content.items() if isinstance(each, list)} if isinstance(content, dict) else {}


def _same(values: list[float], others: list[float]) -> bool:
    """Whether two parts are equal; Blender keeps some of these numbers in single precision."""
    return len(values) == len(others) and all(
        isinstance(b, (int, float)) and abs(a - b) <= 1e-5 * abs(a) for a, b in zip(values, others, strict=True)
    )


def _write(scene: bpy.types.Scene, fit: Fit, parts: frozenset[str]) -> None:
    for name in parts:
        _WRITERS[name](scene, fit)
    if parts:
        now = scene_parts(scene)
        scene[FITTED] = json.dumps({**_left_by_us(scene), **{name: now[name] for name in parts}})


def _write_rate(scene: bpy.types.Scene, fit: Fit) -> None:
    scene.render.fps, scene.render.fps_base = blender_rate(fit.rate)


def _write_range(scene: bpy.types.Scene, fit: Fit) -> None:
    scene.frame_start, scene.frame_end = fit.first, fit.last
    scene.frame_set(fit.first)


def _write_picture(scene: bpy.types.Scene, fit: Fit) -> None:
    render = scene.render
    render.resolution_x, render.resolution_y = fit.width, fit.height
    render.resolution_percentage = 100
    render.pixel_aspect_x, render.pixel_aspect_y = fit.pixel_aspect


_WRITERS: Final[dict[str, Callable[[bpy.types.Scene, Fit], None]]] = {
    "rate": _write_rate,
    "range": _write_range,
    "picture": _write_picture,
}
