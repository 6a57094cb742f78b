"""One frame solved for pins: exact where the pins say all, and as little change as possible where they do not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tracks_to_correct import builtin_track, flame_track

from backend.contract.camera import axis_angles, project, rotation_matrices
from backend.contract.corrections.corrections import KeyPose, Pin
from backend.contract.corrections.face_parts import (
    ALL_PARTS,
    GAZE,
    HEAD,
    JAW_PART,
    LEFT_LID,
    closed_lid,
    gaze_at,
    turned_jaw,
)
from backend.contract.corrections.frame_solve import solve_frame
from backend.contract.corrections.pose_space import PoseSpace
from backend.contract.corrections.posed_head import PosedHead
from backend.contract.failure import Failure
from backend.contract.track import Track

NOSE, CHIN, RIGHT_CORNER, LEFT_CORNER, BROW, LEFT_IRIS, UPPER_LID = 1, 152, 33, 263, 168, 473, 386
SPREAD = (1, 10, 33, 263, 61, 291, 152, 168, 50, 280)
ROW = 3


@pytest.fixture(scope="module", params=["built-in", "FLAME"])
def track(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Track:
    make = builtin_track if request.param == "built-in" else flame_track
    return make(tmp_path_factory.mktemp("clip"), 6)


class Frame:
    """A frame of a track whose landmarks are pinned."""

    def __init__(self, track: Track) -> None:
        self.track, self.head = track, PosedHead(track).on(ROW)
        self.start, self.intrinsics = self.head.pose_at(ROW), track.intrinsics_at(ROW)
        self.space = PoseSpace(self.head, self.start, self.intrinsics)

    def pixel(self, landmark: int, pose: KeyPose) -> np.ndarray:
        """Where a landmark is in the picture."""
        point = self.head.points(
            pose, self.track.landmark_triangle[[landmark]], self.track.landmark_barycentric[[landmark]]
        )
        rotation = rotation_matrices(np.array(pose.head_rotation))
        return project(point @ rotation.T + np.array(pose.head_translation), self.intrinsics)[0]

    def pin(self, landmark: int, pose: KeyPose | None = None, move: tuple[float, float] = (0.0, 0.0)) -> Pin:
        """A landmark pinned where it is in a pose, or so many pixels beside."""
        shares = self.track.landmark_barycentric[landmark].astype(float)
        pixel = self.pixel(landmark, pose or self.start) + move
        return Pin(int(self.track.landmark_triangle[landmark]), tuple(shares), tuple(pixel))

    def solve(self, *pins: Pin, **options):
        """The answer, which is to be one."""
        solved = solve_frame(self.head, self.start, pins, self.intrinsics, **options)
        assert not isinstance(solved, Failure), solved
        return solved


@pytest.fixture
def frame(track: Track) -> Frame:
    return Frame(track)


def turned(pose: KeyPose, by: tuple[float, float, float]) -> KeyPose:
    rotation = rotation_matrices(np.array(by)) @ rotation_matrices(np.array(pose.head_rotation))
    return replace(pose, head_rotation=tuple(axis_angles(rotation)))


def degrees_between(one: KeyPose, other: KeyPose) -> np.ndarray:
    matrices = rotation_matrices(np.array([one.head_rotation, other.head_rotation]))
    return np.degrees(axis_angles(matrices[1] @ matrices[0].T))


def largest(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    return float(np.abs(np.subtract(one, other)).max())


def test_slope_is_the_limit_of_differences(frame: Frame) -> None:
    space = PoseSpace(frame.head, frame.start, frame.intrinsics)
    random = np.random.default_rng(3)
    numbers = 0.1 * random.normal(size=space.size) * np.where(np.arange(space.size) < 3, 2.0, 1.0)
    triangles, shares = frame.track.landmark_triangle[list(SPREAD)], frame.track.landmark_barycentric[list(SPREAD)]

    def points(there: np.ndarray) -> np.ndarray:
        return frame.head.motion(space.pose(there), triangles, shares).points

    motion = frame.head.motion(space.pose(numbers), triangles, shares, torso_stays=True)
    by = motion.by @ space.slope(numbers)
    for column in range(space.size):
        step = 1e-5 * np.eye(space.size)[column]
        limit = (points(numbers + step) - points(numbers - step)) / 2e-5
        assert np.allclose(limit, by[..., column], atol=2e-7), column


def test_pins_that_say_all_give_the_pose_back(frame: Frame) -> None:
    x, y, depth = frame.start.head_translation
    truth = replace(turned(frame.start, (0.15, -0.2, 0.1)), head_translation=(x + 0.02, y - 0.01, 1.08 * depth))
    solved = frame.solve(*(frame.pin(landmark, truth) for landmark in SPREAD))
    assert solved.error_pixels < 0.2
    assert np.linalg.norm(degrees_between(solved.pose, truth)) < 0.3
    assert largest(solved.pose.head_translation, truth.head_translation) < 0.002


def test_pins_on_a_face_of_another_shape_hardly_turn_the_head(frame: Frame) -> None:
    random = np.random.default_rng(1)
    beside = dict(zip(SPREAD, 0.02 * frame.space.pixels * random.normal(size=(len(SPREAD), 2)), strict=True))
    true = turned(frame.start, (0.01, -0.01, 0.0))
    pins = [frame.pin(landmark, true, tuple(move)) for landmark, move in beside.items()]
    for parts in (ALL_PARTS, frozenset({HEAD})):
        solved = frame.solve(*pins, parts=parts)
        assert (
            np.linalg.norm(degrees_between(solved.pose, true)[:2]) < 1.0
        )  # 2 to 5 where they are taken at their word.
    far = turned(frame.start, (0.0, 0.5, 0.0))
    led = solve_frame(frame.head, far, pins, frame.intrinsics, tracked=frame.start)
    assert not isinstance(led, Failure) and np.linalg.norm(degrees_between(led.pose, true)[:2]) < 2


def test_one_pin_moves_the_head_across_and_leaves_its_shape_alone(frame: Frame) -> None:
    solved = frame.solve(frame.pin(NOSE, move=(20.0, -7.0)))
    assert solved.error_pixels < 0.05
    assert np.linalg.norm(degrees_between(solved.pose, frame.start)) < 0.2
    assert largest(solved.pose.expression, frame.start.expression) < 1e-3
    assert largest(solved.pose.jaw_pose, frame.start.jaw_pose) < 1e-3
    assert solved.pose.head_translation[2] == pytest.approx(frame.start.head_translation[2], rel=2e-3)


def test_two_pins_turn_the_head_in_the_picture_and_scale_it(frame: Frame) -> None:
    apart = frame.solve(frame.pin(RIGHT_CORNER, move=(-5.0, 0.0)), frame.pin(LEFT_CORNER, move=(5.0, 0.0)))
    assert apart.error_pixels < 0.1
    assert apart.pose.head_translation[2] < 0.97 * frame.start.head_translation[2]
    assert np.linalg.norm(degrees_between(apart.pose, frame.start)) < 1
    tilted = frame.solve(frame.pin(RIGHT_CORNER, move=(0.0, -10.0)), frame.pin(LEFT_CORNER, move=(0.0, 10.0)))
    across = degrees_between(frame.start, tilted.pose)
    assert across[2] > 4 and np.linalg.norm(across[:2]) < 0.2 * across[2]
    assert largest(tilted.pose.expression, frame.start.expression) < 0.02


def test_a_pin_on_the_chin_of_a_held_head_opens_the_jaw(frame: Frame) -> None:
    held = [frame.pin(each) for each in (NOSE, RIGHT_CORNER, LEFT_CORNER, BROW)]
    solved = frame.solve(*held, frame.pin(CHIN, move=(0.0, 12.0)))
    assert solved.error_pixels < 0.5
    assert np.degrees(solved.pose.jaw_pose[0] - frame.start.jaw_pose[0]) > 4
    assert np.linalg.norm(degrees_between(solved.pose, frame.start)) < 2


def test_a_part_moves_alone_if_only_it_may(frame: Frame) -> None:
    jaw = frame.solve(frame.pin(CHIN, move=(0.0, 8.0)), parts=frozenset({JAW_PART})).pose
    assert jaw == replace(frame.start, jaw_pose=jaw.jaw_pose) and jaw.jaw_pose[0] > frame.start.jaw_pose[0]
    gaze = frame.solve(frame.pin(LEFT_IRIS, move=(3.0, 0.0)), parts=frozenset({GAZE})).pose
    assert gaze == replace(frame.start, left_eye_pose=gaze.left_eye_pose, right_eye_pose=gaze.right_eye_pose)
    assert gaze.left_eye_pose[1] > frame.start.left_eye_pose[1] + 0.05
    assert gaze.right_eye_pose[1] - frame.start.right_eye_pose[1] == pytest.approx(
        gaze.left_eye_pose[1] - frame.start.left_eye_pose[1], abs=0.03
    )


def test_a_pin_on_a_lid_closes_that_lid_alone(frame: Frame) -> None:
    open_start = closed_lid(frame.head, frame.start, LEFT_LID, 0.0)
    assert not isinstance(open_start, Failure)
    shut = closed_lid(frame.head, open_start, LEFT_LID, 0.6)
    assert not isinstance(shut, Failure)
    pins = [frame.pin(UPPER_LID, shut)]
    solved = solve_frame(frame.head, open_start, pins, frame.intrinsics, frozenset({LEFT_LID}))
    assert not isinstance(solved, Failure) and solved.error_pixels < 0.5
    assert largest(solved.pose.expression, shut.expression) < 0.1
    assert largest(solved.pose.eyelids, shut.eyelids) < 0.1


def test_a_face_stays_within_its_limits_however_far_a_pin_is_pulled(frame: Frame) -> None:
    held = [frame.pin(each) for each in (NOSE, RIGHT_CORNER, LEFT_CORNER, BROW, 10)]
    solved = frame.solve(*held, frame.pin(61, move=(-80.0, -60.0)), frame.pin(CHIN, move=(0.0, 300.0)))
    space = PoseSpace(frame.head, frame.start, frame.intrinsics)
    least, most = space.limits
    change = np.subtract(solved.pose.expression, frame.start.expression)
    assert (change >= least[20:] - 1e-9).all() and (change <= most[20:] + 1e-9).all()
    assert solved.pose.jaw_pose[0] <= 0.6 + 1e-9


def test_pins_where_their_points_are_change_nothing(frame: Frame) -> None:
    solved = frame.solve(*(frame.pin(landmark) for landmark in SPREAD))
    assert solved.pose == frame.start and solved.error_pixels < 1e-6
    assert frame.solve().pose == frame.start


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda pin: replace(pin, triangle=10**6), "pin-off-the-head"),
        (lambda pin: replace(pin, triangle=-1), "pin-off-the-head"),
        (lambda pin: replace(pin, barycentric=(3.0, -1.0, -1.0)), "pin-off-the-head"),
        (lambda pin: replace(pin, pixel=(np.nan, 0.0)), "pin-off-the-picture"),
    ],
)
def test_a_pin_that_is_nowhere_on_the_head_is_refused(frame: Frame, change, code: str) -> None:
    problem = solve_frame(frame.head, frame.start, [change(frame.pin(NOSE))], frame.intrinsics)
    assert isinstance(problem, Failure) and problem.code == code


def test_a_head_that_cannot_be_pinned_is_refused(frame: Frame) -> None:
    x, y, _ = frame.start.head_translation
    codes = {
        "pin-behind-camera": replace(frame.start, head_translation=(x, y, -0.5)),
        "no-head-to-pin": replace(frame.start, head_translation=(x, y, np.nan)),
        "pose-of-another-head": replace(frame.start, expression=(0.0,)),
    }
    for code, start in codes.items():
        problem = solve_frame(frame.head, start, [frame.pin(NOSE)], frame.intrinsics)
        assert isinstance(problem, Failure) and problem.code == code
    for parts, code in ((frozenset(), "nothing-may-move"), (frozenset({"tail"}), "part-unknown")):
        problem = solve_frame(frame.head, frame.start, [frame.pin(NOSE)], frame.intrinsics, parts)
        assert isinstance(problem, Failure) and problem.code == code


def test_the_jaw_turns_no_further_than_jaws_do(frame: Frame) -> None:
    assert turned_jaw(frame.start, 0.3, 0.05).jaw_pose[:2] == (0.3, 0.05)
    assert turned_jaw(frame.start, 5.0).jaw_pose[0] == 0.6


def test_eyes_look_at_the_pixel(frame: Frame) -> None:
    middle = frame.pixel(BROW, frame.start)
    looks = {
        side: gaze_at(frame.head, frame.start, (middle[0] + side, middle[1]), frame.intrinsics) for side in (-60, 60)
    }
    for landmark in (LEFT_IRIS, 468):
        assert frame.pixel(landmark, looks[60])[0] > frame.pixel(landmark, looks[-60])[0] + 2
    down, up = (
        gaze_at(frame.head, frame.start, (middle[0], middle[1] + height), frame.intrinsics) for height in (60, -60)
    )
    assert frame.pixel(LEFT_IRIS, down)[1] > frame.pixel(LEFT_IRIS, up)[1] + 1
