"""Guesses of the identity as starts and priors of the fit, each tried against the average face.

A guess moves the head's template, so that the fit's prior pulls towards it instead of towards the average. Of all fits
the one that explains the landmarks best is taken: a guess can help but never harm.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from ..aligned.crop import dlib68
from ..contract.failure import Failure, Notice
from ..contract.track import TRACKED
from ..export.codes import padded
from ..head.model import Floats, HeadModel
from ..landmarks.crop import Picture
from ..stages.data import Context, Fit, Landmarks, Video
from ..video.reader import read_frames
from .deca import FILE as DECA_FILE
from .deca import crop_for_deca, load_deca, run_deca
from .mica import FILE as MICA_FILE
from .mica import crop_for_mica, load_mica, run_mica

MODEL: Final = "FLAME 2020"
"""The head to which the networks' codes belong."""
AVERAGE: Final = "average face"
_CLIP_FRAMES: Final = 8


@dataclass(frozen=True)
class Start:
    """A guess of the identity.

    Attributes:
        name: Where it comes from.
        identity: Codes (N,); those that the head does not have count as zero.
    """

    name: str
    identity: Floats


def guessed_starts(
    pictures: Sequence[tuple[Picture, Floats]], head: HeadModel, models: Path, context: Context
) -> list[Start] | Failure:
    """Return the guesses of the networks whose files lie in the folder of models; the mean over several pictures.

    Args:
        pictures: RGB pictures of one person and their landmarks (478, 2 or more), pixels.
        head: The head that is fitted; for others than FLAME 2020 the files are named in a notice and not used.
        models: Folder of model files.
        context: For notices.
    """
    files = [models / name for name in (MICA_FILE, DECA_FILE) if (models / name).is_file()]
    if not files:
        return []
    if head.name != MODEL or head.fixed_identity is not None:
        context.notice(_not_used(files, head))
        return []
    starts: list[Start] = []
    faces = [(picture, dlib68(points.astype(np.float64))) for picture, points in pictures]
    for path in files:
        codes = _mica_codes(path, faces) if path.name == MICA_FILE else _deca_codes(path, faces)
        if isinstance(codes, Failure):
            return codes
        starts.append(Start(path.name, codes))
    return starts


def starts_for_clip(video: Video, landmarks: Landmarks, head: HeadModel, context: Context) -> list[Start] | Failure:
    """Return the guesses for a clip, from a few of the frames in which the face is seen."""
    if not any((context.models / name).is_file() for name in (MICA_FILE, DECA_FILE)):
        return []
    seen = np.flatnonzero(landmarks.found)
    frames = seen[np.unique(np.linspace(0, len(seen) - 1, _CLIP_FRAMES).round().astype(int))]
    pictures = [(picture, landmarks.points[frame]) for frame, picture in read_frames(video, frames.tolist())]
    return guessed_starts(pictures, head, context.models, context) if pictures else []


def _not_used(files: list[Path], head: HeadModel) -> Notice:
    names = " and ".join(path.name for path in files)
    if head.fixed_identity is not None:
        return Notice("regressor-not-used", f"{names} not used: the identity comes from another track.")
    return Notice(
        "regressor-not-used",
        f"{names} not used: the codes belong to {MODEL}, and the head is {head.name}.",
        f"Choose the file of {MODEL} as the head to start from its guesses.",
    )


def _mica_codes(path: Path, faces: list[tuple[Picture, Floats]]) -> Floats | Failure:
    network = _loaded(load_mica, path, path.stat().st_mtime_ns)
    if isinstance(network, Failure):
        return network
    return np.mean([run_mica(network, crop_for_mica(picture, points)) for picture, points in faces], axis=0)


def _deca_codes(path: Path, faces: list[tuple[Picture, Floats]]) -> Floats | Failure:
    network = _loaded(load_deca, path, path.stat().st_mtime_ns)
    if isinstance(network, Failure):
        return network
    return np.mean([run_deca(network, crop_for_deca(picture, points)).shape for picture, points in faces], axis=0)


@functools.lru_cache(maxsize=2)
def _loaded(load: Callable[[Path], Any], path: Path, _changed: int) -> Any:
    """A network, kept for the next picture until its file changes."""
    return load(path)


def with_start(head: HeadModel, start: Start) -> HeadModel:
    """Return the head with a guess in its template."""
    codes = padded(start.identity, head.identity_basis.shape[2])
    return dataclasses.replace(head, template=head.template + head.identity_basis @ codes)


def best_fit(head: HeadModel, starts: Sequence[Start], fit: Callable[[HeadModel], Fit | Failure]) -> Fit | Failure:
    """Fit from the average face and from every guess, and return the fit that explains the landmarks best.

    The result belongs to `head` itself; ``report["start"]`` says which start it was.
    """
    best = fit(head)
    if isinstance(best, Failure):
        return best
    best = _named(best, AVERAGE)
    for start in starts:
        tried = fit(with_start(head, start))
        if isinstance(tried, Failure):
            continue
        if _error(tried) < _error(best):
            codes = padded(start.identity, head.identity_basis.shape[2])
            pose = dataclasses.replace(tried.pose, identity=tried.pose.identity + codes)
            best = _named(dataclasses.replace(tried, pose=pose), start.name)
    return best


def _named(fit: Fit, start: str) -> Fit:
    return dataclasses.replace(fit, report={**fit.report, "start": start})


def _error(fit: Fit) -> float:
    """Mean landmark error of the tracked frames, pixels; infinite where there is none."""
    errors = fit.reprojection_error[fit.status == TRACKED]
    errors = errors[np.isfinite(errors)]
    return float(errors.mean()) if len(errors) else float("inf")
