"""Nuke's `.chan` of a camera, read back: its matrix, its field of view, in both motion modes and with a zoom."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
from report_tracks import a_track

from backend.contract.camera import axis_angles, project, rotation_matrices
from backend.contract.lens_file import parse_lens_file
from backend.contract.performance.formats.camera_channels import (
    Way,
    camera_around_head,
    channels_text,
    head_before_camera,
    lens_text,
)
from backend.contract.track import MISSING, Track

POINT = np.array([0.03, -0.02, 0.08])
"""A point of the head, in its own axes."""


def moving(frames: int = 40) -> Track:
    """A head that turns by more than a whole turn about the vertical, and nods and tilts meanwhile."""
    phase = np.linspace(0, 1, frames)
    turned = rotation_matrices(np.outer(phase * 7, (0, 1, 0))) @ rotation_matrices(np.outer(0.5 * phase, (1, 0, 0.4)))
    facing = rotation_matrices(np.array([math.pi, 0.0, 0.0]))
    rotation = axis_angles(facing @ turned)
    translation = np.stack([0.1 * np.sin(7 * phase), 0.05 * phase, 0.6 + 0.2 * phase], axis=1)
    return replace(a_track(frames), head_rotation=rotation, head_translation=translation)


def nuke(text: str) -> dict[int, tuple[np.ndarray, float | None]]:
    """Read as Nuke does: frame -> matrix (4, 4), rotated about z, then x, then y; and the vertical field of view."""
    frames: dict[int, tuple[np.ndarray, float | None]] = {}
    for line in text.splitlines():
        frame, *values = line.split("\t")
        tx, ty, tz, rx, ry, rz, *rest = map(float, values)
        matrix = np.eye(4)
        for axis, angle in ((1, ry), (0, rx), (2, rz)):
            turn = np.eye(4)
            turn[:3, :3] = rotation_matrices(math.radians(angle) * np.eye(3)[axis])
            matrix = matrix @ turn
        matrix[:3, 3] = tx, ty, tz
        frames[int(frame)] = (matrix, rest[0] if rest else None)
    return frames


def pixel(camera: np.ndarray, point: np.ndarray, vertical: float, track: Track) -> np.ndarray:
    """Where a point in the world is seen by a camera that looks along -Z, in pixels."""
    x, y, z = (np.linalg.inv(camera) @ [*point, 1.0])[:3]
    width, height = track.intrinsics.width, track.intrinsics.height
    focal = height / 2 / math.tan(math.radians(vertical) / 2)
    return np.array([width / 2 - 0.5 + focal * x / -z, height / 2 - 0.5 - focal * y / -z])


def seen(track: Track, frame: int) -> np.ndarray:
    """The same pixel by the track."""
    rotation = rotation_matrices(track.head_rotation[frame])
    return project(rotation @ POINT + track.head_translation[frame], track.intrinsics_at(frame))


def test_the_camera_around_a_still_head_sees_it_as_the_footage_does() -> None:
    track = moving()
    frames = nuke(channels_text(camera_around_head(track)))
    for frame in range(len(track)):
        matrix, vertical = frames[int(track.frame_index[frame]) + 1]
        assert vertical is not None
        assert np.abs(pixel(matrix, POINT, vertical, track) - seen(track, frame)).max() < 1e-4
        expected = np.eye(4)
        expected[:3, :3] = (np.diag([1, -1, -1]) @ rotation_matrices(track.head_rotation[frame])).T
        expected[:3, 3] = -expected[:3, :3] @ (np.diag([1, -1, -1]) @ track.head_translation[frame])
        assert np.abs(matrix - expected).max() < 1e-5


def test_the_field_of_view_is_exact() -> None:
    track = moving()
    (_, vertical), *_ = nuke(channels_text(camera_around_head(track))).values()
    assert vertical is not None
    focal = track.intrinsics.height / 2 / math.tan(math.radians(vertical) / 2)
    assert abs(focal - track.intrinsics.focal_y) < 1e-6 * focal


def test_a_head_that_moves_before_a_still_camera_is_seen_alike() -> None:
    track = moving()
    cameras, heads = (nuke(channels_text(way)) for way in head_before_camera(track))
    first = next(iter(cameras.values()))[0]
    for frame in range(len(track)):
        number = int(track.frame_index[frame]) + 1
        camera, vertical = cameras[number]
        head, none = heads[number]
        assert none is None and vertical is not None and np.array_equal(camera, first)
        point = (head @ [*POINT, 1.0])[:3]
        assert np.abs(pixel(camera, point, vertical, track) - seen(track, frame)).max() < 1e-4


def test_angles_go_on_without_jumps_over_a_whole_turn() -> None:
    lines = channels_text(camera_around_head(moving())).splitlines()
    turned = np.array([[float(value) for value in line.split("\t")[4:7]] for line in lines])
    assert np.abs(np.diff(turned, axis=0)).max() < 30 and np.ptp(turned[:, 1]) > 360


def test_a_zoom_is_in_the_field_of_view_and_in_the_lens() -> None:
    track = moving()
    track = replace(track, zoom=np.linspace(1, 2, len(track)))
    frames = list(nuke(channels_text(camera_around_head(track))).values())
    tangents = [math.tan(math.radians(vertical or 0) / 2) for _, vertical in frames]
    assert np.allclose(tangents[0] / np.array(tangents), track.zoom)
    lens = json.loads(lens_text(track, "program"))
    assert lens["zoom"]["focal_x"] == track.focal_lengths.tolist() and lens["zoom"]["frame"][0] == 1
    assert "zoom" not in json.loads(lens_text(moving(), "program"))


def test_frames_without_a_head_have_no_line_and_the_others_keep_their_numbers() -> None:
    track = moving()
    status = track.status.copy()
    status[3:6] = MISSING
    frames = nuke(channels_text(camera_around_head(replace(track, status=status))))
    assert not {4, 5, 6} & set(frames) and {3, 7} <= set(frames)


def test_a_way_without_field_of_view_has_seven_columns() -> None:
    line = channels_text(Way(np.array([1]), np.zeros((1, 3)), np.eye(3)[None]))
    assert len(line.split("\t")) == 7 and line.startswith("1\t0.0000000000")


def test_a_distortion_is_in_the_lens_with_its_formula() -> None:
    track = moving()
    distortion = {"k1": -0.1, "k2": 0.02, "k3": 0.0, "p1": 0.0, "p2": 0.0}
    lens = json.loads(lens_text(replace(track, header={**track.header, "distortion": distortion}), "program"))
    assert lens["distortion"] == distortion and "k1 r2" in lens["conventions"]["distortion"]
    assert "distortion" not in json.loads(lens_text(track, "program"))


def test_a_curved_lens_beside_the_middle_that_zooms_puts_points_where_the_footage_has_them() -> None:
    track = moving()
    camera = {**track.header["intrinsics"], "focal_y": track.intrinsics.focal_x * 1.25}
    camera |= {"centre_x": track.intrinsics.centre_x + 30, "centre_y": track.intrinsics.centre_y - 20}
    distortion = {"k1": -0.1, "k2": 0.02, "k3": 0.0, "p1": 0.01, "p2": -0.02}
    header = {**track.header, "intrinsics": camera, "distortion": distortion}
    track = replace(track, header=header, zoom=np.linspace(1, 1.5, len(track)))
    lens = json.loads(lens_text(track, "program"))
    assert track.curved is not None
    for ways in ((camera_around_head(track), None), head_before_camera(track)):
        cameras = nuke(channels_text(ways[0]))
        heads = nuke(channels_text(ways[1])) if ways[1] is not None else None
        for row, number in enumerate(lens["zoom"]["frame"]):
            matrix, vertical = cameras[number]
            point = [*POINT, 1.0] if heads is None else heads[number][0] @ [*POINT, 1.0]
            x, y, z = (np.linalg.inv(matrix) @ point)[:3]
            assert vertical is not None
            focal_y = lens["height"] / 2 / math.tan(math.radians(vertical) / 2)
            assert math.isclose(focal_y, lens["zoom"]["focal_y"][row], rel_tol=1e-7)
            focal_x = focal_y / lens["pixel_aspect"]
            middle = np.array(lens["principal_point"])
            straight = middle + np.array([focal_x * x / -z, -focal_y * y / -z])
            assert np.abs(straight - seen(track, row)).max() < 1e-4
            filmed = middle + bent_as_the_file_says(straight - middle, lens)
            assert np.abs(filmed - track.curved.on_footage(seen(track, row))).max() < 1e-3


def bent_as_the_file_says(beside: np.ndarray, lens: dict[str, Any]) -> np.ndarray:
    """Bend a pixel beside the principal point by the formula that stands in the file."""
    focal, bend = np.array([lens["focal_x"], lens["focal_y"]]), lens["distortion"]
    x, y = beside / focal
    r2 = x**2 + y**2
    radial = 1 + bend["k1"] * r2 + bend["k2"] * r2**2 + bend["k3"] * r2**3
    across = x * radial + 2 * bend["p1"] * x * y + bend["p2"] * (r2 + 2 * x**2)
    down = y * radial + bend["p1"] * (r2 + 2 * y**2) + 2 * bend["p2"] * x * y
    return np.array([across, down]) * focal


def test_the_lens_is_read_back_as_that_of_the_track() -> None:
    track = moving()
    camera = {**track.header["intrinsics"], "centre_x": 400.25, "focal_y": 900.0}
    distortion = {"k1": -0.1, "k2": 0.02, "k3": 0.0, "p1": 0.01, "p2": -0.02}
    header = {**track.header, "intrinsics": camera, "distortion": distortion}
    track = replace(track, header=header, zoom=np.linspace(1, 1.5, len(track)))
    found = parse_lens_file(lens_text(track, "program").encode())
    assert found is not None and found.lens == track.curved
    assert found.zooms and found.zoom == 1.0
