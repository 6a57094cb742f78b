"""The benchmarks' measures, on cases whose answer is known by hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from backend.bench import cli, rows
from backend.bench.measures import metrics
from backend.bench.registry import BENCHMARKS
from backend.bench.rows import at_least, at_most, between, not_measured, table, without_target
from backend.bench.scenes.synthetic import scene, usual_size
from backend.bench.truth.exact import closings
from backend.bench.truth.expression import CLIPS, rows_of
from backend.bench.truth.held_out import held, without
from backend.bench.truth.mouth import Mouth, true_rows
from backend.bench.truth.mouth import rows_of as mouth_rows
from backend.contract.camera import project, rotation_matrices
from backend.contract.failure import Failure
from backend.head.builtin import builtin_head
from backend.head.model import HeadModel


def random_rotations(frames: int, size: float, seed: int = 0) -> np.ndarray:
    return rotation_matrices(np.random.default_rng(seed).normal(size=(frames, 3)) * size)


def test_a_constant_turn_of_the_head_axes_is_removed_and_only_that() -> None:
    true = random_rotations(40, 0.4)
    constant = rotation_matrices(np.radians([[8.0, -3.0, 2.0]]))[0]
    found = true @ constant
    assert metrics.rotation_errors(found, true) == pytest.approx(np.linalg.norm([8, -3, 2]))
    assert metrics.rotation_errors(found, true, constant=True) == pytest.approx(0, abs=1e-6)

    shaken = found.copy()
    shaken[7] = shaken[7] @ rotation_matrices(np.radians([0.0, 5.0, 0.0]))
    errors = metrics.rotation_errors(shaken, true, constant=True)
    assert errors[7] == pytest.approx(5, abs=0.2)
    assert np.delete(errors, 7).max() < 0.2


def test_vertices_are_aligned_without_scale() -> None:
    points = np.random.default_rng(1).normal(size=(3, 50, 3)) * 0.05
    moved = points @ random_rotations(3, 1.0).transpose(0, 2, 1) + 0.7
    assert metrics.vertex_errors(moved, points) == pytest.approx(0, abs=1e-12)
    centred = points - points.mean(axis=1, keepdims=True)
    radius = np.linalg.norm(centred, axis=2).mean(axis=1)
    assert metrics.vertex_errors(1.1 * moved, points) == pytest.approx(0.1 * radius)


def test_jitter_is_measured_and_true_motion_is_not() -> None:
    frames = np.arange(20.0)
    true = np.zeros((20, 4, 3))
    true[..., 0] = (0.001 * frames**2)[:, None]
    drifting = true + 0.01 * frames[:, None, None]
    assert metrics.acceleration_errors(drifting, true) == pytest.approx((0, 0), abs=1e-15)

    # 1, -1, 1, ... has second differences of 4; along the view it is seen in 3D only.
    trembling = true + 0.001 * np.where(frames % 2, -1, 1)[:, None, None] * np.array([0.0, 0.0, 1.0])
    assert metrics.acceleration_errors(trembling, true) == pytest.approx((0.004, 0))


def test_a_plane_beside_a_surface_is_aligned_and_its_dents_are_not() -> None:
    side = np.linspace(-0.1, 0.1, 21)
    grid = np.stack(np.meshgrid(side, side, indexing="ij"), axis=-1).reshape(-1, 2)
    vertices = np.concatenate([grid, (2 * grid[:, :1] ** 2)], axis=1)
    corner = np.arange(20 * 21).reshape(20, 21)[:, :20].ravel()
    triangles = np.concatenate(
        [np.stack([corner, corner + 21, corner + 1], 1), np.stack([corner + 1, corner + 21, corner + 22], 1)]
    )
    inside = vertices[np.abs(vertices[:, :2]).max(axis=1) < 0.08]
    turn = rotation_matrices(np.radians([1.0, 2.0, 0.0]))
    moved = inside @ turn.T + [0.0, 0.0, 0.004]
    assert metrics.surface_distance(moved, vertices, triangles) < 1e-4

    dented = inside.copy()
    dented[::2, 2] += 0.001
    dented[1::2, 2] -= 0.001
    assert metrics.surface_distance(dented, vertices, triangles) == pytest.approx(0.001, rel=0.1)


def test_flattened_and_missed_peaks_are_told_apart() -> None:
    time = np.arange(60)
    true = np.exp(-(((time - 15) / 3) ** 2)) + 2 * np.exp(-(((time - 42) / 3) ** 2))
    assert metrics.kept_peaks(true, true, 0.5) == pytest.approx([1, 1])
    assert metrics.kept_peaks(0.4 + 0.8 * np.roll(true, 1), true, 0.5) == pytest.approx([0.8, 0.8], rel=1e-3)
    only_second = np.where(time > 28, true, 0.0)
    assert metrics.kept_peaks(only_second, true, 0.5) == pytest.approx([0, 1], abs=1e-3)
    assert len(metrics.kept_peaks(true, true, 1.5)) == 1


def test_constants_are_removed_from_gaps_and_angles() -> None:
    difference = np.array([2.0, 3.0, 4.0])
    assert metrics.rms(difference) == pytest.approx(np.sqrt(29 / 3))
    assert metrics.rms(difference, constant=True) == pytest.approx(np.sqrt(2 / 3))
    assert metrics.mean_error(difference) == 3
    assert metrics.mean_error(difference, constant=True) == pytest.approx(2 / 3)


def test_gaze_is_seen_from_the_camera() -> None:
    facing = np.diag([1.0, -1.0, -1.0])[None]
    left, up = np.radians([[0.0, 20.0, 0.0]]), np.radians([[-10.0, 0.0, 0.0]])
    yaw, pitch = metrics.yaw_and_pitch(metrics.looking(left, left, facing))
    assert (yaw[0], pitch[0]) == (pytest.approx(20), pytest.approx(0))
    yaw, pitch = metrics.yaw_and_pitch(metrics.looking(up, up, facing))
    assert (yaw[0], pitch[0]) == (pytest.approx(0), pytest.approx(10))


@pytest.fixture(scope="module")
def head() -> HeadModel:
    return builtin_head()


def test_people_of_the_exact_benchmark_have_one_size(head: HeadModel) -> None:
    def mean_radius(identity: np.ndarray) -> float:
        shaped = head.template + head.identity_basis @ identity
        corners = shaped[head.faces[head.landmarks.triangle]]
        points = np.einsum("nk,nkx->nx", head.landmarks.barycentric, corners)
        return float(np.linalg.norm(points - points.mean(axis=0), axis=1).mean())

    identity = np.random.default_rng(3).normal(size=head.identity_basis.shape[2])
    nothing = np.zeros_like(identity)
    assert mean_radius(usual_size(head, identity)) == pytest.approx(mean_radius(nothing), rel=1e-9)
    assert np.abs(usual_size(head, identity) - identity).max() < 2


def test_the_exact_clip_is_what_it_says(head: HeadModel) -> None:
    one = scene(head, 0, 40, 1.5)
    off = np.linalg.norm(one.landmarks.points[..., :2] - project(one.points, one.intrinsics), axis=2)
    assert np.median(off) == pytest.approx(1.177, rel=0.03), "median length of 1 px noise on both axes"
    assert (off > 8).mean() == pytest.approx(0.02, rel=0.25)
    yaw = np.degrees(np.arctan2(one.rotation[:, 0, 2], -one.rotation[:, 2, 2]))
    assert np.abs(yaw).max() == pytest.approx(30, abs=6)
    width = np.ptp(project(one.points, one.intrinsics)[np.abs(yaw).argmin(), :468, 0])
    assert width == pytest.approx(300, rel=0.15)


def test_the_truth_itself_keeps_every_closing(head: HeadModel) -> None:
    one = scene(head, 0, 60, 1.5)

    class Exact:
        pose = one.pose

    kept = closings(head, one, Exact())  # type: ignore[arg-type]
    assert kept["blinks"] >= 2
    assert kept["blinks_kept"] == pytest.approx(100)
    assert kept["lips_kept"] == pytest.approx(100)


def test_held_out_landmarks_have_no_place_on_the_head_that_is_fitted(head: HeadModel) -> None:
    shown = without(head, held()).landmarks.known
    assert held().sum() == 94
    assert not shown[held()].any()
    assert (shown == head.landmarks.known)[~held()].all()


def test_rows_say_what_is_met_and_what_is_not(tmp_path: Path) -> None:
    all_rows = [
        at_most("rotation", 0.504, 0.5, "°"),
        at_least("rate", 61.0, 60, " frames/s", 1),
        between("slope", 1.2, 0.85, 1.1),
        without_target("depth", 3.0, " %"),
        not_measured("clip", Failure("none", "It is not there.", "Get it.")),
    ]
    assert [row.met for row in all_rows] == [False, True, False, None, None]
    lines = table(all_rows).splitlines()
    assert lines[2].endswith("NO")
    assert lines[3].endswith("yes")
    assert "not measured: It is not there." in lines[6]

    path = tmp_path / "numbers.json"
    assert rows.write_json(path, {"rows": [vars(row) for row in all_rows], "nothing": float("nan")}) is None
    read = json.loads(path.read_text("utf-8"))
    assert read["rows"][0]["value"] == 0.504
    assert read["nothing"] is None


def test_numbers_that_cannot_be_written_are_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    failure = rows.write_json(tmp_path / "file" / "numbers.json", {})
    assert isinstance(failure, Failure)
    assert "could not be written" in failure.sentence


def test_every_benchmark_says_what_it_measures() -> None:
    for many in BENCHMARKS.values():
        for one in many:
            assert len(one.function().__doc__ or "") > 150, one.name


def test_the_command_refuses_a_name_it_does_not_know(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["truth", "--only", "beauty"]) == 2
    assert "no benchmark beauty" in capsys.readouterr().err


def test_what_is_not_there_is_a_row_that_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "numbers.json"
    only = ["--only", "independent", "--only", "cuts", "--only", "held-out"]
    assert cli.main(["truth", *only, "--data", str(tmp_path), "--out", str(out)]) == 0
    assert capsys.readouterr().out.count("not measured") == 3
    entries = json.loads(out.read_text("utf-8"))["benchmarks"]
    assert [entry["name"] for entry in entries] == ["independent", "cuts", "held-out"]
    assert "Every clip of the shared" in entries[2]["measure"]


def test_the_share_of_an_expression_stands_beside_the_detectors() -> None:
    true = np.zeros((40, 478, 3))
    true[:, [61, 291], 1] = 0.01 * np.sin(np.arange(40) / 5)[:, None] ** 2
    kept, of_detector = rows_of("smile", CLIPS["smile"], 0.6 * true, true, 0.8 * true)
    assert kept.value == pytest.approx(0.6)
    assert kept.detail["detector"] == pytest.approx(0.8)
    assert of_detector.value == pytest.approx(0.75)
    assert kept.met is False and of_detector.met is False


def test_a_mouth_is_measured_where_its_lips_are_closed_and_against_the_truth_where_its_jaw_moves() -> None:
    closed, jaw = np.array([True, True, False, False]), np.array([0.5, 0.5, 8.0, 16.0])
    gaps = np.outer([-0.5, 0.0, 9.0, 18.0], np.ones(9))
    mouth = Mouth("clip", closed, gaps, jaw, 40 + jaw)
    through, shut, _ = mouth_rows(mouth)
    assert (through.value, through.met) == (-0.5, False)
    assert (shut.value, shut.met) == (0.5, True)
    true = Mouth("truth", closed, gaps + 2.0, 1.25 * jaw, 40 + jaw)
    slope, chin, gap = true_rows(mouth, true)
    assert [row.value for row in (slope, chin, gap)] == pytest.approx([0.8, 1.0, 2.0])
    assert [row.met for row in (slope, chin, gap)] == [False, True, False]


def test_the_usual_rotation_is_not_moved_by_frames_that_are_far_off() -> None:
    generator = np.random.default_rng(3)
    true = rotation_matrices(generator.normal(scale=0.3, size=(40, 3)))
    between = rotation_matrices(np.array([[0.1, -0.05, 0.02]]))[0]
    found = true @ between
    found[:6] = found[:6] @ rotation_matrices(np.array([[0.5, 0.0, 0.0]]))[0]

    usual = metrics.usual_rotation(found, true)

    assert metrics.rotation_errors(usual[None], between[None])[0] < 0.05
