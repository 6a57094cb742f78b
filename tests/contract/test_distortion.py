"""A curved lens: the same as OpenCV's, back again exactly, and never over a fold."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from test_track_file import a_track

from backend.contract.camera import Intrinsics, project
from backend.contract.distortion import (
    CurvedLens,
    Distortion,
    blender_distortion,
    distortion_of_blender,
)
from backend.contract.failure import Failure
from backend.contract.track import DISTORTION, SCHEMA, Track, header_of, read_track, write_track

CAMERA = Intrinsics(1280, 720, 900.0, 880.0, 660.0, 340.0)
EVERY_TERM = Distortion(-0.12, 0.03, -0.004, 0.002, -0.003)


def some_pixels() -> np.ndarray:
    return np.random.default_rng(0).uniform([0, 0], [1280, 720], (500, 2))


def through_opencv(pixels: np.ndarray, lens: CurvedLens) -> np.ndarray:
    camera, d = lens.intrinsics, lens.distortion
    across = (pixels - (camera.centre_x, camera.centre_y)) / (camera.focal_x, camera.focal_y)
    points = np.column_stack([across, np.ones(len(pixels))])
    coefficients = np.array([d.k1, d.k2, d.p1, d.p2, d.k3])
    return cv2.projectPoints(points, np.zeros(3), np.zeros(3), camera.matrix(), coefficients)[0][:, 0]


def test_pixels_are_where_opencv_has_them() -> None:
    lens = CurvedLens(CAMERA, EVERY_TERM)
    assert lens.on_footage(some_pixels()) == pytest.approx(through_opencv(some_pixels(), lens), abs=1e-9)


def test_straightened_pixels_come_back_exactly() -> None:
    lens = CurvedLens(CAMERA, EVERY_TERM)
    assert lens.straightened(lens.on_footage(some_pixels())) == pytest.approx(some_pixels(), abs=1e-8)


def test_the_jacobian_is_the_slope() -> None:
    points, step = some_pixels() / 900 - 0.5, 1e-6
    slopes = [
        (EVERY_TERM.distorted(points + each) - EVERY_TERM.distorted(points - each)) / (2 * step)
        for each in np.eye(2) * step
    ]
    assert EVERY_TERM.jacobian(points) == pytest.approx(np.stack(slopes, axis=-1), abs=1e-8)


def test_coefficients_of_another_focal_length_bend_the_same_pixels() -> None:
    longer = CurvedLens(CAMERA.zoomed(1.3), EVERY_TERM.for_focal(1.3))
    assert longer.is_like(CurvedLens(CAMERA, EVERY_TERM), 1e-9)
    assert CurvedLens(CAMERA, EVERY_TERM).in_focal_lengths_of(CAMERA.zoomed(1.3)) == EVERY_TERM.for_focal(1.3)


def test_a_smaller_picture_is_bent_alike() -> None:
    lens = CurvedLens(CAMERA, EVERY_TERM)
    half = lens.resized(640, 360)
    assert (half.on_footage((some_pixels() + 0.5) / 2 - 0.5) + 0.5) * 2 - 0.5 == pytest.approx(
        lens.on_footage(some_pixels()), abs=1e-9
    )


def test_a_turned_picture_is_bent_alike() -> None:
    lens = CurvedLens(CAMERA, EVERY_TERM)
    lying = lens.turned_back(1)

    def turned(pixels: np.ndarray) -> np.ndarray:
        return np.stack([pixels[:, 1], CAMERA.width - 1 - pixels[:, 0]], axis=1)

    assert lying.on_footage(turned(some_pixels())) == pytest.approx(turned(lens.on_footage(some_pixels())), abs=1e-9)
    assert lens.turned_back(4).is_like(lens, 1e-9)
    assert (lying.intrinsics.width, lying.intrinsics.height) == (720, 1280)


def test_beyond_the_edge_of_a_barrel_there_is_nothing() -> None:
    barrel = Distortion(-0.3)
    edge = 1 / math.sqrt(0.9)
    farthest = edge * (1 - 0.3 * edge**2)
    there = barrel.undistorted(np.array([[farthest - 1e-3, 0.0], [farthest + 1e-3, 0.0], [3.0, 0.0]]))
    assert there[0, 0] < edge and np.isnan(there[1:]).all()


@pytest.mark.parametrize(("k1", "fits"), [(-0.1, True), (0.1, True), (-0.9, False)])
def test_a_folded_picture_is_noticed(k1: float, fits: bool) -> None:
    assert CurvedLens(CAMERA, Distortion(k1)).is_one_to_one() == fits


def test_bent_points_are_drawn_on_the_footage_by_any_pinhole() -> None:
    lens = CurvedLens(CAMERA, EVERY_TERM)
    points = np.random.default_rng(1).uniform([-0.3, -0.2, 0.8], [0.3, 0.2, 1.2], (50, 3))
    longer = CAMERA.zoomed(1.2)
    bent = lens.bent(points, longer)
    assert project(bent, longer) == pytest.approx(lens.on_footage(project(points, longer)), abs=1e-9)
    assert np.array_equal(bent[:, 2], points[:, 2])


def test_blenders_coefficients_come_back() -> None:
    for distortion, model in ((Distortion(-0.1, 0.02, 0.003), "POLYNOMIAL"), (EVERY_TERM, "BROWN")):
        content = blender_distortion(distortion)
        assert content.model == model
        assert distortion_of_blender(content.model, content.values) == distortion
    assert distortion_of_blender("NUKE", {}) is None
    assert distortion_of_blender("BROWN", {**blender_distortion(EVERY_TERM).values, "brown_k4": 0.1}) is None


def curved_track() -> Track:
    track = a_track()
    header = header_of(
        program_version="1",
        intrinsics=track.intrinsics,
        rate=track.rate,
        focal=track.header["focal"],
        model=track.header["model"],
        expression_names=tuple(track.header["expression_names"]),
        regions=track.header["regions"],
        video=track.header["video"],
        settings={},
        report={},
        distortion=EVERY_TERM,
    )
    return replace(track, header=header)


def test_a_track_says_how_its_pixels_come_back_to_the_footage(tmp_path: Path) -> None:
    write_track(tmp_path / "curved.npz", curved_track())
    track = read_track(tmp_path / "curved.npz")
    assert isinstance(track, Track)
    assert track.curved == CurvedLens(track.intrinsics, EVERY_TERM)
    assert track.header["schema"] == SCHEMA
    assert a_track().curved is None


@pytest.mark.parametrize("wrong", [{"k1": 0.1}, "none", {**curved_track().header[DISTORTION], "k1": "much"}])
def test_a_distortion_that_cannot_be_understood_is_refused(tmp_path: Path, wrong: object) -> None:
    track = curved_track()
    write_track(tmp_path / "odd.npz", replace(track, header={**track.header, DISTORTION: wrong}))
    answer = read_track(tmp_path / "odd.npz")
    assert isinstance(answer, Failure) and "distortion" in answer.sentence
