"""Videos in the research tracker's way: a crop per frame with a fixed angle of view, one file per frame."""

from __future__ import annotations

import dataclasses
import json
import pickle
import tempfile
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from ..aligned.camera import square_camera
from ..aligned.crop import cut
from ..cli.session import MODELS
from ..contract.atomic import write_atomically
from ..contract.camera import project
from ..contract.failure import Failure
from ..contract.settings import FaceSettings, LandmarkSettings, VideoSettings
from ..contract.track import MISSING, TRACKED
from ..head.model import Floats, Integers
from ..head.skinning import pose_vertices, select_frames
from ..landmarks.crop import Picture, Region, apply, inverse
from ..regress.starts import best_fit, starts_for_clip
from ..solve.fitting import fit as fit_landmarks
from ..stages import landmarks as landmarks_stage
from ..stages import video as video_stage
from ..stages.data import Camera, Context, Fit, Landmarks, Video
from ..stages.folders import writable_problem
from ..stages.smooth import smooth
from ..video.reader import read_frames
from .config import SeedConfig
from .dictionary import RENDERED, FittedCrop, dictionary_of, light_of
from .fitting import FITTED, aligned_region, chosen_gpu, fit_settings
from .parts import Parts

Warn = Callable[[str], None]

_CALM: Final = 0.15
"""Seconds over which the path of the crop is smoothed: landmarks tremble, a crop need not."""
_TEXTURE_FRAMES: Final = 8
_RATE_TOLERANCE: Final = 0.05


def track_frames(config: SeedConfig, parts: Parts, warn: Warn) -> Path | Failure:
    """Track the video of a configuration and write a file per frame; return their folder."""
    assert config.video is not None
    assert config.folder is not None
    folder = config.folder / config.video.name.split(".")[0]
    problem = writable_problem(folder)
    if problem is not None:
        return problem
    with tempfile.TemporaryDirectory() as work:
        context = _context(Path(work), warn)
        video = _chosen_frames(config, context, warn)
        if isinstance(video, Failure):
            return video
        settings = LandmarkSettings(task_file=str(config.task_file or ""), person_mask=False)
        found = landmarks_stage.run(video, FaceSettings(), settings, context)
        if isinstance(found, Failure):
            return found
        regions = crop_path(found)
        inside = in_crops(found, regions)
        camera = Camera(square_camera(FITTED).focal_x, "known")
        starts = starts_for_clip(video, found, parts.head, context, parts.guesses)
        chosen = fit_settings(config)
        with chosen_gpu(config):
            fit = best_fit(parts.head, starts, lambda one: fit_landmarks(inside, one, camera, chosen, context))
    if isinstance(fit, Failure):
        return fit
    folder.mkdir(parents=True, exist_ok=True)
    _write_all(folder, video, found, fit, regions, parts, config.size)
    about = {**parts.sources, "video": str(config.video), "frames": [int(index) for index in video.frame_index]}
    (folder / "about.json").write_text(json.dumps(about, indent=1), "utf-8")
    return folder


def _context(work: Path, warn: Warn) -> Context:
    def emit(event: Any) -> None:
        if event.get("event") == "notice":
            warn(f"{event['sentence']} {event.get('advice', '')}".strip())

    return Context("track_video", emit, lambda: False, work, MODELS)


def _chosen_frames(config: SeedConfig, context: Context, warn: Warn) -> Video | Failure:
    """Every n-th frame, as version 1.01 counts: frame i of the result is frame int(i x original / subsampled)."""
    video = video_stage.run(VideoSettings(path=str(config.video)), context)
    if isinstance(video, Failure):
        return video
    rate = float(video.rate)
    original = config.original_rate or rate
    if abs(original / rate - 1) > _RATE_TOLERANCE:
        warn(f"'original_fps' is {original:g}, {video.path.name} has {rate:.4g} frames/s; frames go by the former.")
    interval = max(1.0, original / (config.subsampled_rate or original))
    chosen = (np.arange(int(len(video) / interval)) * interval).astype(np.int64)
    if len(chosen) == 0:
        return Failure(
            "video-empty-range", f"{video.path.name} has too few frames for this rate.", "Raise 'subsample_fps'."
        )
    return dataclasses.replace(
        video,
        frame_index=video.frame_index[chosen],
        time=video.time[chosen],
        rate=video.rate if interval == 1 else Fraction(rate / interval).limit_denominator(1001),
    )


def crop_path(found: Landmarks) -> list[Region]:
    """Return the aligned square of every frame: smooth in time within a shot, filled in where the face is not seen."""
    frames = np.flatnonzero(found.found)
    raw = [aligned_region(found.points[frame].astype(np.float64)) for frame in frames]
    path = np.array([[r.centre_x, r.centre_y, np.log(r.side), r.roll] for r in raw])
    result = np.empty((len(found), 4))
    for shot in np.unique(found.shot):
        own, all_of_shot = found.shot[frames] == shot, np.flatnonzero(found.shot == shot)
        if not own.any():
            result[all_of_shot] = path[np.abs(frames - all_of_shot[0]).argmin()]
            continue
        values = path[own].copy()
        values[:, 3] = np.unwrap(values[:, 3])
        calm = smooth(values, found.time[frames[own]], _CALM)
        for column in range(4):
            result[all_of_shot, column] = np.interp(all_of_shot, frames[own], calm[:, column])
    return [Region(float(x), float(y), float(np.exp(side)), float(roll)) for x, y, side, roll in result]


def in_crops(found: Landmarks, regions: list[Region]) -> Landmarks:
    """Return the landmarks in the pixels of each frame's own crop."""
    points, spread = found.points.copy(), found.spread.copy()
    for frame, region in enumerate(regions):
        scale = FITTED / region.side
        points[frame, :, :2] = apply(inverse(region.to_image(FITTED)), found.points[frame, :, :2].astype(np.float64))
        points[frame, :, 2] *= scale
        spread[frame] *= scale
    return dataclasses.replace(found, points=points, spread=spread, width=FITTED, height=FITTED, masks=None)


def _write_all(
    folder: Path, video: Video, found: Landmarks, fit: Fit, regions: list[Region], parts: Parts, size: int
) -> None:
    frames = np.flatnonzero(fit.status != MISSING)

    def crop(frame: int, picture: Picture, texture: Floats | None) -> FittedCrop:
        return _fitted(frame, picture, found, fit, regions[frame], parts, texture)

    texture = _texture_code(frames[fit.status[frames] == TRACKED], video, crop, parts)
    for frame, picture in read_frames(video, frames.tolist()):
        result = dictionary_of(crop(frame, picture, texture), parts, size)
        write_atomically(
            folder / f"{frame}.npy", lambda path, result=result: path.write_bytes(pickle.dumps(result, protocol=4))
        )
        write_atomically(
            folder / f"{frame}_compare.jpg", lambda path, result=result: path.write_bytes(_compared(result))
        )


def _fitted(
    frame: int,
    picture: Picture,
    found: Landmarks,
    fit: Fit,
    region: Region,
    parts: Parts,
    texture: Floats | None,
) -> FittedCrop:
    pose = select_frames(fit.pose, slice(frame, frame + 1))
    points = found.points[frame].astype(np.float64)
    if not found.found[frame]:
        points = _modelled(fit, frame, region, parts)
    scores = np.nan_to_num(found.scores[frame])
    place = (fit.rotation[frame], fit.translation[frame])
    return FittedCrop(picture, region, region, points, scores, pose, *place, texture)


def _modelled(fit: Fit, frame: int, region: Region, parts: Parts) -> Floats:
    """Where the head's own landmarks fall in a frame without detection (478, 3), full-frame pixels."""
    head = parts.head
    vertices = pose_vertices(head, fit.pose, slice(frame, frame + 1))[0]
    in_camera = vertices @ fit.rotation[frame].T + fit.translation[frame]
    corners = in_camera[head.faces[head.landmarks.triangle]]
    places = np.einsum("nk,nkc->nc", head.landmarks.barycentric, corners)
    pixels = apply(region.to_image(FITTED), project(places, fit.intrinsics))
    return np.concatenate([pixels, np.zeros((len(pixels), 1))], axis=1)


def _texture_code(
    tracked: Integers, video: Video, crop: Callable[[int, Picture, Floats | None], FittedCrop], parts: Parts
) -> Floats:
    """The clip's one texture code: the median over some frames."""
    chosen = tracked[np.unique(np.linspace(0, len(tracked) - 1, _TEXTURE_FRAMES).round().astype(int))]
    camera, codes = square_camera(FITTED), []
    for frame, picture in read_frames(video, chosen.tolist()):
        one = crop(frame, picture, None)
        vertices = pose_vertices(parts.head, one.pose)[0]
        codes.append(light_of(one, parts, cut(picture, one.fitted, FITTED), camera, vertices).code)
    return np.median(codes, axis=0) if codes else np.zeros(parts.space.modes)


def _compared(result: dict[str, Any]) -> bytes:
    """Picture and rendering beside each other as JPEG, as version 1.01 writes them."""
    small = cv2.resize(result["img"], (RENDERED, RENDERED), interpolation=cv2.INTER_AREA)
    both = np.concatenate([small, result["img_rendered"]], axis=1)[..., ::-1]
    done, content = cv2.imencode(".jpg", np.ascontiguousarray(both))
    assert done
    return content.tobytes()
