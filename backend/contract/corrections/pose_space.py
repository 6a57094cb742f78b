"""Poses around a start, by numbers that have a size: how much change each of them is, and how far it may go.

A head is turned about its middle and moved in the picture: across, and along the ray through its middle, by the
logarithm of its depth, so that it grows and shrinks where it is. All else is counted from the start.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np

from ..arrays import Array, Floats
from ..camera import Intrinsics, axis_angles, cross_matrices, project, rotation_matrices, unproject
from ..names import ARKIT
from .corrections import KeyPose
from .posed_head import EXPRESSION, EYELIDS, JAW, JOINT_TURNS, LEFT_EYE, NECK, RIGHT_EYE, PosedHead, with_torso_of

TURN, ACROSS, DEPTH = slice(0, 3), slice(3, 5), slice(5, 6)
"""Of the numbers: turn of the head (axis-angle, camera axes), pixels, log depth; the others as in `posed_head`."""
JOINTS: Final = {"neck_pose": NECK, "jaw_pose": JAW, "left_eye_pose": LEFT_EYE, "right_eye_pose": RIGHT_EYE}

ROLL, TILT, ACROSS_HEADS, LOG_DEPTH = 0.4, 0.02, 8.0, 0.3
"""How much of each is one unit of change: turns in the picture and in depth in radians, head sizes across, and growth.
Chosen so that one pin moves the head by 99 % across, two turn and scale it, and only others turn it in depth. That is
stiff, as a pin beside its point by the pixel or two that a face is off its own shape would turn the head by degrees;
measured with `bench truth --only pins`."""
LARGE, MEANT = 0.05, 0.4
"""Radians from which a turn in depth is large, and the share of what is beyond that counts as one unit."""
GROWTH, LARGE_GROWTH = 0.01, 0.03
"""The same of a growth where the pins contradict each other, logarithm of the depth: what is one unit, and from where
on it is large."""
HELD_TILT, HELD_GROWTH = 0.002, 0.003
"""One unit of both where they are known already."""
NECK_TURN: Final = 0.1
JAW_TURN: Final = (0.08, 0.02, 0.02)
GAZE_TURN, TORSION, SQUINT = 0.05, 0.01, 0.02
"""Of both eyes together, about the direction of looking, and of one eye against the other."""
LID: Final = 0.3
SURFACE: Final = 5e-4
"""Metres that the expression moves the surface, root mean square over the head, for one unit of change ..."""
COEFFICIENT: Final = 1.0
"""... and of a single coefficient."""
CLOSES_EASILY: Final = 0.3
"""Share at which a lid's closing counts: a lid that is pulled down closes rather than squints."""
LIDS: Final = ("eyeBlinkLeft", "eyeBlinkRight")
JAW_LIMITS: Final = ((-0.05, 0.6), (-0.15, 0.15), (-0.1, 0.1))
EYE_LIMITS: Final = ((-0.6, 0.6), (-0.75, 0.75), (-0.05, 0.05))
"""About x, y and z, radians: people reach some 35 degrees with the jaw and 45 sidewards with the eyes."""
CODE_LIMITS: Final = (-3.0, 3.0)
"""Of coefficients in standard deviations, as FLAME's; ARKit's go from 0 to 1."""


@dataclass(frozen=True)
class PoseSpace:
    """Poses of a head around a start, for one camera.

    Attributes:
        head: In which the start is.
        start: All numbers zero.
        intrinsics: Of the frame.
        torso_stays: Whether a turn of the head leaves the torso, which the neck turns, where it is.
    """

    head: PosedHead
    start: KeyPose
    intrinsics: Intrinsics
    torso_stays: bool = True

    @property
    def size(self) -> int:
        """Count of the numbers."""
        return EXPRESSION.start + len(self.start.expression)

    @cached_property
    def middle(self) -> Floats:
        """Middle of the head, about which it turns (3,), head space."""
        return self._part.mean(axis=0)

    @cached_property
    def pixels(self) -> float:
        """Size of the head in the picture: the radius of its part that follows the neck, pixels."""
        radius = np.sqrt(((self._part - self.middle) ** 2).sum(axis=1).mean())
        return float(self.intrinsics.focal_x * radius / self._middle_at_start[2])

    @property
    def depth(self) -> float:
        """Depth of the middle at the start, metres; all else needs it in front of the camera."""
        return float(self._middle_at_start[2])

    @cached_property
    def _part(self) -> Floats:
        return self.head.neutral[np.asarray(self.head.track.skinning_weights)[:, 0] < 0.5]

    @cached_property
    def _start_rotation(self) -> Floats:
        return rotation_matrices(np.array(self.start.head_rotation))

    @cached_property
    def _middle_at_start(self) -> Floats:
        return self._start_rotation @ self.middle + np.array(self.start.head_translation)

    def _middle_at(self, numbers: Floats) -> Floats:
        pixel = project(self._middle_at_start, self.intrinsics) + numbers[ACROSS]
        return unproject(pixel, self._middle_at_start[2] * np.exp(numbers[5]), self.intrinsics)

    def pose(self, numbers: Floats) -> KeyPose:
        """Return the pose of the numbers (20 + E,)."""
        rotation = rotation_matrices(numbers[TURN]) @ self._start_rotation
        joints = {
            name: _tuple(getattr(self.start, name) + numbers[JOINT_TURNS[joint]]) for name, joint in JOINTS.items()
        }
        moved = replace(
            self.start,
            head_rotation=_tuple(axis_angles(rotation)) if numbers[TURN].any() else self.start.head_rotation,
            head_translation=_tuple(self._middle_at(numbers) - rotation @ self.middle)
            if numbers[: JOINT_TURNS[NECK].start].any()
            else self.start.head_translation,
            eyelids=_tuple(self.start.eyelids + numbers[EYELIDS]),
            expression=_tuple(self.start.expression + numbers[EXPRESSION]),
            **joints,
        )
        if self.torso_stays and self.head.track.neck_turns_torso and numbers[TURN].any():
            return with_torso_of(moved, replace(self.start, neck_pose=moved.neck_pose))
        return moved

    def slope(self, numbers: Floats) -> Floats:
        """Return what the numbers do to the columns of `PosedHead.motion` (20 + E, 20 + E)."""
        result = np.eye(self.size)
        turn = _turn_slope(numbers[TURN])
        middle = self._middle_at(numbers)
        arm = rotation_matrices(numbers[TURN]) @ self._start_rotation @ self.middle
        result[0:3, TURN] = turn
        result[3:6, TURN] = cross_matrices(arm) @ turn
        result[3:6, ACROSS] = np.diag([middle[2] / self.intrinsics.focal_x, middle[2] / self.intrinsics.focal_y, 0.0])[
            :, :2
        ]
        result[3:6, DEPTH] = middle[:, None]
        for name, joint in JOINTS.items():
            part = JOINT_TURNS[joint]
            result[part, part] = _turn_slope(getattr(self.start, name) + numbers[part])
        return result

    def metric(self, numbers: Floats) -> Floats:
        """Return how much change numbers are (20 + E, 20 + E): its square is ``numbers @ metric @ numbers``.

        Of a turn in depth that is large already a share counts as one unit: what pins ask for so strongly is meant.
        """
        return self._metric_of(self._tilt_unit(numbers), LOG_DEPTH)

    def doubting_metric(self, numbers: Floats) -> Floats:
        """Return the same where pins contradict each other, so that a growth may be an error of the face, too."""
        return self._metric_of(self._tilt_unit(numbers), max(GROWTH, MEANT * (abs(float(numbers[5])) - LARGE_GROWTH)))

    @cached_property
    def holding_metric(self) -> Floats:
        """The same where turn in depth and growth are known, and hardly change any more."""
        return self._metric_of(HELD_TILT, HELD_GROWTH)

    def known_of(self, pose: KeyPose) -> Floats:
        """Return turn in depth and growth from the start to a pose, all else zero (20 + E,)."""
        result = np.zeros(self.size)
        if (pose.head_rotation, pose.head_translation) != (self.start.head_rotation, self.start.head_translation):
            rotation = rotation_matrices(np.array(pose.head_rotation))
            result[TURN] = self._in_depth @ axis_angles(rotation @ self._start_rotation.T)
            depth = (rotation @ self.middle + np.array(pose.head_translation))[2]
            result[DEPTH] = np.log(depth / self.depth)
        return result

    def _metric_of(self, tilt: float, growth: float) -> Floats:
        result = self._usual_metric.copy()
        result[TURN, TURN] = np.outer(self._ray, self._ray) / ROLL**2 + self._in_depth / tilt**2
        result[DEPTH, DEPTH] = 1 / growth**2
        return result

    def _tilt_unit(self, numbers: Floats) -> float:
        return max(TILT, MEANT * (float(np.linalg.norm(self._in_depth @ numbers[TURN])) - LARGE))

    @cached_property
    def _in_depth(self) -> Floats:
        """Takes of a turn what is not about the ray through the middle (3, 3)."""
        return np.eye(3) - np.outer(self._ray, self._ray)

    @cached_property
    def _ray(self) -> Floats:
        return self._middle_at_start / np.linalg.norm(self._middle_at_start)

    @cached_property
    def _usual_metric(self) -> Floats:
        result = np.zeros((self.size, self.size))
        result[ACROSS, ACROSS] = np.eye(2) / (ACROSS_HEADS * self.pixels) ** 2
        result[DEPTH, DEPTH] = 1 / LOG_DEPTH**2
        result[JOINT_TURNS[NECK], JOINT_TURNS[NECK]] = np.eye(3) / NECK_TURN**2
        result[JOINT_TURNS[JAW], JOINT_TURNS[JAW]] = np.diag(1 / np.square(JAW_TURN))
        left, right = JOINT_TURNS[LEFT_EYE], JOINT_TURNS[RIGHT_EYE]
        together = np.diag([1 / GAZE_TURN**2, 1 / GAZE_TURN**2, 1 / TORSION**2]) / 4
        apart = np.eye(3) / SQUINT**2
        result[left, left] = result[right, right] = together + apart
        result[left, right] = result[right, left] = together - apart
        result[EYELIDS, EYELIDS] = np.eye(2) / LID**2
        names = self.head.track.header["expression_names"]
        ease = np.array([CLOSES_EASILY if name in LIDS else 1.0 for name in names])
        surface = self.head.expression_gram / SURFACE**2 + np.eye(len(names)) / COEFFICIENT**2
        result[EXPRESSION, EXPRESSION] = np.outer(ease, ease) * surface
        return result

    @cached_property
    def limits(self) -> tuple[Floats, Floats]:
        """Least and most of the numbers (20 + E,); the start and all frames of the track are within."""
        least, most = np.full(self.size, -np.inf), np.full(self.size, np.inf)
        track = self.head.track
        sizes = np.log([0.2, 5.0])
        least[DEPTH], most[DEPTH] = sizes
        for name, limits in (("jaw_pose", JAW_LIMITS), ("left_eye_pose", EYE_LIMITS), ("right_eye_pose", EYE_LIMITS)):
            part = JOINT_TURNS[JOINTS[name]]
            least[part], most[part] = _within(np.array(limits), getattr(track, name), getattr(self.start, name))
        least[EYELIDS], most[EYELIDS] = _within(np.tile([0.0, 1.0], (2, 1)), track.eyelids, self.start.eyelids)
        usual = expression_limits(tuple(track.header["expression_names"]))
        least[EXPRESSION], most[EXPRESSION] = _within(usual, track.expression, self.start.expression)
        return least, most


def expression_limits(names: tuple[str, ...]) -> Floats:
    """Return the usual least and most of each coefficient (E, 2): 0 and 1 of ARKit's shapes, 3 deviations of others."""
    return np.array([(0.0, 1.0) if name in ARKIT else CODE_LIMITS for name in names]).reshape(-1, 2)


def _within(usual: Floats, tracked: Array, start: tuple[float, ...]) -> tuple[Floats, Floats]:
    """Return least and most, counted from the start, of what is usual, what the track does, and the start itself."""
    known = np.asarray(tracked)[np.isfinite(tracked).all(axis=1)]
    every = np.concatenate([usual.T, known, np.array([start])])
    return every.min(axis=0) - start, every.max(axis=0) - start


def _turn_slope(axis_angle: Floats) -> Floats:
    """Return the matrix (3, 3) that takes changes of an axis-angle to turns from the left.

    Left Jacobian of the rotation group (Chirikjian, "Stochastic Models, Information Theory, and Lie Groups" 2, 10.86).
    """
    angle = float(np.linalg.norm(axis_angle))
    cross = cross_matrices(np.asarray(axis_angle, dtype=np.float64))
    if angle < 1e-5:
        return np.eye(3) + cross / 2
    first, second = (1 - np.cos(angle)) / angle**2, (angle - np.sin(angle)) / angle**3
    return np.eye(3) + first * cross + second * cross @ cross


def _tuple(values: Array) -> tuple[float, ...]:
    return tuple(np.asarray(values, dtype=np.float64).tolist())
