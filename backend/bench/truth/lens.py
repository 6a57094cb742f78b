"""Truth on lenses: the focal length where nobody knows it, and how far its stated uncertainty can be trusted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from ...contract.failure import Failure
from ...contract.settings import FitSettings, VideoSettings
from ...data.types import Camera, Fit, Landmarks
from ...head.builtin import builtin_head
from ...head.model import HeadModel
from ...sample.canvas import make_canvas
from ...sample.clip import Truth, write_video
from ...sample.people import TEXTURE_SIZE
from ...stages import fit as fit_stage
from ...stages import video as video_stage
from ..chain import Clock, Setup, context, find_landmarks, fit, import_stages
from ..rows import Row, at_least, at_most, between, without_target
from ..scenes.lens_people import SHOTS, filmed_through
from ..scenes.zoom_clip import RATE, film_zoom, zoom_factors

FIRST_PERSON: Final = 200
"""Seed of the first person; 100 to 141 are those with whom the stated deviations were measured."""
ZOOMED_PERSON: Final = 31
QUICK: Final = (0, 3, 8)
HARD: Final = ("blink", "profile", "shake", "still", "off_centre")
SINGLE_FACE: Final = ("pyfeat_single_face", 68.0)
"""A real clip, and its horizontal angle of view as measured from the room, degrees."""

Clip = tuple[str, Landmarks, float]


def measure(setup: Setup) -> list[Row] | Failure:
    """Painted people filmed with 24 to 85 mm (of a full-frame camera), and clips of the shared data with a known lens.

    The people's skulls and ears are others than the built-in head can have; seeds from 200 on, 12 frames of a turning
    head, near and far, upright and lying pictures. Quality Standard, built-in head, nothing told of the lens. Error:
    logarithm of focal length over the true one, in percent. Coverage: share of the errors within one and two of the
    stated standard deviations (68 and 95 % would be right); over all clips.

    Zoom: a painted person filmed through a lens that doubles its focal length. Whether it is noticed; with
    ``--focal-varies`` the largest error of how much longer the lens is, and how much nearer the head comes from the
    first frames to the last than it truly does.
    """
    import_stages()
    head = builtin_head()
    people = _people(setup, head)
    if isinstance(people, Failure):
        return people
    shared = _shared(setup)
    if isinstance(shared, Failure):
        return shared
    rows: list[Row] = []
    errors: dict[str, list[tuple[float, float]]] = {"people": [], "shared": []}
    for kind, clips in (("people", people), ("shared", shared)):
        for name, landmarks, true in clips:
            fitted = fit(setup, landmarks, head, None)
            if isinstance(fitted, Failure):
                return fitted
            found, sigma = fitted.intrinsics.focal_x, fitted.focal_uncertainty
            errors[kind].append((float(np.log(found / true)), sigma))
            rows.append(_row(name, landmarks, true, found, sigma, fitted.focal_source))
    rows += _summary(errors)
    zoomed = _zoom(setup, head)
    return zoomed if isinstance(zoomed, Failure) else [*rows, *zoomed]


def _zoom(setup: Setup, head: HeadModel) -> list[Row] | Failure:
    factors = zoom_factors()
    pictures, truth, camera = film_zoom(head, ZOOMED_PERSON, factors)
    path = setup.work / "zoom.mp4"
    write_video(path, pictures, camera, RATE)
    video = video_stage.run(VideoSettings(path=str(path)), context(setup, "video"))
    landmarks = find_landmarks(setup, path, "standard", Clock())
    if isinstance(video, Failure) or isinstance(landmarks, Failure):
        return video if isinstance(video, Failure) else landmarks  # pyright: ignore - one of them is
    told_of: list[dict] = []
    stage_context = replace(context(setup, "fit"), emit=told_of.append)
    camera_known = Camera(camera.focal_x, "known")
    plain = fit_stage.run(landmarks, head, camera_known, FitSettings(), stage_context, video)
    varied = fit_stage.run(landmarks, head, replace(camera_known, varies=True), FitSettings(), stage_context, video)
    if isinstance(plain, Failure) or isinstance(varied, Failure):
        return plain if isinstance(plain, Failure) else varied  # pyright: ignore - one of them is
    noticed = any(event.get("code") == "zoom" for event in told_of)
    longer = np.ones(len(factors)) if varied.zoom is None else varied.zoom
    nearer = [_nearer(one, truth) for one in (plain, varied)]
    return [
        at_least("zoom: noticed", float(noticed), 1, digits=0),
        at_most("zoom: focal length over the first frame's", 100 * float(np.abs(longer / factors - 1).max()), 2, " %"),
        at_most("zoom: head nearer at the end than it is", 100 * nearer[1], 5, " %", 1, one_focal=100 * nearer[0]),
    ]


def _nearer(fitted: Fit, truth: Truth) -> float:
    """By what share the head comes nearer from the first five frames to the last five than it truly does."""
    ratio = fitted.translation[:, 2] / truth.head_translation[:, 2]
    return float(abs(ratio[-5:].mean() / ratio[:5].mean() - 1))


def _row(name: str, landmarks: Landmarks, true: float, found: float, sigma: float, source: str) -> Row:
    longer, error = max(landmarks.width, landmarks.height), float(np.log(found / true))
    words = f"{name}: true {true / longer:.2f}, found {found / longer:.2f} of the longer side ({source})"
    return without_target(words, 100 * error, " %", 0, sigma=sigma, z=error / sigma)


def _summary(errors: dict[str, list[tuple[float, float]]]) -> list[Row]:
    rows = []
    for kind, pairs in errors.items():
        if pairs:
            error = np.array(pairs)[:, 0]
            rows.append(at_most(f"{kind}: error, rms", 100 * float(np.sqrt((error**2).mean())), 25, " %", 0))
            rows.append(without_target(f"{kind}: error, mean", 100 * float(error.mean()), " %", 0))
    every = np.array([pair for pairs in errors.values() for pair in pairs])
    share = np.abs(every[:, 0]) / every[:, 1]
    rows.append(between("within one stated deviation", 100 * float((share < 1).mean()), 63, 73, 0))
    rows.append(between("within two", 100 * float((share < 2).mean()), 90, 100, 0))
    return rows


def _people(setup: Setup, head: HeadModel) -> list[Clip] | Failure:
    canvas = make_canvas(head, TEXTURE_SIZE)
    clips: list[Clip] = []
    for number, shot in enumerate(SHOTS):
        if setup.quick and number not in QUICK:
            continue
        filmed = filmed_through(setup, head, canvas, shot, FIRST_PERSON + number)
        if isinstance(filmed, Failure):
            return filmed
        clips.append((shot.name, *filmed))
    return clips


def _shared(setup: Setup) -> list[Clip] | Failure:
    clips: list[Clip] = []
    for path, true in _shared_files(setup.data, setup.quick):
        landmarks = find_landmarks(setup, path, "standard", Clock())
        if isinstance(landmarks, Failure):
            return landmarks
        name = path.stem if path.parent.name == "hard" else path.parent.name
        clips.append((name, landmarks, true if true > 0 else _single_face(landmarks)))
    return clips


def _single_face(landmarks: Landmarks) -> float:
    return landmarks.width / 2 / float(np.tan(np.radians(SINGLE_FACE[1]) / 2))


def _shared_files(data: Path, quick: bool) -> list[tuple[Path, float]]:
    """Files that are there, with the true focal length in pixels; 0 for that whose angle of view is known."""
    found: list[tuple[Path, float]] = []
    for name in HARD[-1:] if quick else HARD:
        video, truth = data / "hard" / f"{name}.mp4", data / "hard" / f"{name}_truth.npz"
        if video.is_file() and truth.is_file():
            with np.load(truth) as arrays:
                found.append((video, float(np.ravel(arrays["K"])[0])))
    clip = data / "truth_clip"
    if (clip / "truth.npz").is_file() and not quick:
        with np.load(clip / "truth.npz") as arrays:
            found.append((clip / "clip.mp4", float(arrays["K"][0, 0])))
    real = data / "hard" / f"{SINGLE_FACE[0]}.mp4"
    return [*found, (real, 0.0)] if real.is_file() else found
