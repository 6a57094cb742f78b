"""Motion of the person in the sample: talking, blinking, looking about, lifting the brows, turning the head.

All curves are made from a seed; time in seconds, rotations in radians.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..contract.arrays import Floats
from ..data.types import HeadPose
from ..head.model import HeadModel

MOUTH_SHAPES: Final[dict[str, dict[str, float]]] = {
    "rest": {"jaw": 0.01},
    "closed": {"jaw": 0.0, "mouthPress": 0.25, "mouthRollLower": 0.15},
    "bite": {"jaw": 0.03, "mouthRollLower": 0.35, "mouthUpperUp": 0.15},
    "teeth": {"jaw": 0.04, "mouthStretch": 0.25, "mouthLowerDown": 0.25},
    "a": {"jaw": 0.24, "mouthLowerDown": 0.25, "mouthUpperUp": 0.15},
    "e": {"jaw": 0.12, "mouthSmile": 0.3, "mouthStretch": 0.2},
    "i": {"jaw": 0.06, "mouthSmile": 0.45, "mouthUpperUp": 0.15},
    "o": {"jaw": 0.15, "mouthFunnel": 0.6, "mouthPucker": 0.15},
    "u": {"jaw": 0.06, "mouthPucker": 0.65, "mouthFunnel": 0.25},
}
"""Jaw opening in radians and ARKit weights, both sides alike, of the shapes between which talking moves."""
ONE_SIDED: Final = ("mouthPress", "mouthUpperUp", "mouthStretch", "mouthLowerDown", "mouthSmile")
"""Of these ARKit has a left and a right shape; the right one is made a little weaker, as in most faces."""

CONSONANTS: Final = ("closed", "teeth", "bite", "rest", "teeth", "closed")
VOWELS: Final = ("a", "e", "o", "a", "i", "u", "e")
SYLLABLE: Final = 0.21
"""Mean length of a syllable in seconds: 4 to 5 a second, as in conversation (Greenberg 1999)."""
YAW, PITCH, ROLL = 38.0, 20.0, 8.0
"""Largest angles in degrees of a head that turns to be measured."""


@dataclass(frozen=True)
class Performance:
    """What happens in T frames.

    Attributes:
        pose: Of the head model, neck straight.
        head_angles: Yaw (towards the subject's left), pitch (downwards), roll (towards the subject's right shoulder)
            of the head (T, 3), radians.
        head_shift: Movement of the head (T, 3) in camera axes, metres.
        blink: Closing of left and right lids (T, 2), 0 open to 1 closed.
        gaze: Yaw (towards the subject's left) and pitch (downwards) of both eyes in the head (T, 2), radians.
    """

    pose: HeadPose
    head_angles: Floats
    head_shift: Floats
    blink: Floats
    gaze: Floats


def perform(head: HeadModel, identity: Floats, frames: int, rate: float, seed: int = 0) -> Performance:
    """Return a performance of talking, blinking, gazing and turning for a head with ARKit shapes."""
    random = np.random.default_rng(seed)
    time = np.arange(frames) / rate
    weights = _talk(time, random)
    for name, curve in _brows(time, random).items():
        weights[name] = weights.get(name, 0) + curve
    blink = _blinks(time, random)
    angles = _head_angles(time, random)
    gaze = _gaze(time, angles, random)
    weights["eyeBlinkLeft"], weights["eyeBlinkRight"] = blink[:, 0], blink[:, 1]
    jaw = np.zeros((frames, 3))
    jaw[:, 0] = weights.pop("jaw")
    jaw[:, 1] = 0.012 * _wander(time, random, 0.9)
    eyes = np.stack([gaze[:, 1], gaze[:, 0], np.zeros(frames)], axis=1)
    inwards = np.array([0.0, VERGENCE, 0.0])
    pose = HeadPose(
        identity=np.asarray(identity, dtype=np.float64),
        expression=_coefficients(head, weights, frames),
        neck=np.zeros((frames, 3)),
        jaw=jaw,
        left_eye=eyes - inwards,
        right_eye=eyes + inwards,
        eyelids=np.zeros((frames, 2)),
    )
    shift = np.stack([0.012 * _wander(time, random, 0.35) for _ in range(3)], axis=1)
    return Performance(pose, angles, shift, blink, gaze)


VERGENCE: Final = 0.03
"""Each eye turns inwards by this angle to look at something a metre away."""


def posed(head: HeadModel, identity: Floats, weights: Mapping[str, Floats], angles: Floats) -> Performance:
    """Return a performance of given shapes: eyes open and at the camera, the head turning where it is.

    Args:
        head: With ARKit shapes.
        identity: Its coefficients (I,).
        weights: ARKit name -> curve (T,); `jaw` is its opening in radians.
        angles: As in `Performance` (T, 3).
    """
    frames = len(angles)
    curves = dict(weights)
    jaw, still = np.zeros((frames, 3)), np.zeros((frames, 3))
    jaw[:, 0] = curves.pop("jaw", 0.0)
    inwards = np.tile((0.0, VERGENCE, 0.0), (frames, 1))
    pose = HeadPose(
        identity=np.asarray(identity, dtype=np.float64),
        expression=_coefficients(head, curves, frames),
        neck=still,
        jaw=jaw,
        left_eye=-inwards,
        right_eye=inwards,
        eyelids=np.zeros((frames, 2)),
    )
    return Performance(pose, angles, still, np.zeros((frames, 2)), np.zeros((frames, 2)))


def _coefficients(head: HeadModel, weights: Mapping[str, Floats], frames: int) -> Floats:
    """Return the expression coefficients (T, E) of named ARKit weights; names that the head lacks raise KeyError."""
    column = {name: index for index, name in enumerate(head.expression_names)}
    result = np.zeros((frames, len(column)))
    for name, curve in weights.items():
        result[:, column[name]] = np.clip(curve, 0, 1)
    return result


def _wander(time: Floats, random: np.random.Generator, frequency: float) -> Floats:
    """Return a smooth random curve (T,) within about -1..1 of slow sines around a frequency in Hz."""
    curve = np.zeros_like(time)
    for octave, amplitude in ((1.0, 0.6), (1.7, 0.3), (2.9, 0.15)):
        phase, detune = random.uniform(0, 2 * np.pi), random.uniform(0.85, 1.15)
        curve += amplitude * np.sin(2 * np.pi * frequency * octave * detune * time + phase)
    return curve


def _talk(time: Floats, random: np.random.Generator) -> dict[str, Floats]:
    """Return jaw and mouth curves: syllables of consonant and vowel in phrases with pauses for breath."""
    keys: list[tuple[float, str, float]] = [(0.0, "rest", 1.0), (0.25, "rest", 1.0)]
    now, left = 0.3, int(random.integers(6, 10))
    while now < time[-1] + 0.5:
        length = SYLLABLE * random.uniform(0.75, 1.35)
        stress = random.uniform(0.65, 1.15)
        keys.append((now, str(random.choice(CONSONANTS)), 1.0))
        keys.append((now + 0.5 * length, str(random.choice(VOWELS)), stress))
        now, left = now + length, left - 1
        if left == 0:
            keys += [(now + 0.08, "closed", 0.6), (now + 0.35, "rest", 1.0)]
            now, left = now + 0.45, int(random.integers(6, 11))
    channels = sorted({name for shape in MOUTH_SHAPES.values() for name in shape})
    times = np.array([key[0] for key in keys])
    result = {}
    for channel in channels:
        values = np.array([MOUTH_SHAPES[shape].get(channel, 0.0) * strength for _, shape, strength in keys])
        curve = _eased(time, times, values)
        if channel in ONE_SIDED:
            result[f"{channel}Left"], result[f"{channel}Right"] = curve, 0.92 * curve
        else:
            result[channel] = curve
    return result


def _eased(time: Floats, times: Floats, values: Floats) -> Floats:
    """Return a curve through keys that starts and ends every segment gently (cosine)."""
    segment = np.clip(np.searchsorted(times, time, side="right") - 1, 0, len(times) - 2)
    share = np.clip((time - times[segment]) / np.maximum(times[segment + 1] - times[segment], 1e-6), 0, 1)
    return values[segment] + (values[segment + 1] - values[segment]) * (1 - np.cos(np.pi * share)) / 2


def _blinks(time: Floats, random: np.random.Generator) -> Floats:
    """Return the lids (T, 2): 90 ms down, a moment shut, 160 ms up, every two seconds or so."""
    result = np.zeros((len(time), 2))
    now = random.uniform(0.5, 1.1)
    while now < time[-1]:
        keys = np.array([now, now + 0.09, now + 0.13, now + 0.29])
        depth = random.uniform(0.95, 1.0)
        for side in range(2):
            curve = _eased(time, np.array([-1.0, *keys, 1e3]), np.array([0, 0, depth, depth, 0, 0]))
            result[:, side] = np.maximum(result[:, side], curve)
        now += random.uniform(1.3, 2.4)
    return result


def _brows(time: Floats, random: np.random.Generator) -> dict[str, Floats]:
    """Return brow curves: lifted on stressed words, drawn together now and then."""
    lift = np.clip(_wander(time, random, 0.45) * 0.8 + 0.05, 0, 0.75)
    outer = np.clip(_wander(time, random, 0.4) * 0.6, 0, 0.6)
    frown = np.clip(_wander(time, random, 0.3) * 0.7 - 0.15, 0, 0.5) * (1 - lift)
    return {
        "browInnerUp": lift,
        "browOuterUpLeft": 0.8 * lift * 0.5 + outer * 0.5,
        "browOuterUpRight": 0.8 * lift * 0.5 + outer * 0.35,
        "browDownLeft": frown,
        "browDownRight": frown * 0.9,
    }


def _head_angles(time: Floats, random: np.random.Generator) -> Floats:
    """Return yaw, pitch, roll (T, 3): a turn of 25 degrees to either side in six seconds, nods and tilts."""
    start = random.uniform(-0.3, 0.3)
    yaw = 23 * np.sin(2 * np.pi * (time / 5.2) + start) + 3 * _wander(time, random, 0.7)
    pitch = 7 * _wander(time, random, 0.28) + 2 * _wander(time, random, 0.9)
    roll = 6 * _wander(time, random, 0.22)
    return np.radians(np.stack([yaw, pitch, roll], axis=1))


def _gaze(time: Floats, angles: Floats, random: np.random.Generator) -> NDArray[np.float64]:
    """Return the gaze (T, 2): mostly at the camera, so against the head's turn, with quick glances elsewhere."""
    target = np.zeros((len(time), 2))
    now = random.uniform(0.6, 1.0)
    while now < time[-1]:
        length = random.uniform(0.35, 0.8)
        glance = np.radians(random.uniform((-16, -7), (16, 9)))
        keys = np.array([-1.0, now, now + 0.06, now + length, now + length + 0.06, 1e3])
        share = _eased(time, keys, np.array([0.0, 0, 1, 1, 0, 0]))
        target += share[:, None] * glance
        now += length + random.uniform(0.6, 1.4)
    limit = np.radians((24, 14))
    return np.clip(target - 0.8 * angles[:, :2], -limit, limit)


def turning(frames: int, seed: int, furthest: float = YAW) -> Floats:
    """Return yaw, pitch and roll (T, 3), radians, that go through all of each other's values."""
    start = np.random.default_rng(seed).uniform(0, 2 * np.pi, 3)
    phase = 2 * np.pi * np.arange(frames)[:, None] / frames * (2, 3, 1) + start
    return np.asarray(np.radians((furthest, PITCH, ROLL)) * np.sin(phase), dtype=np.float64)
