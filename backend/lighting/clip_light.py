"""Light, exposure, white balance and albedo of a filmed head: what the stages Appearance and Texture ask for.

What a frame shows of a point is albedo x gain x light(normal). From frames that differ as much as possible come the
light of the clip and the colours of the points, held near what the albedo space can be; with these every frame gives
its gain in each channel, and its own light where that is asked for. The mathematics are in `light_solver`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np

from ..contract.arrays import Array, Integers
from ..contract.camera import rotation_matrices
from ..contract.failure import Notice
from ..contract.shading import BUILT_IN_SPACE, Shading
from ..contract.track import TRACKED, Track
from ..data.context import Context
from ..data.types import Fit, Video
from ..fit.evidence.key_frames import choose_turned_frames
from ..head.albedo.albedo_file import space_for
from ..head.albedo.albedo_space import AlbedoSpace
from ..head.model import HeadModel
from ..head.skinning import pose_vertices
from ..video.excluded_pixels import ExcludedPixels
from ..video.reader import read_frames
from .light_solver import PointSpace, frame_shading, shows_enough_skin, solve_light
from .skin_colours import FilmedHead, SkinObservation, evenly, observe_skin, skin_points
from .skin_mask import fit_skin_mask

CLIP, FRAME = "clip", "frame"
"""One light for the clip, or one for each frame that changes smoothly."""
LIGHT_FRAMES: Final = 40
"""Frames from which light and colours are taken."""
THINNED_POINTS: Final = 700
"""Points from which every frame's gain and own light are taken."""
_CHUNK: Final = 32
"""Frames posed at once."""
_TOO_DARK: Final = "Pictures that are neither black nor blown out are needed."


def lit_fit(
    fit: Fit, head: HeadModel, video: Video, light: str, context: Context, hidden: ExcludedPixels | None = None
) -> Fit:
    """Return a fit with its shading, by the albedo space that the folder of models has for its head.

    Where no frame shows enough skin the fit is returned as it is, with a notice. Arguments as for `clip_shading`.
    """
    space, unfit = space_for(head, context.models)
    if unfit is not None:
        context.notice(unfit)
    solved = clip_shading(fit, head, video, space, context, light=light, hidden=hidden)
    if solved is None:
        context.notice(Notice("light-unknown", "No frame shows enough skin to tell the light by.", _TOO_DARK))
        return fit
    shading, psnr = solved
    reported = {
        "space": space.name,
        "code": [float(value) for value in shading.albedo],
        "psnr": round(psnr, 2),
        "exposure_spread": [round(float(value), 4) for value in shading.gain.std(axis=0)],
    }
    return replace(fit, shading=shading, report=replace(fit.report, shading=reported))


def clip_shading(
    fit: Fit,
    head: HeadModel,
    video: Video,
    space: AlbedoSpace,
    context: Context,
    *,
    light: str = CLIP,
    hidden: ExcludedPixels | None = None,
) -> tuple[Shading, float] | None:
    """Return light, gain and albedo of a finished fit, and how like the skin they are (PSNR, dB); see `ClipLight`.

    None where no frame shows enough skin.

    Args:
        fit: The fit.
        head: Its head.
        video: Its footage, which is read again.
        space: What the albedo may be.
        context: Of the stage.
        light: `CLIP` or `FRAME`.
        hidden: Tells which pixels shall not count; None where all do.
    """
    trust = np.where(fit.status == TRACKED, fit.confidence, 0.0)
    filmed = FilmedHead(
        head.faces.astype(np.int32),
        head.regions,
        fit.intrinsics,
        _in_camera(fit, head),
        head.vertex_count,
        trust,
        fit.landmarks.shot,
        zoom=fit.zoom,
    )
    turned = np.flatnonzero(trust > 0)
    chosen = turned[choose_turned_frames(fit.rotation[turned], fit.landmarks.time[turned], trust[turned], LIGHT_FRAMES)]
    neutral = head.template + head.identity_basis @ fit.pose.identity
    filmed = replace(filmed, skin_mask=fit_skin_mask(filmed, neutral, video, chosen, context, hidden))
    return shading_of(filmed, chosen, video, space, context, light=light)


def filmed_head(track: Track) -> FilmedHead:
    """Return the head of a track as `shading_of` takes it."""
    rotation = rotation_matrices(track.head_rotation)

    def vertices(frame: int) -> Array:
        return track.vertices[frame].astype(np.float64) @ rotation[frame].T + track.head_translation[frame]

    return FilmedHead(
        track.faces.astype(np.int32),
        track.regions,
        track.intrinsics,
        vertices,
        len(track.neutral_vertices),
        np.where(track.status == TRACKED, track.confidence, 0.0),
        track.shot,
        zoom=track.zoom,
    )


def shading_of(
    head: FilmedHead, chosen: Integers, video: Video, space: AlbedoSpace | None, context: Context, *, light: str = CLIP
) -> tuple[Shading, float] | None:
    """As `clip_shading`, from the chosen frames; without a space the albedo is held near one colour, its code empty."""
    points = skin_points(head)
    thin = evenly(len(points.index), THINNED_POINTS)
    observations: dict[int, SkinObservation] = {}
    thinned: dict[int, SkinObservation] = {}
    wanted = set(chosen.tolist())
    for frame, picture in read_frames(video, np.flatnonzero(head.trust > 0).tolist()):
        context.check()
        observation = observe_skin(head, points, frame, picture)
        if observation is None:
            continue
        thinned[frame] = SkinObservation(observation.value[thin], observation.normals[thin], observation.weight[thin])
        if frame in wanted and shows_enough_skin(observation, points.plain):
            observations[frame] = observation
    if not observations:
        return None
    known = None if space is None else PointSpace(space.mean[points.index], space.basis[points.index])
    estimated = solve_light(observations, head.trust, points.plain, known)
    few = replace(estimated, colour=estimated.colour[thin])
    gains, lights = frame_shading(thinned, points.plain[thin], few, head.shot, light_by_frame=light == FRAME)
    kind = BUILT_IN_SPACE if space is None else space.kind
    return Shading(lights, gains, estimated.code.astype(np.float32), kind), estimated.psnr


def _in_camera(fit: Fit, head: HeadModel) -> Callable[[int], Array]:
    """Return what gives the vertices of a frame; frames are posed in chunks, as neighbours are asked for in turn."""
    posed: dict[int, Array] = {}

    def vertices(frame: int) -> Array:
        first = frame - frame % _CHUNK
        if first not in posed:
            posed.clear()
            posed[first] = pose_vertices(head, fit.pose, slice(first, first + _CHUNK), np.float32)
        return posed[first][frame - first] @ fit.rotation[frame].T + fit.translation[frame]

    return vertices
