"""Texture of a head from its clip, without the clip's light: the work of the stage Texture."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from ..contract.arrays import Array, Integers, Picture
from ..contract.camera import Intrinsics, project, rotation_matrices
from ..contract.failure import Failure, Notice
from ..contract.names import INNER_LIPS_UPPER
from ..contract.settings import TextureSettings
from ..contract.shading import BUILT_IN_SPACE, LIGHT_AXES, LIGHT_TERMS, Shading
from ..contract.track import TRACKED, Track
from ..data.context import Context
from ..data.types import Video
from ..fit.evidence.key_frames import choose_turned_frames
from ..head.albedo.albedo_space import built_in_space_of_track
from ..lighting.clip_light import LIGHT_FRAMES, filmed_head, shading_of
from ..lighting.skin_colours import FilmedHead, evenly
from ..lighting.skin_mask import filmed_pictures, fit_skin_mask, hidden_part
from ..raster.normals import vertex_normals
from ..raster.rasterizer import NEAR
from ..raster.rasterizer_numba import NumbaRasterizer
from ..render.srgb import linear_from_srgb, srgb_from_linear
from ..render.texture import grow_borders, texels
from ..video.excluded_pixels import ExcludedPixels
from .bake import ANYTHING, RATHER_SKIN, SKIN_ALONE, Bake, FramePicture, TexelLayout, add_frame, relit
from .hair import HairColours, above_the_brows, person_mask_of
from .inpaint import ENOUGH, Hints, inpaint_texture
from .metrics import PARTS, psnr, ssim, visible_parts
from .openings import MouthColours, layers_of, openings
from .other_shots import Shot
from .several_shots import ShotTexture, faded_out, joined, scale_between, share_of

TOO_DARK: Final = "too-dark"
"""Code of the failure where no frame tells a colour."""
BORDER: Final = 8
"""Texels by which plain skin reaches over the seams."""
COMPARED: Final = 8
"""Frames on which the textured head is compared with the footage."""
_HIDDEN_SHARE: Final = 0.01
"""How much of its weight a place keeps where hair or a hand hides the skin: less than what its mirror image counts."""
_ANYTHING: Final = ("scalp", "eyeball", "iris", "mouth", "teeth", "tongue")
_RATHER_SKIN: Final = ("lip", "eyebrow", "eyelid", "eye_region")
"""Parts of the names of regions, see `bake.ANYTHING` and `bake.RATHER_SKIN`."""
_BLACK, _BLOWN_OUT = 6, 250
"""8-bit values of the brightest channel between which a pixel tells of a colour."""
_TELLING: Final = 0.2
"""Share of the face's pixels between these, from which down a frame is left out."""
_DARK_GAIN: Final = 0.35
"""Frames that are darker than this against the others count less and less: their grain is large."""


@dataclass(frozen=True)
class ClipTexture:
    """What a clip tells of a head's colour.

    Attributes:
        picture: sRGB (size, size, 3).
        facts: Size, frames, share of the face seen, light, and how like the footage the textured head is.
    """

    picture: NDArray[np.uint8]
    facts: dict[str, Any]


def clip_texture(
    track: Track,
    video: Video,
    settings: TextureSettings,
    context: Context,
    hidden: ExcludedPixels | None = None,
    others: Sequence[Shot] = (),
) -> ClipTexture | Failure:
    """Bake the texture of a track from its footage, with the track's light where it has one.

    Args:
        track, video, settings, context: As for every stage.
        hidden: Tells which pixels shall not count; None where all do.
        others: More shots of the person, which give to the same texture.
    """
    first = _clip_of(Shot("", track, video, hidden), settings, context)
    if isinstance(first, Failure):
        return first
    more = _clips_of(others, settings, context)
    size = int(settings.size)
    frames = sum(len(clip.frames) for clip in (first, *more))
    started = time.perf_counter()
    base, layout, used = _baked(first, size, context, 0, frames)
    if len(used) == 0:
        return Failure(TOO_DARK, "On all frames the face is black or blown out.", "Track a range with better light.")
    whole, shots = _with_others(base, layout, (first, *more), used, context)
    texture = inpaint_texture(
        whole.bake.mean(),
        whole.bake.best,
        layout.raster,
        first.head.faces,
        track.neutral_vertices.astype(np.float64),
        first.corner_uv,
        track.regions,
        whole.hints,
    )
    seconds = time.perf_counter() - started
    facts = _facts(first, whole.bake, layout, texture, used)
    if others:
        facts["shots"] = shots
    return ClipTexture(srgb_from_linear(texture), {**facts, "bake_seconds": round(seconds, 2)})


def _with_others(
    base: ShotTexture, layout: TexelLayout, clips: Sequence[_Clip], used: Integers, context: Context
) -> tuple[ShotTexture, list[dict[str, Any]]]:
    """Return what all shots tell together, and for each what went in; those that cannot are left out.

    Args:
        base: What the first shot tells.
        layout: Of the texture.
        clips: The shots.
        used: Frames of the first that told something.
        context: For notices and progress.
    """
    size, first = len(base.bake.weight), clips[0]
    frames, done = sum(len(clip.frames) for clip in clips), len(first.frames)
    shots: list[tuple[ShotTexture, Array, dict[str, Any]]] = []
    for clip in clips[1:]:
        shot, _, baked = _baked(clip, size, context, done, frames)
        done += len(clip.frames)
        scale = scale_between(base.bake, shot.bake, layout)
        if scale is None:
            why = "It shows too little skin that this shot shows too, to bring its colours to the same scale."
            _leave_out(clip.name, why, "Name a shot that shows more of the same side.", context)
            continue
        facts = {"track": clip.name, "frames": len(baked), "scale": [round(float(value), 4) for value in scale]}
        shots.append((faded_out(shot), scale, facts))
    first_facts: dict[str, Any] = {"frames": len(used)}
    if not shots:
        return base, [{**first_facts, "share": 1.0}]
    whole = faded = faded_out(base)
    for shot, scale, _ in shots:
        whole = joined(whole, shot, scale)
    on_face = _face_texels(first, layout)
    every = [(faded, first_facts), *((shot, facts) for shot, _, facts in shots)]
    return whole, [{**facts, "share": round(share_of(shot.bake, whole.bake, on_face), 4)} for shot, facts in every]


def _leave_out(name: str, why: str, advice: str, context: Context) -> None:
    context.notice(Notice("texture-shot-left-out", f"The texture has nothing of {name}. {why}", advice))


def _clips_of(others: Sequence[Shot], settings: TextureSettings, context: Context) -> list[_Clip]:
    """Return the other shots, ready to be baked; those that show nothing are left out with a notice."""
    clips = []
    for shot in others:
        clip = _clip_of(shot, settings, context)
        if isinstance(clip, Failure):
            _leave_out(shot.name, clip.sentence, clip.advice, context)
        else:
            clips.append(clip)
    return clips


def _clip_of(shot: Shot, settings: TextureSettings, context: Context) -> _Clip | Failure:
    """Return a shot with the frames to bake, what hides its skin, and its light."""
    track, video = shot.track, shot.video
    chosen = spread_frames(track, settings.frames)
    if len(chosen) == 0:
        return Failure("no-face", "No frame of the track shows the face.", "Track a range in which it is seen.")
    head = filmed_head(track)
    skin_mask = fit_skin_mask(head, track.neutral_vertices.astype(np.float64), video, chosen, context, shot.hidden)
    if skin_mask is None:
        return Failure(
            "video-unreadable",
            f"No frame of {video.path.name} can be decoded any more.",
            "Check that the file is still there, and close other programs in case memory is short.",
        )
    head = replace(head, skin_mask=skin_mask)
    shading = _shading(head, track, video, chosen, context) if settings.remove_light else None
    light = shading or _no_light(len(track))
    return _Clip(shot.name, track, video, head, light, chosen, shading is not None, shot.hidden)


def texture_to_draw(track: Track, video: Video, settings: TextureSettings, context: Context) -> Picture | Failure:
    """Return the baked texture, or plain skin, with a notice, where the pictures are too dark or too bright to tell.

    For those who need some texture to draw with, and whose mesh is right without it.
    """
    baked = clip_texture(track, video, settings, context)
    if isinstance(baked, ClipTexture):
        return baked.picture
    if baked.code != TOO_DARK:
        return baked
    context.notice(Notice("texture-plain", f"{baked.sentence} The head gets plain skin."))
    raster = texels(track.uv.astype(np.float64), track.uv_faces.astype(np.int32), int(settings.size))
    plain = raster.interpolate(built_in_space_of_track(track).mean, track.faces).astype(np.float32)
    return np.rint(255 * grow_borders(plain, raster, BORDER)).astype(np.uint8)


@dataclass
class _Clip:
    name: str
    track: Track
    video: Video
    head: FilmedHead
    shading: Shading
    frames: Integers
    lit: bool
    hidden: ExcludedPixels | None = None

    def __post_init__(self) -> None:
        self.corner_uv = self.track.uv.astype(np.float64)[self.track.uv_faces]

    def pictures(self, frames: Integers) -> Iterator[tuple[int, NDArray[np.uint8], Intrinsics, Array]]:
        """Yield (frame, part of the picture around the head, its camera, vertices)."""
        yield from filmed_pictures(self.head, self.video, frames)

    def light(self, frame: int) -> Array:
        """Return light times gain (9, 3)."""
        return self.shading.at(frame)


def _shading(head: FilmedHead, track: Track, video: Video, frames: Integers, context: Context) -> Shading | None:
    """The track's light where it has one, else what the frames that are baked tell of it."""
    if track.shading is not None:
        return track.shading
    trust = np.zeros(len(track))
    trust[frames] = head.trust[frames]
    rotation = rotation_matrices(track.head_rotation[frames])
    looks = frames[choose_turned_frames(rotation, track.time[frames], trust[frames], LIGHT_FRAMES)]
    solved = shading_of(replace(head, trust=trust), looks, video, built_in_space_of_track(track), context)
    return None if solved is None else solved[0]


def _no_light(frames: int) -> Shading:
    light = np.zeros((frames, LIGHT_TERMS, 3), dtype=np.float32)
    light[:, 0] = 1
    return Shading(light, np.ones((frames, 3), dtype=np.float32), np.zeros(0, dtype=np.float32), BUILT_IN_SPACE)


def spread_frames(track: Track, most: int) -> NDArray[np.int64]:
    """Return tracked frames, as different in turn as possible, the surest first among alike ones; ascending."""
    good = np.flatnonzero((track.status == TRACKED) & (track.confidence > 0.3 * np.max(track.confidence, initial=0)))
    if len(good) <= most:
        return good.astype(np.int64)
    turn = rotation_matrices(track.head_rotation[good])[:, 2] / 0.1
    mouth = np.linalg.norm(track.jaw_pose[good], axis=1, keepdims=True) / 0.1
    features = np.concatenate([turn, mouth, track.time[good, None] / 10], axis=1)
    chosen = [int(np.argmax(track.confidence[good]))]
    distance = np.full(len(good), np.inf)
    for _ in range(most - 1):
        distance = np.minimum(distance, np.linalg.norm(features - features[chosen[-1]], axis=1))
        chosen.append(int(np.argmax(distance * track.confidence[good])))
    return np.unique(good[chosen]).astype(np.int64)


def _sharpness(picture: NDArray[np.uint8]) -> float:
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    return float(cv2.Laplacian(grey, cv2.CV_32F).var())


def _baked(
    clip: _Clip, size: int, context: Context, before: int, total: int
) -> tuple[ShotTexture, TexelLayout, Integers]:
    """Return what a shot tells, its layout, and the frames that told something.

    Args:
        clip: The shot.
        size: Of the texture.
        context: For progress: so many frames are done before, of a total.
        before, total: These.
    """
    track, head, frames = clip.track, clip.head, clip.frames
    raster = texels(track.uv.astype(np.float64), track.uv_faces.astype(np.int32), size)
    layers = layers_of(len(track.neutral_vertices), track.regions, head.faces)
    layout = TexelLayout(raster, head.faces, layers, _may_show(track))
    bake = Bake.empty(size)
    used, mouth = [], MouthColours()
    hair_colours = HairColours(track.neutral_vertices.astype(np.float64), head.faces, track.regions)
    person, looked_at = person_mask_of(context), frames[evenly(len(frames), COMPARED)]
    face = np.asarray(track.regions.get("face", np.arange(len(track.neutral_vertices))))
    for done, (frame, picture, camera, vertices) in enumerate(clip.pictures(frames)):
        context.check()
        if not _is_exposed(picture, camera, vertices[face]):
            continue
        used.append(frame)
        skin = np.full(picture.shape[:2], 1.0, dtype=np.float32)
        if head.skin_mask is not None:
            skin = _HIDDEN_SHARE + (1 - _HIDDEN_SHARE) * head.skin_mask(frame, picture, camera, vertices)
        weight = np.where(picture.max(axis=2) < _BLOWN_OUT, np.float32(1.0), np.float32(_HIDDEN_SHARE))
        hidden = hidden_part(clip.hidden, head, frame, picture, camera)
        if hidden is not None:
            weight[hidden] = 0.0
        bright = min(float(clip.shading.gain[frame].min()) / _DARK_GAIN, 1.0)
        trust = float(track.confidence[frame]) * (1.0 + _sharpness(picture)) * bright**2
        linear = linear_from_srgb(picture)
        moved = (camera.centre_x - track.intrinsics.centre_x, camera.centre_y - track.intrinsics.centre_y)
        shown = openings(linear, track.landmarks[frame] + moved)
        if hidden is None or (track.landmark_visibility[frame, list(INNER_LIPS_UPPER)] > 0).all():
            mouth.add(linear, shown, clip.light(frame))
        if person is not None:
            share = person(picture)
            weight = weight * share
            if frame in looked_at:
                hair_colours.add(linear, share, vertices, camera, clip.light(frame))
        light = clip.light(frame)
        add_frame(bake, layout, FramePicture(linear, skin, weight, camera, vertices, light, trust, shown))
        context.progress(before + done + 1, total)
    hints = Hints(*hair_colours.mean(), mouth.teeth(), mouth.depth())
    return ShotTexture(bake, hints), layout, np.array(used, dtype=np.int64)


def _is_exposed(picture: NDArray[np.uint8], camera: Intrinsics, vertices: Array) -> bool:
    """Whether enough of the face (N, 3) is neither black nor blown out."""
    column, row = np.rint(project(vertices, camera, nearest=NEAR)).astype(int).T
    inside = (column >= 0) & (row >= 0) & (column < camera.width) & (row < camera.height)
    value = picture[row[inside], column[inside]].max(axis=1)
    return bool(len(value)) and float(((value > _BLACK) & (value < _BLOWN_OUT)).mean()) > _TELLING


def _may_show(track: Track) -> NDArray[np.int8]:
    """Return what the triangles (F,) may show, see `bake.TexelLayout`."""
    shows = np.full(len(track.neutral_vertices), SKIN_ALONE, dtype=np.int8)
    for words, value in ((_RATHER_SKIN, RATHER_SKIN), (_ANYTHING, ANYTHING)):
        for name, vertices in track.regions.items():
            if any(word in name for word in words):
                shows[vertices] = value
    # Hair hangs there, and shines as skin does nowhere else.
    high = above_the_brows(track.neutral_vertices.astype(np.float64), track.regions)
    shows[high & (shows == SKIN_ALONE)] = RATHER_SKIN
    return shows[track.faces].min(axis=1)


def _facts(
    clip: _Clip, bake: Bake, layout: TexelLayout, texture: NDArray[np.float32], frames: Integers
) -> dict[str, Any]:
    compared = frames[evenly(len(frames), COMPARED)]
    likeness = [_likeness(clip, texture, *shown) for shown in clip.pictures(compared)]
    mean = {part: np.mean([one[part] for one in likeness if part in one] or [(0.0, 0.0)], axis=0) for part in PARTS}
    on_face = _face_texels(clip, layout)
    return {
        "size": len(texture),
        "frames": len(frames),
        "seen": float((bake.best[on_face] > ENOUGH).mean()) if on_face.any() else 0.0,
        "light_removed": clip.lit,
        "light": clip.shading.light[frames].mean(axis=0).tolist(),
        "light_axes": LIGHT_AXES,
        "psnr": float(mean["face"][0]),
        "ssim": float(mean["face"][1]),
        "parts": {part: {"psnr": float(value[0]), "ssim": float(value[1])} for part, value in mean.items()},
    }


def _face_texels(clip: _Clip, layout: TexelLayout) -> NDArray[np.bool_]:
    """Return the texels (S, S) of the face."""
    face = np.zeros(len(clip.track.neutral_vertices), dtype=bool)
    face[clip.track.regions.get("face", np.zeros(0, dtype=np.int64))] = True
    return (layout.raster.ids >= 0) & face[clip.head.faces].all(axis=1)[layout.raster.ids]


def _likeness(
    clip: _Clip,
    texture: NDArray[np.float32],
    frame: int,
    picture: NDArray[np.uint8],
    camera: Intrinsics,
    vertices: Array,
) -> dict[str, tuple[float, float]]:
    """Return PSNR and SSIM of the textured, lit head in a frame, over each part of it that the frame shows."""
    faces = clip.head.faces
    raster = NumbaRasterizer(threads=1).rasterize(vertices, faces, camera)
    normals = vertex_normals(vertices, faces)
    drawn = srgb_from_linear(relit(texture, raster, clip.corner_uv, normals, faces, clip.light(frame)))
    masks = visible_parts(raster.ids, faces, clip.track.regions)
    return {
        part: (psnr(picture, drawn, mask), ssim(picture, drawn, mask)) for part, mask in masks.items() if mask.any()
    }
