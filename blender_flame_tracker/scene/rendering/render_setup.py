"""Render over the footage, made ready in one go: what the head does, engine, light, colors, lens, blur and grain."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import bpy

from ....backend.contract.failure import Notice
from ..camera.camera import footage_aspect, picture_aspect
from ..fitting_scene import FAITHFUL_VIEWS, use_standard_view, view_of
from ..footage.plate import is_straightened
from ..head.texture import PICTURE
from ..parts import Parts, has_lost_footage
from ..record import read_record
from ..stored import stored
from . import render_settings as settings
from .over_footage import lay_over_footage
from .render_finish import Finish, earlier_view, space_of
from .render_grain import grain_of_footage
from .render_light import light_the_render
from .render_roles import give_role
from .render_settings import RenderSettings

_SAME_SHAPE: Final = 2e-3
"""Share by which picture and footage may differ in shape: a size is whole pixels."""
_BLURRED: Final = "flame_motion_blur"
"""Custom property of the scene: motion blur was switched on here, and is switched off with the option."""
_ENGINES: Final = {settings.CYCLES: ("CYCLES",), settings.EEVEE: ("BLENDER_EEVEE_NEXT", "BLENDER_EEVEE")}
"""Names of the engines; EEVEE's is another one from 4.2 to 4.5."""


def set_up_render(
    scene: bpy.types.Scene, parts: Parts, wanted: RenderSettings, file: Path | None = None
) -> list[Notice]:
    """Let the scene be rendered over the footage of a track, through its camera.

    Args:
        scene: To set up.
        parts: Of the track.
        wanted: What is made of it.
        file: Track file, for the light.

    Returns:
        What the user should know.
    """
    notices = [*_set_engine(scene, wanted), *_texture_notices(parts, wanted)]
    _set_motion_blur(scene, on=wanted.motion_blur)
    given: Any = scene
    given.render.film_transparent = True
    given.camera = parts.camera
    if wanted.light != settings.KEEP:
        notices += light_the_render(scene, parts, file, with_sun=wanted.light == settings.LAMPS)
    notices += give_role(scene, parts, wanted.head)
    picture = _footage_of(parts)
    if picture is None or picture.clip is None:
        use_standard_view(scene)
        return [
            *notices,
            Notice("no-footage", "There is no footage behind the camera.", "Import with Footage on."),
        ]
    finish, said = _finish(scene, picture.clip, wanted)
    notices += said
    straighten = False
    if is_straightened(picture):
        straighten, said = _straightens(scene, picture, wanted)
        notices += said
        if not straighten:
            finish = replace(finish, lens=picture.clip, size=_size(scene))
    lay_over_footage(scene, picture.clip, picture.rotation, finish, straighten=straighten)
    return [*notices, *_range_notices(scene, parts)]


def _straightens(scene: bpy.types.Scene, picture: Any, wanted: RenderSettings) -> tuple[bool, list[Notice]]:
    """Whether footage whose lens bends lines is straightened, and not the render bent.

    The compositor bends a picture by the lens of the clip as it lies in its file: not one that is turned upright, nor
    one of another shape.
    """
    if wanted.lens == settings.UNDISTORT:
        return True, []
    shape = picture_aspect(scene) / footage_aspect(picture.clip)
    if picture.rotation == 0 and abs(shape - 1) < _SAME_SHAPE:
        return False, []
    words = "A render that is turned or of another shape than the clip can't be bent as its lens does."
    return True, [Notice("footage-straightened", words, "The footage is straightened instead.")]


def _set_engine(scene: bpy.types.Scene, wanted: RenderSettings) -> list[Notice]:
    """Choose the engine, and Cycles where it can't do what the head shall."""
    render: Any = scene.render
    names = _ENGINES.get(wanted.engine, ())
    for name in names:
        try:
            render.engine = name
            break
        except TypeError:  # Not in this Blender.
            continue
    can_catch = render.engine in ("CYCLES", *_ENGINES[settings.EEVEE])
    if (wanted.head == settings.SHADOW and not can_catch) or (
        wanted.head == settings.HOLDOUT and render.engine == "BLENDER_WORKBENCH"
    ):
        render.engine = "CYCLES"
    if wanted.head == settings.SHADOW and render.engine != "CYCLES" and render.use_single_layer:
        words = "Render Single Layer is on, so that the view layers with the shadows are not rendered."
        return [Notice("single-layer", words, "Switch it off in the properties of the view layer.")]
    return []


def _texture_notices(parts: Parts, wanted: RenderSettings) -> list[Notice]:
    if wanted.head != settings.RENDERED or stored(parts.collection, PICTURE, bpy.types.Image) is not None:
        return []
    return [
        Notice(
            "no-texture",
            "The head has no texture of the footage and is rendered plain.",
            "Track with the Texture node for a double of the person.",
        )
    ]


def _set_motion_blur(scene: bpy.types.Scene, *, on: bool) -> None:
    """Switch motion blur on, and off again only where it was switched on here."""
    if on and not scene.render.use_motion_blur:
        scene.render.use_motion_blur = True
        scene[_BLURRED] = True
    elif not on and _BLURRED in scene:
        scene.render.use_motion_blur = False
        del scene[_BLURRED]


def _finish(scene: bpy.types.Scene, clip: bpy.types.MovieClip, wanted: RenderSettings) -> tuple[Finish, list[Notice]]:
    """What is done to the render alone; the scene shows with Standard then."""
    view, exposure, notices = _view(scene, wanted)
    grain = None
    if wanted.grain > 0:
        found = grain_of_footage(clip, *_size(scene))
        grain = None if found is None else found.times(wanted.grain)
        if grain is None:
            notices.append(
                Notice(
                    "no-grain", "No part of the first frame is flat enough to measure grain.", "The render has none."
                )
            )
    return Finish(view, exposure, grain), notices


def _size(scene: bpy.types.Scene) -> tuple[int, int]:
    """Width and height of the render, pixels."""
    render = scene.render
    share = render.resolution_percentage / 100
    return round(render.resolution_x * share), round(render.resolution_y * share)


def _view(scene: bpy.types.Scene, wanted: RenderSettings) -> tuple[str | None, float, list[Notice]]:
    """View and exposure of the render, with the scene's own set so that footage is shown as filmed."""
    given: Any = scene
    shown: Any = scene.view_settings
    now = view_of(scene)
    tree = getattr(given, "compositing_node_group", None) or getattr(given, "node_tree", None)
    earlier = None if tree is None else earlier_view(tree)
    view, exposure, contrast = now, float(shown.exposure), str(shown.look)
    if now in FAITHFUL_VIEWS and earlier is not None:
        view, exposure = earlier
    notices: list[Notice] = []
    if not use_standard_view(scene):
        words = f"This color management has no view transform Standard, so {now} changes the footage too."
        return None, 0.0, [Notice("no-standard-view", words, "Choose the view that shows footage as it is.")]
    _neutral(shown)
    if wanted.view != settings.RENDER_ALONE or view in FAITHFUL_VIEWS:
        return None, 0.0, notices
    if space_of(view) is None:
        words = f"{view} has no color space of its own, so the render is shown with Standard."
        return None, 0.0, [Notice("view-not-kept", words, "AgX, Filmic, Khronos PBR Neutral and ACES can be kept.")]
    if contrast not in ("None", "") and now == view:
        words = f"The look {contrast} is not kept: it would change the footage too."
        notices.append(Notice("look-not-kept", words, "The render has the view's plain contrast."))
    return view, exposure, notices


def _neutral(shown: Any) -> None:
    """Take from a view what changes colors besides the transform."""
    shown.look, shown.exposure, shown.gamma = "None", 0.0, 1.0
    shown.use_curve_mapping = False
    if hasattr(shown, "use_white_balance"):  # Since 4.3.
        shown.use_white_balance = False


def _range_notices(scene: bpy.types.Scene, parts: Parts) -> list[Notice]:
    """Say where the scene goes on longer than the clip."""
    fit = read_record(parts.collection).fit
    if fit is None or (scene.frame_start >= fit.first and scene.frame_end <= fit.last):
        return []
    words = (
        f"The clip fills frames {fit.first} to {fit.last}; the scene renders {scene.frame_start} to {scene.frame_end}."
    )
    return [Notice("range-wider", words, "Fit Scene to Clip sets the range of the clip.")]


def _footage_of(parts: Parts) -> Any:
    """Return the camera's picture of the footage, also of one that the user has put there; None where there is none."""
    if has_lost_footage(parts.collection):
        return None  # Only to ask such a picture for its clip can end Blender.
    return next((each for each in parts.lens.background_images if _is_footage(each)), None)


def _is_footage(picture: bpy.types.CameraBackgroundImage) -> bool:
    return picture.source == "MOVIE_CLIP" and picture.clip is not None and picture.display_depth == "BACK"
