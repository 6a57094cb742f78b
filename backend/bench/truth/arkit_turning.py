"""Truth on ARKit weights of painted people whose heads turn: at rest, and playing a phone's take."""

from __future__ import annotations

from typing import Final

import numpy as np

from ...contract.arrays import Array, Floats
from ...contract.failure import Failure
from ...contract.performance.channels import CHANNELS, INDEX
from ...contract.performance.weights.basis import JAW_OPEN
from ...contract.performance.weights.from_track import performance_of
from ...head.model import HeadModel
from ...sample.clip import make_clip
from ...sample.motion import posed
from ...sample.people import person
from ..chain import Setup
from ..measures import weights as measures
from ..rows import Row, at_most, without_target
from ..scenes.expression_clips import RATE
from ..scenes.known_weights import TAKE, take_weights
from .arkit_clips import track_of_clip

RESTING: Final = (70, 73)
"""Seeds of painted people who do nothing but turn their heads."""
REST_FRAMES: Final = 120
REST_TURN, REST_SECONDS = np.radians([35.0, 16.0]), (2.0, 2.7)
"""Largest yaw and pitch of a resting head, and how long each swings."""
PLAYING: Final = 62
"""Seed of a painted person who plays a part of the phone's take."""
PLAYED: Final = slice(950, 1190)
PLAY_TURN, PLAY_SECONDS = np.radians([30.0, 10.0]), (6.0, 4.3)
_TOLD: Final = [index for index, name in enumerate(CHANNELS) if not name.startswith("eyeLook") and name != "tongueOut"]
"""Channels that are compared: eyes look ahead in these clips, and a tongue is not painted."""


def turning_rows(setup: Setup, head: HeadModel) -> list[Row] | Failure:
    """Return the rows of people who turn; error over all channels that are tracked, but for gaze.

    At rest: the head swings by 35 degrees to both sides, and nods by 16; every weight should be zero. Playing: 240
    frames of a phone's take while the head turns by 30 degrees.
    """
    rows: list[Row] = []
    for seed in () if setup.quick else RESTING:
        nothing = np.zeros((REST_FRAMES, len(CHANNELS)))
        solved = _solved(setup, head, seed, nothing, _swinging(REST_FRAMES, REST_TURN, REST_SECONDS, seed))
        if isinstance(solved, Failure):
            return solved
        rows += _error_rows(f"person {seed} at rest, turning by 35°", solved, nothing, 0.065)
    take = setup.data / TAKE
    if setup.quick or not take.is_file():
        return rows
    wanted = np.clip(take_weights(take)[PLAYED], 0, 1)
    solved = _solved(setup, head, PLAYING, wanted, _swinging(len(wanted), PLAY_TURN, PLAY_SECONDS, PLAYING))
    if isinstance(solved, Failure):
        return solved
    return [*rows, *_error_rows(f"person {PLAYING} plays a phone's take, turning by 30°", solved, wanted, None)]


def _swinging(frames: int, turn: Array, seconds: tuple[float, float], seed: int) -> Floats:
    """Return yaw, pitch and no roll of a head (T, 3), radians, that starts upright."""
    time = np.arange(frames) / float(RATE)
    yaw = turn[0] * np.sin(2 * np.pi * time / seconds[0])
    pitch = turn[1] * np.sin(2 * np.pi * time / seconds[1] + seed) * np.minimum(2 * time, 1)
    return np.stack([yaw, pitch, np.zeros(frames)], axis=1)


def _solved(setup: Setup, head: HeadModel, seed: int, weights: Floats, angles: Floats) -> Floats | Failure:
    """Return the weights (T, 52) that are found of a person who makes some, NaN where a channel is not tracked."""
    shapes = {name: weights[:, INDEX[name]] for name in head.expression_names if not name.startswith("eyeLook")}
    curves = {**shapes, "jaw": JAW_OPEN * weights[:, INDEX["jawOpen"]]}
    plan = person(head, seed, frames=len(weights), rate=RATE, width=448, height=336, face_width=140.0)
    video = setup.work / f"turning{seed}.mp4"
    played = posed(head, plan.identity, curves, angles)
    truth = make_clip(head, plan, video, setup.work / f"turning{seed}.npz", performance=played)
    if isinstance(truth, Failure):
        return truth
    track = track_of_clip(setup, video, head, plan.intrinsics.focal_x)
    if isinstance(track, Failure):
        return track
    solved = performance_of(track)
    assert not isinstance(solved, Failure)
    return solved.performance.weights


def _error_rows(name: str, weights: Floats, wanted: Floats, most: float | None) -> list[Row]:
    told = np.full_like(weights, np.nan)
    told[:, _TOLD] = weights[:, _TOLD]
    present = ~np.isnan(weights).all(axis=1)
    every, worst, channel = measures.errors(told[present], wanted[: len(weights)][present])
    title = f"{name}: error of weights"
    return [
        without_target(title, every, digits=3) if most is None else at_most(title, every, most, digits=3),
        without_target(f"{name}: worst channel ({channel})", worst, digits=3),
    ]
