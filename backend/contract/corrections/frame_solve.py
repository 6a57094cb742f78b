"""Solve of one frame for pins: the pose that has points of the surface at given pixels and changes least.

Damped Gauss-Newton steps on the pins' distances and a quadratic pull to the start, see `PoseSpace.metric`: one pin
moves the head across the picture, two turn and scale it, more turn it in depth and then change the expression. Where
pins are not met, the pull is weakened as long as that helps much; pins that contradict each other leave a usual face.

Four pins and more tell how well the head agrees with the person: what a rigid head leaves of them is the error of its
shape, which turns the head in depth and scales it as readily. Both are therefore found first, with pins that count no
more than that error allows, from the pose that was tracked; all else meets the pins then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from ..arrays import Floats, Integers
from ..camera import Intrinsics, project, rotation_matrices
from ..failure import Failure
from .corrections import KeyPose, Pin
from .face_parts import ALL_PARTS, columns_of_parts
from .pose_changes import is_reachable
from .pose_space import PoseSpace
from .posed_head import PosedHead

PIXEL: Final = 0.5
"""Distance of a pin, pixels, that weighs as much as one unit of change; for small heads a share of their size:"""
SHARE: Final = 3.5e-3
MET: Final = 0.35
"""Pixels within which a pin counts as met."""
WEAKER, WEAKENINGS = 2.0, 6
"""By how much a pixel weighs more in the next attempt if pins are not met, and how often ..."""
HELPED: Final = 0.8
"""... as long as the worst distance falls to this share. Small steps, so that a point that is dragged moves evenly."""
RIGID: Final = np.arange(6)
"""The numbers of `PoseSpace` that move a head as it is."""
DISAGREEMENT: Final = 8.0
"""How much larger the error of a face is than what a rigid head leaves of pins: it is alike for points side by side."""
DOUBTS: Final = 4
"""Solves in which the metric follows turn and growth."""
TURNS: Final = 2
"""How often the metric follows the turn that was found, see `PoseSpace.metric`."""
STEPS: Final = 10
LONGEST: Final = 0.5
"""Largest turn of the head in one step, radians."""
NEAREST: Final = 0.02
"""Metres in front of the camera at which a point can be pinned."""
FARTHEST: Final = 1e6
"""Pixels from the picture's corner at which a pin may lie."""
_DAMPING: Final = 1e-6
_PROJECTIONS: Final = 12
_LENGTHS: Final = (1.0, 0.5, 0.25, 0.1, 0.03)


@dataclass(frozen=True)
class Solved:
    """The answer for one frame.

    Attributes:
        pose: What the head does.
        errors: Distance of each pin's point from its pixel, in pixels.
    """

    pose: KeyPose
    errors: tuple[float, ...]

    @property
    def error_pixels(self) -> float:
        """Distance of the pin that is met worst."""
        return max(self.errors, default=0.0)


def solve_frame(
    head: PosedHead,
    start: KeyPose,
    pins: Sequence[Pin],
    intrinsics: Intrinsics,
    parts: frozenset[str] = ALL_PARTS,
    tracked: KeyPose | None = None,
) -> Solved | Failure:
    """Return the pose that meets the pins and changes least of the start.

    Args:
        head: `PosedHead.on` of the frame, so that its surface is the track's to begin with.
        start: What the head does without pins.
        pins: Points and their pixels.
        intrinsics: Of the frame, see `Track.intrinsics_at`.
        parts: What may move: members of `ALL_PARTS`.
        tracked: What the head did before anything was pinned; the start where None. Pins that contradict each other
            turn the head in depth from there, and scale it.
    """
    points = _points_of(head, start, pins)
    if isinstance(points, Failure):
        return points
    space = PoseSpace(head, start, intrinsics)
    free = columns_of_parts(head, parts)
    if isinstance(free, Failure):
        return free
    numbers = np.zeros(space.size)
    problem = _Problem(space, points, free) if space.depth > NEAREST else None
    if problem is None or problem.distances(numbers) is None:
        return Failure(
            "pin-behind-camera", "A pin lies behind the camera.", "Move the head in front of the camera, then pin it."
        )
    if pins:
        known, begun = _known(space, points, free, tracked) if np.isin(RIGID, free).all() else (None, None)
        problem = problem if known is None else _Problem(space, points, free, known)
        numbers = problem.solve_gradually(numbers if begun is None else begun)
    errors = problem.errors(numbers)
    return Solved(space.pose(numbers), tuple(errors.tolist()))


@dataclass(frozen=True)
class _Points:
    """Pins as arrays: triangles (N,), barycentric (N, 3), pixels (N, 2)."""

    triangles: Integers
    barycentric: Floats
    pixels: Floats


def _points_of(head: PosedHead, start: KeyPose, pins: Sequence[Pin]) -> _Points | Failure:
    """Return the pins as arrays, or why they cannot be solved."""
    if not is_reachable(start):
        return Failure(
            "no-head-to-pin", "There is no head on this frame.", "Choose a frame in which the face was tracked."
        )
    if len(start.expression) != head.track.expression.shape[1]:
        return Failure(
            "pose-of-another-head",
            f"The pose has {len(start.expression)} expressions, and the head has {head.track.expression.shape[1]}.",
            "Pin the frame again on this track.",
        )
    triangles = np.array([pin.triangle for pin in pins], dtype=np.int64)
    barycentric = np.array([pin.barycentric for pin in pins], dtype=np.float64).reshape(-1, 3)
    pixels = np.array([pin.pixel for pin in pins], dtype=np.float64).reshape(-1, 2)
    outside = (triangles < 0) | (triangles >= len(head.track.faces))
    if outside.any():
        return Failure(
            "pin-off-the-head",
            f"A pin is on triangle {triangles[outside][0]}, which the head does not have.",
            "Remove the pin and set it again on this head.",
        )
    inside = np.isclose(barycentric.sum(axis=1), 1.0, atol=1e-3) & (barycentric > -1e-3).all(axis=1)
    if not inside.all():
        return Failure(
            "pin-off-the-head", "A pin does not lie in its triangle.", "Remove the pin and set it again on this head."
        )
    if not (np.abs(pixels) <= FARTHEST).all():
        return Failure("pin-off-the-picture", "A pin lies far outside the picture.", "Remove the pin and set it again.")
    return _Points(triangles, barycentric, pixels)


def _known(
    space: PoseSpace, points: _Points, free: Integers, tracked: KeyPose | None
) -> tuple[Floats | None, Floats | None]:
    """Return turn in depth and growth (20 + E,), as far as the pins agree about them, and numbers to begin with.

    The first are None where the pins do agree, or are too few to tell; the others where these are all zero.
    """
    loose = 2 * len(points.pixels) - len(RIGID)
    if loose <= 0:
        return None, None
    start = space.start
    if tracked is not None and is_reachable(tracked):
        start = replace(start, head_rotation=tracked.head_rotation, head_translation=tracked.head_translation)
    around = space if start == space.start else replace(space, start=start)
    problem = _Problem(around, points, free)
    if around.depth <= NEAREST or problem.distances(np.zeros(space.size)) is None:
        return None, None
    numbers = problem.solve_usually(np.zeros(space.size))
    left_over = float(np.sqrt(np.square(problem.errors(numbers)).sum() / loose))
    if DISAGREEMENT * left_over <= min(PIXEL, SHARE * space.pixels):
        # They agree: to doubt them would change nothing, and the work is half done.
        return None, numbers if around is space else None
    numbers = problem.solve_doubting(numbers, DISAGREEMENT * left_over)
    known = space.known_of(around.pose(numbers))
    return known, known


class _Problem:
    """The least-squares problem of one frame.

    Args:
        space: Of its numbers.
        points: The pins.
        free: Which numbers may change.
        known: Turn in depth and growth, see `PoseSpace.known_of`; None where they are not known.
    """

    def __init__(self, space: PoseSpace, points: _Points, free: Integers, known: Floats | None = None) -> None:
        self._space, self._points, self._free, self._known = space, points, free, known
        self._centre = np.zeros(len(free)) if known is None else known[free]
        self._metric = self._metric_at(np.zeros(space.size))
        self._limits = [limit[free] for limit in space.limits]

    def _metric_at(self, numbers: Floats) -> Floats:
        metric = self._space.metric(numbers) if self._known is None else self._space.holding_metric
        return metric[np.ix_(self._free, self._free)]

    def distances(self, numbers: Floats) -> Floats | None:
        """Return how far the points are from their pixels (N, 2); None where one is behind the camera."""
        pose = self._space.pose(numbers)
        points = self._space.head.points(pose, self._points.triangles, self._points.barycentric)
        rotation = rotation_matrices(np.array(pose.head_rotation))
        in_camera = points @ rotation.T + np.array(pose.head_translation)
        if (in_camera[:, 2] < NEAREST).any():
            return None
        return project(in_camera, self._space.intrinsics) - self._points.pixels

    def errors(self, numbers: Floats) -> Floats:
        """Return the length of the distances (N,)."""
        distances = self.distances(numbers)
        assert distances is not None  # No step is taken behind the camera.
        return np.linalg.norm(distances, axis=1)

    @property
    def _stiffness(self) -> float:
        return 1 / min(PIXEL, SHARE * self._space.pixels) ** 2

    def solve_usually(self, numbers: Floats) -> Floats:
        """Return the numbers for pins that pull as they usually do."""
        numbers = self.solve(numbers, self._stiffness)
        for _ in range(TURNS):
            metric = self._metric_at(numbers)
            if np.array_equal(metric, self._metric):
                break
            self._metric = metric
            numbers = self.solve(numbers, self._stiffness)
        return numbers

    def solve_gradually(self, numbers: Floats) -> Floats:
        """Return the numbers that meet the pins, as long as a weaker pull helps that much."""
        numbers, stiffness = self.solve_usually(numbers), self._stiffness
        worst = self.errors(numbers).max()
        for _ in range(WEAKENINGS):
            if worst < MET:
                break
            stiffness *= WEAKER**2
            tried = self.solve(numbers, stiffness)
            changed = self.errors(tried).max()
            if changed > HELPED * worst:
                break
            numbers, worst = tried, changed
        return numbers

    def solve_doubting(self, numbers: Floats, pixels: float) -> Floats:
        """Return the numbers for pins that are so many pixels off where they should be."""
        for _ in range(DOUBTS):
            metric = self._space.doubting_metric(numbers)[np.ix_(self._free, self._free)]
            if np.array_equal(metric, self._metric):
                break
            self._metric = metric
            numbers = self.solve(numbers, 1 / pixels**2)
        return numbers

    def solve(self, numbers: Floats, stiffness: float) -> Floats:
        """Return better numbers, for pins that weigh `stiffness` for one pixel squared."""
        damping, cost = _DAMPING, self._cost(numbers, stiffness)
        for _ in range(STEPS):
            jacobian, distances = self._linear(numbers)
            step = self._step(numbers[self._free], jacobian, distances, stiffness, damping)
            tried = numbers.copy()
            tried[self._free] += step
            changed = self._cost(tried, stiffness)
            if changed >= cost:
                damping *= 100
                if damping > 1e6:
                    break
                continue
            settled = cost - changed < 1e-4 * cost or np.abs(jacobian @ step).max() < MET / 20
            numbers, cost, damping = tried, changed, max(damping / 10, _DAMPING)
            if settled:
                break
        return numbers

    def _cost(self, numbers: Floats, stiffness: float) -> float:
        distances = self.distances(numbers)
        if distances is None:
            return np.inf
        change = numbers[self._free] - self._centre
        return float(stiffness * (distances**2).sum() + change @ self._metric @ change)

    def _linear(self, numbers: Floats) -> tuple[Floats, Floats]:
        """Return derivatives of the pixels by the free numbers (2 N, F), and the distances (2 N,)."""
        space, points = self._space, self._points
        motion = space.head.motion(
            space.pose(numbers), points.triangles, points.barycentric, torso_stays=space.torso_stays
        )
        x, y, depth = motion.points.T
        by_point = np.zeros((len(depth), 2, 3))
        by_point[:, 0, 0], by_point[:, 1, 1] = space.intrinsics.focal_x / depth, space.intrinsics.focal_y / depth
        by_point[:, 0, 2], by_point[:, 1, 2] = -by_point[:, 0, 0] * x / depth, -by_point[:, 1, 1] * y / depth
        by = by_point @ motion.by @ space.slope(numbers)[:, self._free]
        distances = project(motion.points, space.intrinsics) - points.pixels
        return by.reshape(-1, len(self._free)), distances.reshape(-1)

    def _step(self, now: Floats, jacobian: Floats, distances: Floats, stiffness: float, damping: float) -> Floats:
        """Return the step (F,) of the linear problem, within the limits."""
        hessian = stiffness * jacobian.T @ jacobian + self._metric
        hessian[np.diag_indices_from(hessian)] *= 1 + damping
        gradient = stiffness * jacobian.T @ distances + self._metric @ (now - self._centre)
        step = _least_within(hessian, gradient, *(limit - now for limit in self._limits))
        turn = np.abs(step[:3]).max() if 0 in self._free else 0.0
        return step if turn <= LONGEST else step * (LONGEST / turn)


def _least_within(hessian: Floats, gradient: Floats, least: Floats, most: Floats) -> Floats:
    """Return the step (F,) with the least ``step H step / 2 + gradient step`` between limits.

    Projected Newton steps: what stands at a limit and is pushed against it is left out of the next one (Bertsekas,
    "Projected Newton methods for optimization problems with simple constraints", 1982).
    """
    step = np.zeros(len(gradient))
    value = 0.0
    for _ in range(_PROJECTIONS):
        slope = hessian @ step + gradient
        loose = ~(((step <= least) & (slope > 0)) | ((step >= most) & (slope < 0)))
        if not loose.any():
            break
        direction = np.zeros(len(step))
        direction[loose] = -np.linalg.solve(hessian[np.ix_(loose, loose)], slope[loose])
        for length in _LENGTHS:
            tried = np.clip(step + length * direction, least, most)
            changed = float(tried @ (0.5 * (hessian @ tried) + gradient))
            if changed < value:
                break
        else:
            break
        done = value - changed < 1e-6 * abs(changed)
        step, value = tried, changed
        if done:
            break
    return step
