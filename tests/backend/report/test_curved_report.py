"""Report of a curved lens: the head is drawn where the footage shows it."""

from __future__ import annotations

from dataclasses import asdict, replace

import numpy as np
import pytest
from report_tracks import a_track

from backend.contract.camera import project
from backend.contract.distortion import Distortion
from backend.contract.track import DISTORTION, Track
from backend.report.measures import measure
from backend.report.numbers import focal_words
from backend.report.picture import HeadPainter

BARREL = Distortion(-0.3, 0.05)


def curved() -> Track:
    track = a_track()
    return replace(track, header={**track.header, DISTORTION: asdict(BARREL)})


def test_the_head_is_bent_onto_the_footage() -> None:
    track, camera = curved(), a_track().intrinsics
    straight = project(HeadPainter(a_track()).camera_vertices(3), camera)
    drawn = project(HeadPainter(track).camera_vertices(3), camera)
    assert track.curved is not None
    assert drawn == pytest.approx(track.curved.on_footage(straight), abs=1e-4)
    assert np.abs(drawn - straight).max() > 0.05


def test_landmarks_are_drawn_where_they_were_detected() -> None:
    track = curved()
    assert track.curved is not None
    assert track.curved.straightened(HeadPainter(track).landmarks(3)) == pytest.approx(track.landmarks[3], abs=1e-3)
    assert HeadPainter(a_track()).landmarks(3) is not None


def test_errors_are_those_of_the_straight_picture() -> None:
    assert measure(curved()).confidence == pytest.approx(measure(a_track()).confidence)


def test_the_report_says_the_coefficients() -> None:
    assert focal_words(curved())["distortion"] == asdict(BARREL)
    assert focal_words(a_track())["distortion"] is None
