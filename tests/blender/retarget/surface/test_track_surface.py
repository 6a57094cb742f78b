"""Surface of a tracked face, and what it tells beyond its weights."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from flame_extension.backend.contract.performance.calibration import Calibration, calibrated
from flame_extension.backend.contract.performance.surface import beyond_weights, surface_ways
from flame_extension.backend.contract.performance.transfer.arkit_head import arkit_head
from flame_extension.backend.contract.track import MISSING, Track
from flame_extension.blender_flame_tracker.retarget.surface.motion import played_motion
from performances import make_performance
from synthetic_tracks import make_track, with_rows

SMILING = make_performance({"mouthSmileLeft": [0.5, 0.5, 0.9, 0.5, 0.5], "jawOpen": [0, 0.2, 0.4, 0.1, 0]})
CORNER = 291


def track_of(weights: np.ndarray, size: float = 1.0, **changes: Any) -> Track:
    """A track whose mesh is the built-in head of another size, playing weights."""
    head = arkit_head()
    corners = [np.flatnonzero((head.faces == vertex).any(axis=1))[0] for vertex in head.landmark_vertices]
    track = make_track(len(weights))
    return with_rows(
        track,
        vertices=(size * head.vertices_of(weights)).astype(np.float32),
        neutral_vertices=(size * head.neutral).astype(np.float32),
        faces=head.faces.astype(np.int32),
        landmark_triangle=np.array(corners, dtype=np.int32),
        landmark_barycentric=(head.faces[corners] == head.landmark_vertices[:, None]).astype(np.float32),
        **changes,
    )


def test_a_face_that_does_what_its_weights_say_tells_nothing_more() -> None:
    beyond = beyond_weights(track_of(SMILING.weights), SMILING)
    assert np.abs(beyond[:, :468]).max() < 1e-6


def test_the_size_of_the_person_does_not_count() -> None:
    beyond = beyond_weights(track_of(SMILING.weights, size=1.2), SMILING)
    assert np.abs(beyond[:, :468]).max() < 1e-6


def test_what_the_weights_do_not_say_is_found_on_its_frame() -> None:
    track = track_of(SMILING.weights)
    track.vertices[3, arkit_head().landmark_vertices[CORNER], 1] += 0.003
    beyond = beyond_weights(track, SMILING)
    assert beyond[3, CORNER] == pytest.approx([0, 0.003, 0], abs=1e-6)
    assert np.abs(beyond[[0, 1, 2, 4], CORNER]).max() < 1e-6


def test_somebody_who_smiles_throughout_smiles_by_the_weights() -> None:
    """The neutral face of such a track smiles as well: only the weights know that it is a smile."""
    resting = arkit_head().vertices_of(SMILING.weights[:1])[0]
    track = with_rows(track_of(SMILING.weights), neutral_vertices=resting.astype(np.float32))
    beyond = beyond_weights(track, SMILING)
    assert np.abs(surface_ways(track)[0, CORNER]).max() < 1e-6
    assert np.abs(beyond[:, CORNER]).max() < 1e-4


def test_lips_and_lids_meet_where_the_persons_do_whatever_the_weights_say() -> None:
    true = make_performance({"jawOpen": [0.5, 0.5, 0.0, 0.5, 0.5], "eyeBlinkLeft": [0.1, 0.1, 1.0, 0.1, 0.1]})
    said = make_performance({"jawOpen": [0.55, 0.55, 0.0, 0.55, 0.55], "eyeBlinkLeft": [0.0, 0.0, 1.0, 0.0, 0.0]})
    head = arkit_head()
    played = head.landmarks_of(said.weights) + beyond_weights(track_of(true.weights), said)
    person = head.landmarks_of(true.weights)
    for upper, lower in ((13, 14), (311, 402), (386, 374)):
        gap, wanted = ((points[:, upper] - points[:, lower])[:, 1] for points in (played, person))
        assert gap[2] == pytest.approx(wanted[2], abs=1e-5) and abs(wanted[2]) < 4e-4
        # As far apart as usual they are by the weights.
        assert gap[1] == pytest.approx(head.landmarks_of(said.weights)[1, [upper, lower], 1] @ [1, -1], abs=1e-5)
        assert abs(gap[1] - wanted[1]) > 5e-4


def test_frames_without_a_face_tell_nothing() -> None:
    status = make_track(5).status
    status[1] = MISSING
    performance = make_performance({"mouthSmileLeft": [0.5] * 5}, without_face=(1,))
    beyond = beyond_weights(track_of(np.nan_to_num(performance.weights), status=status), performance)
    assert np.isnan(beyond[1]).all() and np.abs(beyond[[0, 2, 3, 4], :468]).max() < 1e-6


def test_a_neutral_frame_of_the_user_counts_here_too() -> None:
    track = track_of(SMILING.weights)
    track.vertices[3, arkit_head().landmark_vertices[CORNER], 1] += 0.003
    with_beyond = make_performance({"mouthSmileLeft": [0.5, 0.5, 0.9, 0.5, 0.5]})
    with_beyond = replace(with_beyond, beyond=beyond_weights(track, SMILING))
    found = calibrated(with_beyond, Calibration(neutral=(3,))).beyond
    assert found is not None and np.abs(found[3]).max() < 1e-9
    assert found[0, CORNER] == pytest.approx([0, -0.003, 0], abs=1e-6)


def test_points_that_the_head_model_does_not_have_go_by_the_weights() -> None:
    triangles = track_of(SMILING.weights).landmark_triangle.copy()
    triangles[[263, 33, CORNER]] = -1
    beyond = beyond_weights(with_rows(track_of(SMILING.weights), landmark_triangle=triangles), SMILING)
    assert np.isnan(beyond[:, CORNER]).all() and np.abs(beyond[:, [61, 152]]).max() < 1e-6
    motion = played_motion(SMILING.weights, beyond, np.zeros((5, 3)), None, None)
    assert motion.landmarks == pytest.approx(arkit_head().landmarks_of(SMILING.weights), abs=1e-6)
