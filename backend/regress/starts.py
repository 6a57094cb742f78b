"""Guesses of the identity as starts and priors of the fit, each tried against the average face.

A guess moves the head's template, so that the fit's prior pulls towards it instead of towards the average. The fit from
a guess is taken where it explains the landmarks better and had to correct the guess less than the average: a guess can
help but hardly harm. Of six people's random guesses one of them alone took some, both together none.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from ..contract.arrays import Floats, Picture
from ..contract.failure import Failure, Notice
from ..contract.model_files import DECA_FILE, MICA_FILE, find_model_file
from ..contract.track import TRACKED
from ..data.context import Context
from ..data.types import Fit, Landmarks, Video
from ..head.flame_codes import padded
from ..head.model import HeadModel
from ..landmarks.aligned_crop import dlib68
from ..video.reader import read_frames
from .deca import crop_for_deca, load_deca, run_deca
from .mica import crop_for_mica, load_mica, run_mica

MODELS: Final = ("FLAME 2020", "FLAME 2017/2019/2020")
"""Names of the head to which the networks' codes belong; the second where a file may be of other years, too: the fit
tells whether they mean something."""
_NAMES: Final = (MICA_FILE, DECA_FILE)
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


def guess_files(*folders: Path) -> list[Path]:
    """Return the files of the networks that lie in some folders, one of each kind, the first folder's first."""
    candidates = [[find_model_file(folder, name) for folder in folders] for name in _NAMES]
    firsts = [next((path for path in paths if path is not None), None) for paths in candidates]
    return [path for path in firsts if path is not None]


def guessed_starts(
    pictures: Sequence[tuple[Picture, Floats]], head: HeadModel, files: Sequence[Path], context: Context
) -> list[Start]:
    """Return the guesses of networks; the mean over several pictures.

    Args:
        pictures: RGB pictures of one person and their landmarks (478, 2 or more), pixels.
        head: The head that is fitted; for others than FLAME 2020 the files are named in a notice and not used.
        files: Of the networks, from `guess_files`; one that cannot be used is named in a notice.
        context: For notices.
    """
    return _guessed(pictures, files, context) if _of_use(files, head, context) else []


def _guessed(pictures: Sequence[tuple[Picture, Floats]], files: Sequence[Path], context: Context) -> list[Start]:
    starts: list[Start] = []
    faces = [(picture, dlib68(points[:, :2].astype(np.float64))) for picture, points in pictures]
    for path in files:
        codes = _mica_codes(path, faces) if path.name == MICA_FILE else _deca_codes(path, faces)
        if isinstance(codes, Failure):
            context.notice(Notice("regressor-not-used", f"Not used: {codes.sentence}", codes.advice))
        else:
            starts.append(Start(path.name, codes))
    return starts


def starts_for_clip(
    video: Video, landmarks: Landmarks, head: HeadModel, context: Context, files: Sequence[Path] | None = None
) -> list[Start]:
    """Return the guesses for a clip, from a few of the frames in which the face is seen.

    Args:
        video, landmarks, head, context: Of the clip.
        files: As for `guessed_starts`; those in the folder of models where None.
    """
    files = guess_files(context.models) if files is None else files
    if not _of_use(files, head, context):
        return []
    detected = np.flatnonzero(landmarks.open_face)
    frames = detected[np.unique(np.linspace(0, len(detected) - 1, _CLIP_FRAMES).round().astype(int))]
    pictures = [(picture, landmarks.points[frame]) for frame, picture in read_frames(video, frames.tolist())]
    return _guessed(pictures, files, context) if pictures else []


def _of_use(files: Sequence[Path], head: HeadModel, context: Context) -> bool:
    """Whether there are networks whose codes mean something on this head; says why where they do not."""
    if not files:
        return False
    # A file of FLAME 2020 does not always say its year; those for women and men have modes of their own.
    gendered = "male" in head.file_name.lower()
    if head.name in MODELS and not gendered and head.fixed_identity is None:
        return True
    context.notice(_not_used(files, head))
    return False


def _not_used(files: Sequence[Path], head: HeadModel) -> Notice:
    names = " and ".join(path.name for path in files)
    if head.fixed_identity is not None:
        return Notice("regressor-not-used", f"{names} not used: the identity comes from another track.")
    shown = head.name if head.name not in MODELS else f"{head.name}, one for women or men"
    return Notice(
        "regressor-not-used",
        f"{names} not used: the codes belong to {MODELS[0]}, and the head is {shown}.",
        f"To use it, choose the file of {MODELS[0]} as the head.",
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
    """Fit from the average face and from every guess, and return the fit that explains the landmarks best, see above.

    The result belongs to `head` itself; ``report.start`` says which start it was.
    """
    best = fit(head)
    if isinstance(best, Failure):
        return best
    least = float(np.linalg.norm(best.pose.identity))
    best = _named(best, AVERAGE)
    for start in starts:
        tried = fit(with_start(head, start))
        if isinstance(tried, Failure):
            continue
        corrected = float(np.linalg.norm(tried.pose.identity))
        if _error(tried) < _error(best) and corrected < least:
            least = corrected
            codes = padded(start.identity, head.identity_basis.shape[2])
            pose = dataclasses.replace(tried.pose, identity=tried.pose.identity + codes)
            best = _named(dataclasses.replace(tried, pose=pose), start.name)
    return best


def _named(fit: Fit, start: str) -> Fit:
    return dataclasses.replace(fit, report=dataclasses.replace(fit.report, start=start))


def _error(fit: Fit) -> float:
    """Mean landmark error of the tracked frames, pixels; infinite where there is none."""
    errors = fit.reprojection_error[fit.status == TRACKED]
    errors = errors[np.isfinite(errors)]
    return float(errors.mean()) if len(errors) else float("inf")
