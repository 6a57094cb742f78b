"""A part that was solved again replaces its frames: no step at its ends, and only where the two belong together."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest
from synthetic_clips import made_clip
from tracks_to_correct import builtin_track

from backend.contract.camera import axis_angles, project_clip, rotation_matrices
from backend.contract.corrections.corrections import ENTRY, Corrections, PinnedFrame
from backend.contract.corrections.joining import JOINED, joined_tracks
from backend.contract.corrections.pose_changes import poses_of
from backend.contract.corrections.posed_head import PosedHead
from backend.contract.corrections.spreading import corrected_track
from backend.contract.corrections.uncorrected import uncorrected_track
from backend.contract.distortion import Distortion
from backend.contract.failure import Failure
from backend.contract.track import MISSING, TRACKED, Track, read_track, write_track
from backend.contract.track_schema import KINDS

FIRST, LAST = 130, 169
"""Frames of the part."""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Track:
    """Eighty frames from 100 on."""
    return replace(builtin_track(tmp_path_factory.mktemp("clip"), clip=made_clip(80)), frame_index=100 + np.arange(80))


def rows_of(track: Track, rows: Any, **changes: Any) -> Track:
    """Some frames of a track."""
    of_frames = {
        name: getattr(track, name)[rows]
        for name, kind in KINDS.items()
        if kind.shape[0] == "T" and getattr(track, name) is not None
    }
    return replace(track, **{**of_frames, **changes})


def solved_again(track: Track, rows: Any, size: float = 1.0) -> Track:
    """Some frames as another solve gives them: a little turned, moved and smiling, and not by the same everywhere."""
    part = rows_of(track, rows)
    wave = size * (1 + 0.2 * np.sin(np.arange(len(part)) / 9))
    turn = np.outer(wave, [0.01, 0.02, 0.0])
    return replace(
        part,
        head_rotation=axis_angles(rotation_matrices(turn) @ rotation_matrices(part.head_rotation)),
        head_translation=part.head_translation + np.outer(wave, [0.002, -0.001, 0.008]),
        expression=part.expression + 0.05 * wave[:, None],
        confidence=np.full(len(part), 0.7, np.float32),
    )


def posed(track: Track) -> Track:
    """The track with the vertices of its poses."""
    head = PosedHead(track)
    return replace(
        track, vertices=np.stack([head.vertices(head.pose_at(row)) for row in range(len(track))]).astype(np.float32)
    )


@pytest.fixture(scope="module")
def part(base: Track) -> Track:
    return posed(solved_again(base, slice(30, 70)))


def join(base: Track, part: Track, blend: int = 6) -> Track:
    joined = joined_tracks(base, part, blend)
    assert not isinstance(joined, Failure), joined
    return joined


def points(track: Track) -> np.ndarray:
    """Some points of the head in camera axes, metres (T, P, 3)."""
    chosen = track.vertices[:, ::100].astype(float)
    turned = chosen @ np.swapaxes(rotation_matrices(track.head_rotation), 1, 2)
    return turned + track.head_translation[:, None]


def bends(track: Track) -> np.ndarray:
    """Second difference of every inner frame, mean over points, metres (T - 2,)."""
    return np.linalg.norm(np.diff(points(track), 2, axis=0), axis=2).mean(axis=1)


def test_frames_of_the_part_replace_the_tracks(base: Track, part: Track) -> None:
    joined = join(base, part)
    first, last = joined.header[JOINED][0]["blend"]
    inside, outside = slice(30 + first, 70 - last), [*range(30), *range(70, 80)]
    for name in [*poses_of(base).channels, "vertices", "confidence", "landmarks", "scores"]:
        assert np.array_equal(getattr(joined, name)[inside], getattr(part, name)[first : 40 - last], equal_nan=True)
        assert np.array_equal(getattr(joined, name)[outside], getattr(base, name)[outside], equal_nan=True), name
    assert joined.identity is base.identity and joined.intrinsics == base.intrinsics


@pytest.mark.parametrize("size", [0.05, 0.2, 0.5])
def test_the_head_does_not_jerk_where_they_are_joined(base: Track, size: float) -> None:
    part = posed(solved_again(base, slice(30, 70), size))
    joined = join(base, part, blend=3)
    inside = max(bends(base).max(), bends(part).max())
    assert bends(joined).max() <= 1.02 * inside
    abrupt = replace(base, **{name: np.array(getattr(base, name)) for name in ("vertices", "head_rotation")})
    abrupt.vertices[30:70], abrupt.head_rotation[30:70] = part.vertices, part.head_rotation
    assert size < 0.2 or bends(abrupt)[28:30].max() > 1.5 * inside


def test_vertices_of_blended_frames_are_those_of_their_poses(base: Track, part: Track) -> None:
    joined = join(base, part)
    head = PosedHead(joined)
    for row in (30, 32, 68):
        assert np.abs(head.vertices(head.pose_at(row)) - joined.vertices[row]).max() < 1e-5


def test_a_part_may_go_on_beyond_the_track(base: Track) -> None:
    later = posed(solved_again(base, slice(40, 80), 0.1))
    joined = join(rows_of(base, slice(0, 60)), later)
    assert joined.frame_index.tolist() == list(range(100, 180))
    assert np.array_equal(joined.vertices[60:], later.vertices[20:])
    earlier = posed(solved_again(base, slice(0, 40), 0.1))
    assert join(rows_of(base, slice(20, 80)), earlier).frame_index.tolist() == list(range(100, 180))


def test_nothing_is_blended_at_cuts_and_beside_missing_frames(base: Track, part: Track) -> None:
    cut = replace(base, shot=(np.arange(80) >= 30).astype(np.int64))
    assert join(cut, part).header[JOINED][0]["blend"][0] == 0
    assert np.array_equal(join(cut, part).head_rotation[30], part.head_rotation[0])
    lost = replace(base, status=np.where(np.arange(80) == 70, MISSING, TRACKED).astype(np.int8))
    assert join(lost, part).header[JOINED][0]["blend"][1] == 0


def test_the_joined_track_is_a_track_file_like_any_other(base: Track, part: Track, tmp_path) -> None:
    joined = join(base, part)
    assert write_track(tmp_path / "track.npz", joined) is None
    again = read_track(tmp_path / "track.npz")
    assert not isinstance(again, Failure)
    entry = again.header[JOINED][0]
    assert (entry["first"], entry["last"]) == (FIRST, LAST) and entry["settings"] == part.header["settings"]
    twice = join(again, part)
    assert [each["first"] for each in twice.header[JOINED]] == [FIRST]


def test_another_focal_length_is_converted_if_it_is_near_and_refused_if_not(base: Track, part: Track) -> None:
    def through(factor: float) -> Track:
        lens = {**part.header["intrinsics"]}
        lens["focal_x"], lens["focal_y"] = lens["focal_x"] * factor, lens["focal_y"] * factor
        return replace(
            part,
            header={**part.header, "intrinsics": lens},
            head_translation=part.head_translation * [1, 1, factor],
        )

    joined = join(base, through(1.01))
    pixels = [project_clip(points(track), track.intrinsics, track.zoom) for track in (joined, join(base, part))]
    assert np.abs(pixels[0] - pixels[1]).max() < 0.3
    refused = joined_tracks(base, through(1.1), 4)
    assert isinstance(refused, Failure) and refused.code == "part-of-another-lens" and "1540" in refused.sentence


def test_a_lens_that_bends_alike_is_the_same_lens(base: Track, part: Track) -> None:
    curved = header_with(base, distortion=asdict(Distortion(-0.1)))
    rounded = header_with(part, distortion=asdict(Distortion(-0.1 - 1e-9)))
    assert join(curved, rounded).header["distortion"] == curved.header["distortion"]
    other = joined_tracks(curved, header_with(part, distortion=asdict(Distortion(-0.11))), 4)
    assert isinstance(other, Failure) and other.code == "part-of-another-lens"


def header_with(track: Track, **changes: Any) -> Track:
    return replace(track, header={**track.header, **changes})


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda part: header_with(part, video={"name": "other.mp4"}), "part-of-another-clip"),
        (lambda part: replace(part, frame_index=part.frame_index + 1000), "part-apart"),
        (lambda part: rows_of(part, slice(0, 40, 2)), "part-of-other-frames"),
        (lambda part: replace(part, time=part.time + 1.0), "part-of-other-times"),
        (lambda part: replace(part, neutral_vertices=part.neutral_vertices * 1.02), "part-of-another-face"),
        (lambda part: replace(part, faces=part.faces[::-1]), "part-of-another-head"),
        (lambda part: replace(part, expression_basis=part.expression_basis * 2), "part-of-other-expressions"),
        (lambda part: header_with(part, neck_turns="head"), "part-of-another-neck"),
        (lambda part: header_with(part, distortion=asdict(Distortion(-0.1))), "part-of-another-lens"),
        (
            lambda part: header_with(part, intrinsics={**part.header["intrinsics"], "width": 1280}),
            "part-of-another-size",
        ),
        (
            lambda part: header_with(part, intrinsics={**part.header["intrinsics"], "centre_x": 0.0}),
            "part-of-another-lens",
        ),
    ],
)
def test_what_does_not_belong_together_is_refused(base: Track, part: Track, change, code: str) -> None:
    problem = joined_tracks(base, change(part), 4)
    assert isinstance(problem, Failure) and problem.code == code
    assert problem.sentence.endswith(".") and problem.advice


def test_corrections_of_other_frames_can_still_be_taken_off(base: Track, part: Track) -> None:
    key = PinnedFrame(110, replace(PosedHead(base).pose_at(10), jaw_pose=(0.4, 0.0, 0.0)), reach=4)
    corrected = corrected_track(base, Corrections((key,)))
    assert not isinstance(corrected, Failure)
    joined = join(corrected, part)
    assert joined.header[ENTRY] == corrected.header[ENTRY]
    back = uncorrected_track(joined)
    assert not isinstance(back, Failure)
    assert np.array_equal(back.jaw_pose, join(base, part).jaw_pose)


def test_a_corrected_part_with_other_arrays_than_the_track_is_joined_all_the_same(base: Track, part: Track) -> None:
    weights = {"arkit_weights": np.zeros((40, 52), np.float32), "arkit_residual": np.zeros(40, np.float32)}
    entry = {"source": ["geometry"] * 52, "trust": [1.0] * 52}
    key = PinnedFrame(150, replace(PosedHead(part).pose_at(20), jaw_pose=(0.4, 0.0, 0.0)), reach=4)
    corrected = corrected_track(replace(header_with(part, arkit=entry), **weights), Corrections((key,)))
    assert not isinstance(corrected, Failure)
    joined = join(base, corrected)
    assert joined.arkit_weights is None and joined.jaw_pose[50, 0] == 0.4
    assert not isinstance(uncorrected_track(joined), Failure)


def test_a_tracks_light_stays_and_its_stated_errors_are_those_of_each(base: Track, part: Track) -> None:
    light = {"light": np.ones((80, 9, 3), np.float32), "gain": np.ones((80, 3), np.float32)}
    lit = replace(base, **light, albedo=np.zeros(5, np.float32), rotation_error=np.full(80, 0.5, np.float32))
    joined = join(lit, part)
    assert joined.light is not None and (joined.light == 1).all()
    assert joined.rotation_error is not None and np.isnan(joined.rotation_error[50])
    assert joined.rotation_error[10] == 0.5
