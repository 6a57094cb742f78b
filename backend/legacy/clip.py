"""A clip fitted in crops: a square per frame with one angle of view, one identity, motion that is smooth."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..contract.arrays import Floats, Integers, Picture
from ..contract.camera import project
from ..contract.failure import Failure
from ..contract.settings import FaceSettings, LandmarkSettings
from ..contract.track import MISSING, TRACKED
from ..data.context import Context
from ..data.types import Fit, Landmarks, Video
from ..fit.fitting import fit as fit_landmarks
from ..head.flame_codes import bridged_scores
from ..head.skinning import pose_vertices, select_frames
from ..landmarks.aligned_crop import cut
from ..landmarks.crop import Region, apply, inverse
from ..regress.starts import Start, best_fit, starts_for_clip
from ..stages import landmarks as landmarks_stage
from ..stages.smooth import smooth
from ..video.reader import read_frames
from .config import LegacyConfig
from .dictionary_v1 import FittedCrop, light_of
from .fitting import FITTED, aligned_region, chosen_gpu, crop_camera, fit_settings, fitted_angle
from .parts import Parts

_CALM: Final = 0.15
"""Seconds over which the path of the crop is smoothed: landmarks tremble, a crop need not."""
_TEXTURE_FRAMES: Final = 8

Prepare = Callable[[Picture, Floats], Picture]
"""What is done to a frame before it is looked at, given its landmarks (478, 3): the background may become white."""


def unchanged(picture: Picture, _points: Floats) -> Picture:
    """Return the picture."""
    return picture


@dataclass(frozen=True)
class FittedClip:
    """A clip whose head is fitted.

    Attributes:
        landmarks: Landmarks in pixels of the frames.
        fit: The head in the cameras of the crops.
        fitted, aligned: Per frame the square that was fitted in and the aligned one.
        parts: What the head and the dictionary are made of.
        degrees: Angle of view of the crops.
        prepare: See `Prepare`.
        video, frame_pictures: Where the frames are read from again, or the frames themselves.
    """

    landmarks: Landmarks
    fit: Fit
    fitted: list[Region]
    aligned: list[Region]
    parts: Parts
    degrees: float
    prepare: Prepare = unchanged
    video: Video | None = None
    frame_pictures: Sequence[Picture] = ()

    @property
    def frames(self) -> Integers:
        """Positions of the frames in which the head is known."""
        return np.flatnonzero(self.fit.status != MISSING)

    @property
    def tracked_frames(self) -> Integers:
        """Positions of the frames in which the face is seen: those between two such are left out."""
        return np.flatnonzero((self.fit.status == TRACKED) & self.landmarks.found)

    def pictures(self, frames: Integers) -> Iterable[tuple[int, Picture]]:
        """Yield (frame, RGB picture), ascending."""
        if self.video is not None:
            return read_frames(self.video, frames.tolist())
        return ((frame, self.frame_pictures[frame]) for frame in frames.tolist())

    def crop(self, frame: int, picture: Picture, texture: Floats | None) -> FittedCrop:
        """Return the crop of a frame; `texture` is the clip's code where it is known."""
        points = self.landmarks.points[frame].astype(np.float64)
        if not self.landmarks.found[frame]:
            points = self._modelled(frame)
        return FittedCrop(
            picture=self.prepare(picture, points),
            fitted=self.fitted[frame],
            aligned=self.aligned[frame],
            points=points,
            scores=self._scores[frame],
            pose=select_frames(self.fit.pose, slice(frame, frame + 1)),
            rotation=self.fit.rotation[frame],
            translation=self.fit.translation[frame],
            texture=texture,
            degrees=self.degrees,
        )

    def texture_code(self) -> Floats:
        """Return the clip's one texture code: the median over some frames."""
        tracked = self.frames[self.fit.status[self.frames] == TRACKED]
        chosen = tracked[np.unique(np.linspace(0, len(tracked) - 1, _TEXTURE_FRAMES).round().astype(int))]
        codes = []
        for frame, picture in self.pictures(chosen):
            one = self.crop(frame, picture, None)
            vertices = pose_vertices(self.parts.head, one.pose)[0]
            square = cut(one.picture, one.fitted, FITTED)
            codes.append(light_of(one, self.parts, square, one.camera(FITTED), vertices).code)
        return np.median(codes, axis=0) if codes else np.zeros(self.parts.space.modes)

    @cached_property
    def _scores(self) -> NDArray[np.float32]:
        """Of all frames."""
        return bridged_scores(self.landmarks.scores)

    def _modelled(self, frame: int) -> Floats:
        """Where the head's own landmarks fall in a frame without detection (478, 3), full-frame pixels."""
        head, fit = self.parts.head, self.fit
        vertices = pose_vertices(head, fit.pose, slice(frame, frame + 1))[0]
        in_camera = vertices @ fit.rotation[frame].T + fit.translation[frame]
        corners = in_camera[head.faces[head.landmarks.triangle]]
        positions = np.einsum("nk,nkc->nc", head.landmarks.barycentric, corners)
        pixels = apply(self.fitted[frame].to_image(FITTED), project(positions, fit.intrinsics))
        return np.concatenate([pixels, np.zeros((len(pixels), 1))], axis=1)


def fit_clip(
    video: Video,
    parts: Parts,
    config: LegacyConfig,
    context: Context,
    *,
    squares: list[Region] | None = None,
    prepare: Prepare = unchanged,
) -> FittedClip | Failure:
    """Find the face in all frames of a video and fit the head to them at once.

    Args:
        video, parts, config, context: What is fitted and how.
        squares: In which square of each frame; the aligned ones where None.
        prepare: See `Prepare`.
    """
    settings = LandmarkSettings(task_file=str(config.task_file or ""), person_mask=False)
    landmarks = landmarks_stage.run(video, FaceSettings(), settings, context)
    if isinstance(landmarks, Failure):
        return landmarks
    starts = starts_for_clip(video, landmarks, parts.head, context, parts.guesses)
    clip = fit_found(landmarks, starts, parts, config, context, squares=squares)
    return clip if isinstance(clip, Failure) else dataclasses.replace(clip, video=video, prepare=prepare)


def fit_found(
    landmarks: Landmarks,
    starts: Sequence[Start],
    parts: Parts,
    config: LegacyConfig,
    context: Context,
    *,
    squares: list[Region] | None = None,
) -> FittedClip | Failure:
    """Fit the head to landmarks that are found, from the average face and from guesses of the identity."""
    aligned = crop_path(landmarks, config)
    fitted = squares or aligned
    inside = in_crops(landmarks, fitted)
    chosen, camera = fit_settings(config), crop_camera(config)
    with chosen_gpu(config):
        fit = best_fit(parts.head, starts, lambda one: fit_landmarks(inside, one, camera, chosen, context))
    if isinstance(fit, Failure):
        return fit
    return FittedClip(landmarks, fit, fitted, aligned, parts, fitted_angle(fit, config))


def crop_path(landmarks: Landmarks, config: LegacyConfig) -> list[Region]:
    """Return the aligned square of every frame: smooth in time within a shot, filled in where the face is not seen."""
    frames = np.flatnonzero(landmarks.found)
    raw = [aligned_region(landmarks.points[frame].astype(np.float64), config) for frame in frames]
    path = np.array([[r.centre_x, r.centre_y, np.log(r.side), r.roll] for r in raw])
    result = np.empty((len(landmarks), 4))
    for shot in np.unique(landmarks.shot):
        in_shot, all_of_shot = landmarks.shot[frames] == shot, np.flatnonzero(landmarks.shot == shot)
        if not in_shot.any():
            result[all_of_shot] = path[np.abs(frames - all_of_shot[0]).argmin()]
            continue
        values = path[in_shot].copy()
        values[:, 3] = np.unwrap(values[:, 3])
        calm = smooth(values, landmarks.time[frames[in_shot]], _CALM)
        for column in range(4):
            result[all_of_shot, column] = np.interp(all_of_shot, frames[in_shot], calm[:, column])
    return [Region(float(x), float(y), float(np.exp(side)), float(roll)) for x, y, side, roll in result]


def in_crops(landmarks: Landmarks, regions: list[Region], side: int = FITTED) -> Landmarks:
    """Return the landmarks in the pixels of each frame's own crop of `side` pixels."""
    points, spread = landmarks.points.copy(), landmarks.spread.copy()
    for frame, region in enumerate(regions):
        scale = side / region.side
        points[frame, :, :2] = apply(inverse(region.to_image(side)), landmarks.points[frame, :, :2].astype(np.float64))
        points[frame, :, 2] *= scale
        spread[frame] *= scale
    return dataclasses.replace(landmarks, points=points, spread=spread, width=side, height=side, masks=None)
