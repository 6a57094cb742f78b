"""Clips for the truth on ARKit weights: a phone's habits in real ones, the right channel's answer in known ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from ...contract.arrays import Array, Floats
from ...contract.failure import Failure
from ...contract.names import MEDIAPIPE_SCORES
from ...contract.performance.channels import CHANNELS, INDEX, mirrored
from ...contract.performance.weights.basis import JAW_OPEN
from ...contract.performance.weights.from_track import performance_of
from ...contract.track import Track
from ...data.types import Fit
from ...head.model import HeadModel
from ..chain import Clock, Setup, found_and_fitted, write
from ..measures.weights import Bands, answer, bands, second_difference
from ..rows import Row, at_least, at_most, between, without_target
from ..scenes.expression_clips import Faces, film_faces
from ..scenes.known_weights import TAKE, TAKE_RATE, arkit_channel, take_weights
from .expression import CLIPS

REAL: Final = (
    "grid_swiz3n.mpg",
    "grid_bbaf2n.mpg",
    "grid_lbax4n.mpg",
    "intel_headpose_male.gif",
    "intel_asl_again.mkv",
)
"""Real clips, in ``videos/`` of the shared data."""
BEAMING: Final = ("intel_headpose_male.gif", 58)
"""A real clip, and in how many of its first frames he beams, by eye."""
STILL: Final[Mapping[str, tuple[str, ...]]] = {"still": ("",), "talk_still": ("eye", "brow")}
"""Clips in which nothing moves but grain, and how the channels that rest in them begin."""
ANSWERS: Final[Mapping[str, tuple[str, ...]]] = {
    "smile": ("mouthSmileLeft", "mouthSmileRight"),
    "brows": ("browOuterUpLeft", "browOuterUpRight"),
    "pucker": ("mouthPucker",),
    "aside": ("mouthLeft", "mouthRight"),
    "jaw_open": ("jawOpen",),
    "blink": ("eyeBlinkLeft", "eyeBlinkRight"),
}
"""Clips in which one shape goes to 1 -> the channels that are to answer (of mouth aside either)."""
PEOPLE: Final = (50, 51)
"""Seeds of painted people who make every shape in turn."""
_INDEPENDENT_LEAST: Final = 0.2
_BESIDE_CLOSED: Final = 0.6
"""Height of mouthClose, and of jawOpen beside it."""


def clip_rows(setup: Setup, head: HeadModel) -> list[Row] | Failure:
    """Return the rows of all clips that are there; built-in head, quality Standard.

    Habits: each beside the phone's take. Blinks: medians over all of the left eye, in frames of 30 a second. Still:
    root mean square of the second difference over the channels that rest, and that of the worst. Answers: share
    of the true weight where this is above nine tenths of its height, correlation with it, and both of MediaPipe's score
    alone. Independent: the rendered head of ``truth_clip``, channels that it moves by more than 0.2.
    """
    rows: list[Row] = []
    take = setup.data / TAKE
    if take.is_file():
        rows += _band_rows("phone", bands(take_weights(take), float(TAKE_RATE)), targets=False)
    for name in REAL[: 1 if setup.quick else None]:
        path = setup.data / "videos" / name
        if path.is_file():
            track = track_of_clip(setup, path, head, None)
            if isinstance(track, Failure):
                return track
            weights = _weights(track)
            rows += _band_rows(path.stem, bands(weights, float(track.rate)), targets=True)
            if name == BEAMING[0]:
                smile = weights[: BEAMING[1], [INDEX["mouthSmileLeft"], INDEX["mouthSmileRight"]]]
                rows.append(at_least(f"{path.stem}: smile of a man who beams, median", float(np.median(smile)), 0.7))
    for name in (*STILL, *ANSWERS):
        path = setup.data / "hard" / f"{name}.mp4"
        truth = path.with_name(f"{name}_truth.npz")
        if path.is_file() and truth.is_file():
            with np.load(truth) as file:
                content = {key: file[key] for key in file.files}
            track = track_of_clip(setup, path, head, float(np.ravel(content["K"])[0]))
            if isinstance(track, Failure):
                return track
            rows += _still_rows(name, _weights(track)) if name in STILL else _answer_rows(name, track, content)
    independent = _independent_rows(setup, head)
    if isinstance(independent, Failure):
        return independent
    rows += independent
    for seed in () if setup.quick else PEOPLE:
        made = _every_shape_rows(setup, head, seed)
        if isinstance(made, Failure):
            return made
        rows += made
    return rows


def track_of_clip(setup: Setup, clip: Path, head: HeadModel, focal: float | None) -> Track | Failure:
    """Return the track of a clip; the focal length is known in pixels, or None."""
    fitted = found_and_fitted(setup, clip, head, focal)
    return fitted if isinstance(fitted, Failure) else track_of_fit(setup, fitted, head, clip.stem)


def track_of_fit(setup: Setup, fitted: Fit, head: HeadModel, name: str) -> Track | Failure:
    """Return the track of a fit, by the stages that come after it."""
    written = write(setup, fitted, head, setup.work / f"{name}.track.npz", Clock())
    return written if isinstance(written, Failure) else written.track


def _weights(track: Track) -> Array:
    solved = performance_of(track)
    assert not isinstance(solved, Failure)
    return solved.performance.weights


def _band_rows(name: str, found: Bands, *, targets: bool) -> list[Row]:
    """Return the rows of the habits of one performance, with targets where it is not the phone's own."""
    sides = [] if found.sides is None else [(f"{name}: left with right, lowest correlation", found.sides, 0.9)]
    if not targets:
        rows = [
            without_target(f"{name}: share of zeros", found.zeros),
            without_target(f"{name}: channels above 0.05", found.active, digits=1),
            without_target(f"{name}: both of an exclusive pair", found.both, digits=3),
            without_target(f"{name}: mouthClose beyond jawOpen", found.beyond_jaw, digits=3),
            *(without_target(what, value) for what, value, _ in sides),
        ]
    else:
        rows = [
            at_least(f"{name}: share of zeros", found.zeros, 0.2),
            without_target(f"{name}: channels above 0.05", found.active, digits=1),
            at_most(f"{name}: both of an exclusive pair", found.both, 0.01, digits=3),
            at_most(f"{name}: mouthClose beyond jawOpen", found.beyond_jaw, 0.023, digits=3),
            *(at_least(what, value, least) for what, value, least in sides),
        ]
    if found.lowered is not None:
        what = f"{name}: blink of lowered eyes"
        rows.append(between(what, found.lowered, 0.15, 0.31) if targets else without_target(what, found.lowered))
    if found.blinks:
        what = f"{name}: blinks"
        closing, opening = (
            30 * float(np.median([getattr(blink, part) for blink in found.blinks])) for part in ("closing", "opening")
        )
        rows += [
            without_target(f"{what}, highest", max(blink.peak for blink in found.blinks)),
            between(f"{what}, closing", closing, 1.5, 3.6) if targets else without_target(f"{what}, closing", closing),
            between(f"{what}, opening", opening, 1, 4) if targets else without_target(f"{what}, opening", opening),
            without_target(f"{what}, largest step per frame", max(blink.step for blink in found.blinks)),
        ]
    return rows


def _still_rows(name: str, weights: Array) -> list[Row]:
    resting = [index for index, channel in enumerate(CHANNELS) if channel.startswith(STILL[name])]
    trembling = second_difference(weights)[resting]
    every = float(np.sqrt(np.nanmean(trembling**2)))
    return [
        at_most(f"{name}: second difference at rest", every, 0.0015, digits=5),
        without_target(f"{name}: of the worst channel", float(np.nanmax(trembling)), digits=5),
    ]


def _true_curve(name: str, truth: Mapping[str, Array]) -> Floats:
    """Return how far a clip's movement has gone (T,), 0 to 1."""
    if name == "blink":
        return np.asarray(truth["blink"].mean(axis=1), dtype=np.float64)
    if name == "jaw_open":
        return np.asarray(truth["jaw"][:, 0] / JAW_OPEN, dtype=np.float64)
    curve = CLIPS[name].curve(np.asarray(truth["landmarks_mm"], dtype=np.float64))
    distance = np.abs(curve - curve[0])
    return np.asarray(distance / distance.max())


def _answer_rows(name: str, track: Track, truth: Mapping[str, Array]) -> list[Row]:
    """Return the rows of one clip: the channels' answer, and the one that answers most of all others."""
    frames = min(len(track), len(truth["head_rotation"]))
    true, weights = _true_curve(name, truth)[:frames], np.nan_to_num(_weights(track)[:frames])
    rows = [*_channel_rows(name, ANSWERS[name], weights, track.scores[:frames], true)]
    risen = weights[true > 0.9].mean(axis=0) - weights[true < 0.1].mean(axis=0)
    others = np.array([channel not in ANSWERS[name] for channel in CHANNELS])
    most = int(np.argmax(np.where(others, np.abs(risen), -1)))
    rows.append(without_target(f"{name}: most of all others moves {CHANNELS[most]}", float(risen[most])))
    return rows


def _channel_rows(name: str, channels: Sequence[str], weights: Array, scores: Array, true: Floats) -> list[Row]:
    """Return a row of what channels make of a known movement (T,): of two that share it the one that moves more."""
    columns = [INDEX[channel] for channel in channels]
    chosen = max(columns, key=lambda column: float(weights[:, column].std()))
    if name != "aside":
        chosen = columns[0]
    at_height, correlation = answer(weights[:, chosen], true)
    title = f"{name}: {CHANNELS[chosen]} at 1"
    if np.isnan(scores).all() or CHANNELS[chosen] not in MEDIAPIPE_SCORES:
        return [without_target(title, at_height, correlation=correlation)]
    height, with_truth = answer(scores[:, MEDIAPIPE_SCORES.index(CHANNELS[chosen])], true)
    says = f"{title}, correlation {correlation:.2f} (score alone {height:.2f}, {with_truth:.2f})"
    return [without_target(says, at_height, correlation=correlation, score=height, score_correlation=with_truth)]


def _independent_rows(setup: Setup, head: HeadModel) -> list[Row] | Failure:
    """Return a row for each channel that the independent rendered head moves far enough."""
    path = setup.data / "truth_clip" / "truth.npz"
    if setup.quick or not path.is_file():
        return []
    with np.load(path, allow_pickle=False) as file:
        names, moved, focal = [str(name) for name in file["expr_names"]], file["expr"], float(file["K"][0, 0])
        known = {"jawOpen": file["jawOpen"], "eyeBlinkLeft": file["blink"][:, 0], "eyeBlinkRight": file["blink"][:, 1]}
    apart = tuple(known)
    for index, name in enumerate(names):
        channel = arkit_channel(name)
        if channel is not None and channel not in apart:
            known[channel] = known.get(channel, 0) + moved[:, index]
    track = track_of_clip(setup, path.with_name("clip.mp4"), head, focal)
    if isinstance(track, Failure):
        return track
    weights, rows = np.nan_to_num(_weights(track)), []
    for channel, true in known.items():
        if not channel.startswith("eyeLook") and true.max() > _INDEPENDENT_LEAST:
            rows += _channel_rows("independent", (channel,), weights, track.scores, true)
    return rows


def _every_shape_rows(setup: Setup, head: HeadModel, seed: int) -> list[Row] | Failure:
    """Return a row for each channel of a painted person who makes every shape in turn."""
    faces: dict[str, Mapping[str, float]] = {}
    for channel in CHANNELS:
        if channel.endswith("Right") or channel == "tongueOut" or channel.startswith("eyeLook"):
            continue
        both = {channel, channel if channel in ("jawLeft", "mouthLeft") else mirrored(channel)}
        faces[channel] = dict.fromkeys(both, 1.0)
    faces["jawOpen"] = {"jaw": JAW_OPEN}
    faces["mouthClose"] = {"mouthClose": _BESIDE_CLOSED, "jaw": _BESIDE_CLOSED * JAW_OPEN}
    clip = film_faces(setup, head, seed, faces)
    if isinstance(clip, Failure):
        return clip
    track = track_of_clip(setup, clip.video, head, clip.truth.intrinsics.focal_x)
    if isinstance(track, Failure):
        return track
    weights = np.nan_to_num(_weights(track))
    rows = []
    for channel in faces:
        true = _made(clip, channel, len(weights), faces)
        rows += _channel_rows(f"person {seed}", (channel,), weights, track.scores, true)
    return rows


def _made(clip: Faces, channel: str, frames: int, faces: Mapping[str, Mapping[str, float]]) -> Floats:
    """Return how far a channel is up in a clip of all shapes (T,), as share of its height."""
    result = np.zeros(frames)
    for name, weights in faces.items():
        part = clip.part[name]
        if channel in weights or (channel == "jawOpen" and "jaw" in weights):
            share = weights.get("jaw", JAW_OPEN) / JAW_OPEN if channel == "jawOpen" else 1.0
            length = part.stop - part.start
            result[part] = share * np.sin(np.pi * np.arange(length) / (length - 1)) ** 2
    return result
