"""The colour of a head from all that a clip shows of it, without the clip's light: the work of the stage Texture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from ..contract.camera import Intrinsics, rotation_matrices
from ..contract.failure import Failure
from ..contract.settings import TextureSettings
from ..contract.shading import LIGHT_AXES
from ..contract.track import TRACKED, Track
from ..stages.data import Context, Video
from ..video.reader import read_frames
from .bake import Bake, Layout, add_frame, relit
from .light import LightFit, SkinLight, fit_light
from .likeness import psnr, ssim
from .rasterizer import cropped
from .rasterizer_numba import NumbaRasterizer
from .shading import vertex_normals
from .texture import linear_from_srgb, srgb_from_linear, texels
from .texture_fill import ENOUGH, completed

Array = NDArray[Any]

LIGHT_FRAMES: Final = 24
LIGHT_POINTS: Final = 1500
"""Vertices of the face on which light is looked for."""
COMPARED: Final = 8
"""Frames on which the textured head is compared with the footage."""
MARGIN: Final = 0.15


@dataclass(frozen=True)
class ClipTexture:
    """What a clip tells of a head's colour.

    Attributes:
        picture: sRGB (size, size, 3).
        facts: Size, frames, share of the face seen, light, and how like the footage the textured head is.
    """

    picture: NDArray[np.uint8]
    facts: dict[str, Any]


def clip_texture(track: Track, video: Video, settings: TextureSettings, context: Context) -> ClipTexture | Failure:
    """Bake the texture of a track from its footage."""
    clip = _Clip(track, video)
    chosen = spread_frames(track, settings.frames)
    if len(chosen) == 0:
        return Failure("no-face", "No frame of the track shows the face.", "Track a range in which it is seen.")
    light = _light(clip, chosen[_spread(len(chosen), LIGHT_FRAMES)], settings.remove_light)
    size = int(settings.size)
    bake, layout = _baked(clip, chosen, light, size, context)
    texture = completed(
        bake.mean(),
        bake.best,
        layout.raster,
        clip.faces,
        track.neutral_vertices.astype(np.float64),
        clip.corner_uv,
        track.regions,
    )
    return ClipTexture(srgb_from_linear(texture), _facts(clip, bake, layout, texture, light, chosen, size))


@dataclass
class _Clip:
    track: Track
    video: Video

    def __post_init__(self) -> None:
        self.faces = self.track.faces.astype(np.int32)
        self.corner_uv = self.track.uv.astype(np.float64)[self.track.uv_faces]
        self.rotation = rotation_matrices(self.track.head_rotation)

    def vertices(self, frame: int) -> Array:
        """Return all vertices in camera axes (V, 3)."""
        inside = self.track.vertices[frame].astype(np.float64)
        return inside @ self.rotation[frame].T + self.track.head_translation[frame]

    def pictures(self, frames: NDArray[np.int64]) -> Any:
        """Yield (frame, part of the picture around the head, 8-bit, its camera, vertices)."""
        for frame, picture in read_frames(self.video, np.sort(frames).tolist()):
            vertices = self.vertices(frame)
            window, camera = _window(vertices, self.track.intrinsics)
            if camera.width > 4 and camera.height > 4:
                yield frame, picture[window], camera, vertices


def _window(vertices: Array, camera: Intrinsics) -> tuple[tuple[slice, slice], Intrinsics]:
    depth = np.maximum(vertices[:, 2], 0.01)
    x = camera.focal_x * vertices[:, 0] / depth + camera.centre_x
    y = camera.focal_y * vertices[:, 1] / depth + camera.centre_y
    pad = MARGIN * max(float(np.ptp(x)), float(np.ptp(y)))
    left, right = int(max(x.min() - pad, 0)), int(min(x.max() + pad, camera.width - 1)) + 1
    top, bottom = int(max(y.min() - pad, 0)), int(min(y.max() + pad, camera.height - 1)) + 1
    if right <= left or bottom <= top:
        left, right, top, bottom = 0, 1, 0, 1
    return (slice(top, bottom), slice(left, right)), cropped(camera, left, top, right - left, bottom - top)


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


def _spread(count: int, most: int) -> NDArray[np.int64]:
    return np.unique(np.round(np.linspace(0, count - 1, min(count, most))).astype(np.int64))


@dataclass(frozen=True)
class _Lighting:
    light: SkinLight
    gain: dict[int, Array]
    used: bool

    def gain_of(self, frame: int) -> Array:
        """Return the gain of a frame: of the nearest one on which it is known."""
        nearest = min(self.gain, key=lambda known: abs(known - frame))
        return self.gain[nearest]


def _light(clip: _Clip, frames: NDArray[np.int64], wanted: bool) -> _Lighting:
    """Look for the light on the skin of the face."""
    track = clip.track
    points = _skin_points(track)
    values, normals, weights, shown = [], [], [], []
    for frame, picture, camera, vertices in clip.pictures(frames):
        value, normal, weight = _seen_points(clip, points, picture, camera, vertices)
        values.append(value)
        normals.append(normal)
        weights.append(weight * float(track.confidence[frame]))
        shown.append(frame)
    if not wanted or not values:
        coefficients = np.zeros((9, 3))
        coefficients[0] = 1
        return _Lighting(SkinLight(coefficients), {0: np.ones(3)}, False)
    found: LightFit = fit_light(np.stack(values), np.stack(normals), np.stack(weights))
    return _Lighting(found.light, dict(zip(shown, found.gain, strict=True)), True)


def _skin_points(track: Track) -> NDArray[np.int64]:
    """Return vertices of bare skin: the face without eyes, lips, brows and what lies behind the lips."""
    regions = track.regions
    chosen = np.zeros(len(track.neutral_vertices), dtype=bool)
    for name in ("face", "forehead"):
        chosen[regions.get(name, np.zeros(0, dtype=np.int64))] = True
    for name in regions:
        if any(part in name for part in ("eyeball", "lip", "mouth", "teeth", "tongue", "eyebrow", "eyelid", "iris")):
            chosen[regions[name]] = False
    points = np.flatnonzero(chosen)
    points = points if len(points) else np.arange(len(chosen))
    return points[_spread(len(points), LIGHT_POINTS)]


def _seen_points(
    clip: _Clip, points: NDArray[np.int64], picture: NDArray[np.uint8], camera: Intrinsics, vertices: Array
) -> tuple[Array, Array, Array]:
    """Return linear colours (N, 3), normals (N, 3) and visibility (N,) of vertices in a picture."""
    normals = vertex_normals(vertices, clip.faces)[points]
    depth = NumbaRasterizer(threads=1).rasterize(vertices, clip.faces, camera).depth
    place = vertices[points]
    x = (camera.focal_x * place[:, 0] / place[:, 2] + camera.centre_x).astype(np.float32)
    y = (camera.focal_y * place[:, 1] / place[:, 2] + camera.centre_y).astype(np.float32)
    smooth = cv2.GaussianBlur(linear_from_srgb(picture), (0, 0), max(1.0, camera.focal_x / place[:, 2].mean() * 0.002))
    value = cv2.remap(smooth, x[:, None], y[:, None], cv2.INTER_LINEAR)[:, 0].astype(np.float64)
    near = cv2.erode(np.where(np.isfinite(depth), depth, 0).astype(np.float32), np.ones((3, 3), np.uint8))
    column = np.clip(np.rint(x).astype(int), 0, camera.width - 1)
    row = np.clip(np.rint(y).astype(int), 0, camera.height - 1)
    inside = (x >= 0) & (y >= 0) & (x <= camera.width - 1) & (y <= camera.height - 1)
    facing = -(normals * place).sum(axis=1) / np.linalg.norm(place, axis=1)
    free = (near[row, column] > 0) & (place[:, 2] < near[row, column] + 0.008)
    bright = (value.max(axis=1) < 0.97) & (value.max(axis=1) > 0.004)
    return value, normals, inside * free * bright * np.clip((facing - 0.2) / 0.4, 0, 1)


def _sharpness(picture: NDArray[np.uint8]) -> float:
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    return float(cv2.Laplacian(grey, cv2.CV_32F).var())


def _baked(
    clip: _Clip, frames: NDArray[np.int64], lighting: _Lighting, size: int, context: Context
) -> tuple[Bake, Layout]:
    track = clip.track
    layout = Layout(texels(track.uv.astype(np.float64), track.uv_faces.astype(np.int32), size), clip.faces)
    bake = Bake.empty(size)
    sharpest = 1e-9
    for done, (frame, picture, camera, vertices) in enumerate(clip.pictures(frames)):
        context.check()
        sharp = _sharpness(picture)
        sharpest = max(sharpest, sharp)
        trust = float(track.confidence[frame]) * (0.1 + sharp / sharpest)
        add_frame(
            bake, layout, linear_from_srgb(picture), vertices, camera, lighting.light, lighting.gain_of(frame), trust
        )
        context.progress(done + 1, len(frames))
    return bake, layout


def _facts(
    clip: _Clip,
    bake: Bake,
    layout: Layout,
    texture: NDArray[np.float32],
    lighting: _Lighting,
    frames: NDArray[np.int64],
    size: int,
) -> dict[str, Any]:
    likeness = [
        _likeness(clip, texture, lighting, *shown) for shown in clip.pictures(frames[_spread(len(frames), COMPARED)])
    ]
    face = np.zeros(len(clip.track.neutral_vertices), dtype=bool)
    face[clip.track.regions.get("face", np.zeros(0, dtype=np.int64))] = True
    on_face = (layout.raster.ids >= 0) & face[clip.faces].all(axis=1)[layout.raster.ids]
    mean = np.mean(likeness, axis=0) if likeness else np.zeros(2)
    return {
        "size": size,
        "frames": len(frames),
        "seen": float((bake.best[on_face] > ENOUGH).mean()) if on_face.any() else 0.0,
        "light_removed": lighting.used,
        "light": lighting.light.coefficients.tolist(),
        "light_axes": LIGHT_AXES,
        "psnr": float(mean[0]),
        "ssim": float(mean[1]),
    }


def _likeness(
    clip: _Clip,
    texture: NDArray[np.float32],
    lighting: _Lighting,
    frame: int,
    picture: NDArray[np.uint8],
    camera: Intrinsics,
    vertices: Array,
) -> tuple[float, float]:
    """Return PSNR and SSIM of the textured, lit head over the face in a frame."""
    raster = NumbaRasterizer(threads=1).rasterize(vertices, clip.faces, camera)
    normals = vertex_normals(vertices, clip.faces)
    light = SkinLight(lighting.light.coefficients * lighting.gain_of(frame))
    drawn = srgb_from_linear(relit(texture, raster, clip.corner_uv, normals, clip.faces, light))
    face = np.zeros(len(vertices), dtype=bool)
    face[clip.track.regions.get("face", np.arange(len(vertices)))] = True
    mask = (raster.ids >= 0) & face[clip.faces].all(axis=1)[raster.ids]
    mask = cv2.erode(mask.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    if not mask.any():
        return 0.0, 0.0
    return psnr(picture, drawn, mask), ssim(picture, drawn, mask)
