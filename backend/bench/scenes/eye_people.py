"""Painted people who only use their eyes: glances, crossed eyes, blinks, a squint and a wink, with their truth."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Final

import numpy as np

from ...contract.arrays import Floats
from ...data.types import HeadPose
from ...head.model import HeadModel
from ...head.skinning import pose_vertices
from ...sample.canvas import Canvas
from ...sample.clip import Truth, filmed, truth_of, write_video
from ...sample.people import person

FRAMES: Final = 120
RATE: Final = Fraction(30)
YAW, PITCH, SMALL = np.radians(20.0), np.radians(12.0), np.radians(4.0)
INWARDS: Final = np.radians(10.0)
"""By how much each eye turns towards the nose where the eyes cross: they look at a finger 18 cm away."""
GLANCE: Final = 66
"""The frame of a glance that lasts one frame."""
CROSSED: Final = slice(72, 84)
BLINK: Final = slice(88, 91)
"""A blink of three frames."""
SHUT: Final = slice(95, 101)
SQUINT: Final = slice(104, 111)
WINK: Final = slice(114, 118)
"""Of the left eye."""


def film_eyes(head: HeadModel, seed: int, video: Path, canvas: Canvas | None = None) -> Truth:
    """Write a clip of 120 frames of a painted person's eyes and return what it shows.

    Args:
        head: The built-in head.
        seed: Which person (`person`).
        video: File to write (.mp4).
        canvas: Of this head, to save making it again.
    """
    plan = person(head, seed, frames=FRAMES, rate=RATE, canvas=canvas)
    gaze, inwards, weights = _curves()
    usual = truth_of(head, plan)
    expression = np.zeros_like(usual.expression)
    for name, curve in weights.items():
        expression[:, head.expression_names.index(name)] = curve
    eyes = np.stack([gaze[:, 1], gaze[:, 0], np.zeros(FRAMES)], axis=1)
    turn = np.outer(inwards, (0.0, 1.0, 0.0))
    still = np.zeros((FRAMES, 3))
    pose = HeadPose(usual.identity, expression, still, still, eyes - turn, eyes + turn, np.zeros((FRAMES, 2)))
    truth = replace(
        usual,
        vertices=pose_vertices(head, pose, dtype=np.float32),
        expression=expression,
        jaw=still,
        left_eye=pose.left_eye,
        right_eye=pose.right_eye,
        blink=np.stack([weights["eyeBlinkLeft"], weights["eyeBlinkRight"]], axis=1),
        gaze=gaze,
    )
    write_video(video, filmed(head, plan, truth), plan.intrinsics, RATE)
    return truth


def _curves() -> tuple[Floats, Floats, dict[str, Floats]]:
    """Return gaze (T, 2: yaw, pitch), how far each eye turns inwards (T,), and the weights of shapes (T,)."""
    frame = np.arange(FRAMES, dtype=np.float64)
    gaze, inwards = np.zeros((FRAMES, 2)), np.full(FRAMES, 0.03)
    gaze[:, 0] = YAW * _waves(frame, 6, 28, 1.5)
    gaze[:, 1] = PITCH * _waves(frame, 30, 48, 1.0)
    gaze[:, 0] += SMALL * _waves(frame, 50, 64, 1.0)
    gaze[:, 1] += SMALL * _waves(frame, 50, 64, 2.0)
    gaze[GLANCE, 0] = YAW / 2
    inwards[CROSSED] += INWARDS * np.sin(np.pi * np.linspace(0, 1, CROSSED.stop - CROSSED.start)) ** 0.5
    closed = np.zeros(FRAMES)
    closed[BLINK] = (0.6, 1.0, 0.6)
    closed[SHUT] = 1.0
    closed[SQUINT] = 0.4
    left = closed.copy()
    left[WINK] = 1.0
    squint = np.zeros(FRAMES)
    squint[SQUINT] = 0.8
    weights = {"eyeBlinkLeft": left, "eyeBlinkRight": closed, "eyeSquintLeft": squint, "eyeSquintRight": squint}
    return gaze, inwards, weights


def _waves(frame: Floats, first: int, last: int, count: float) -> Floats:
    """Return sine waves between two frames (T,), 0 elsewhere."""
    share = (frame - first) / (last - first)
    return np.where((share >= 0) & (share <= 1), np.sin(2 * np.pi * count * share), 0.0)
