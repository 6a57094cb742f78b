"""The numbers of the report mean what they say."""

from __future__ import annotations

import numpy as np
import pytest
from report_tracks import EYES, FACING, FOCAL, a_track, places_of_a_flat_face

from backend.contract.camera import rotation_matrices
from backend.contract.names import INNER_LIPS_LOWER, LEFT_EYE_CORNERS, LEFT_EYE_UPPER, RIGHT_EYE_CORNERS
from backend.contract.quality import quality_of
from backend.contract.ranges import flagged, runs
from backend.contract.track import INTERPOLATED, MISSING
from backend.report.measures import head_angles, measure


def test_a_head_that_faces_the_camera() -> None:
    measures = measure(a_track())
    np.testing.assert_allclose([measures.yaw, measures.pitch, measures.roll], 0, atol=1e-6)
    np.testing.assert_allclose(measures.eye_distance, FOCAL * EYES / 0.6, rtol=1e-5)
    np.testing.assert_allclose(measures.depth, 0.6)
    np.testing.assert_allclose(measures.jaw, 5, rtol=1e-6)
    np.testing.assert_allclose(measures.mouth, 0, atol=1e-3)
    np.testing.assert_allclose([measures.left_eye, measures.right_eye], 1, rtol=1e-4)
    np.testing.assert_allclose(measures.tremble[1:-1], 0, atol=1e-4)


@pytest.mark.parametrize(
    ("turn", "expected"),
    [
        ([0, 30, 0], (30, 0, 0)),  # about the up axis, to the subject's left
        ([-20, 0, 0], (0, 20, 0)),  # nose up
        ([0, 0, 15], (0, 0, 15)),  # top of the head towards the subject's right shoulder
    ],
)
def test_angles_have_the_sign_they_say(turn: list[float], expected: tuple[float, float, float]) -> None:
    rotation = FACING @ rotation_matrices(np.radians([turn]))
    np.testing.assert_allclose(np.ravel(head_angles(rotation)), expected, atol=1e-9)


def test_what_the_signs_mean_in_the_picture() -> None:
    """A positive yaw moves the nose to the right of the picture, pitch moves it up, roll moves the crown left."""
    nose, crown = np.array([0, 0, 0.1]), np.array([0, 0.1, 0])
    turned, raised, tilted = (
        FACING @ rotation_matrices(np.radians(turn)) for turn in ([0, 20, 0], [-20, 0, 0], [0, 0, 20])
    )
    assert (turned @ nose)[0] > 0 and (raised @ nose)[1] < 0 and (tilted @ crown)[0] < 0


def test_a_blink_and_an_open_mouth_are_seen() -> None:
    track = a_track()
    upper = [3 * landmark + corner for landmark in LEFT_EYE_UPPER[3:6] for corner in range(3)]
    lip = [3 * landmark + corner for landmark in INNER_LIPS_LOWER for corner in range(3)]
    track.vertices[7, upper, 1] -= 0.0075
    track.vertices[9, lip, 1] -= 0.012
    measures = measure(track)
    assert measures.left_eye[7] == pytest.approx(0.25, abs=1e-3)
    assert measures.right_eye[7] == pytest.approx(1, abs=1e-3)
    assert measures.mouth[9] == pytest.approx(12, abs=0.01)
    assert measures.mouth[8] == pytest.approx(0, abs=0.01)


def test_a_jerk_is_flagged_and_a_cut_is_not() -> None:
    track = a_track()
    track.head_translation[8, 0] += 0.02
    track.head_translation[14:, 0] += 0.1
    track.shot[14:] = 1
    flags = flagged(quality_of(track))
    assert [(flag.first, flag.last, flag.reason) for flag in flags] == [(7, 9, "jump")]


def test_ranges_to_look_at_have_their_reasons() -> None:
    track = a_track()
    track.status[3:5] = MISSING
    track.status[6] = INTERPOLATED
    track.reprojection_error[8] = 3.0
    track.reprojection_error[12:14] = 0.9
    track.confidence[17:19] = 0.2
    flags = flagged(quality_of(track))
    assert [(flag.first, flag.last, flag.reason) for flag in flags] == [
        (3, 4, "missing"),
        (6, 6, "interpolated"),
        (8, 8, "misfit"),
        (12, 13, "error"),
        (17, 18, "confidence"),
    ]


def test_runs_that_are_close_are_one() -> None:
    where = np.array([1, 1, 0, 1, 0, 0, 0, 1], bool)
    assert runs(where) == [(0, 1), (3, 3), (7, 7)]
    assert runs(where, close=1) == [(0, 3), (7, 7)]


def test_eye_corners_are_where_the_test_thinks() -> None:
    places = places_of_a_flat_face()
    left = places[list(LEFT_EYE_CORNERS)].mean(axis=0)
    right = places[list(RIGHT_EYE_CORNERS)].mean(axis=0)
    np.testing.assert_allclose(left - right, [EYES, 0, 0], atol=1e-12)
