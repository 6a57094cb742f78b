"""The sample: known motion, pictures that agree with the truth, textures, and the comparison itself."""

from __future__ import annotations

import dataclasses
import itertools
from fractions import Fraction

import av
import numpy as np
import pytest

from backend.contract.camera import Intrinsics, project, rotation_matrices
from backend.contract.failure import Failure
from backend.head.builtin import builtin_head
from backend.head.geometry import rigidly_aligned
from backend.head.surface_values import mirror_vertices, spread_over_mesh
from backend.raster.rasterizer_numba import NumbaRasterizer
from backend.render.srgb import linear_from_srgb, srgb_from_linear
from backend.render.texture import project_photograph, texels
from backend.sample.canvas import make_canvas
from backend.sample.clip import FACING, filmed, make_clip, read_truth, truth_of
from backend.sample.motion import perform, posed
from backend.sample.people import FOCALS, person


@pytest.fixture(scope="module")
def head():
    return builtin_head()


@pytest.fixture(scope="module")
def canvas(head):
    return make_canvas(head, 256)


@pytest.fixture(scope="module")
def plan(head, canvas):
    return person(head, 1, width=320, height=240, face_width=110, frames=4, canvas=canvas)


def test_srgb_and_linear_light_are_each_others_inverse():
    values = np.arange(256, dtype=np.uint8)
    assert np.array_equal(srgb_from_linear(linear_from_srgb(values)), values)


def test_people_talk_blink_look_about_and_turn(head):
    """Six seconds have shut and open lids, an opening and closing mouth, and a turn to either side."""
    performance = perform(head, np.zeros(3), frames=180, rate=30.0, seed=4)
    assert performance.blink.max() > 0.9
    assert np.median(performance.blink) < 0.05
    jaw = performance.pose.jaw[:, 0]
    openings = np.sum((jaw[1:-1] > jaw[:-2]) & (jaw[1:-1] >= jaw[2:]) & (jaw[1:-1] > 0.08))
    assert 8 <= openings <= 30
    yaw = np.degrees(performance.head_angles[:, 0])
    assert yaw.max() > 15
    assert yaw.min() < -15
    assert np.abs(np.degrees(np.diff(performance.head_angles, axis=0))).max() < 4
    assert performance.pose.expression.min() >= 0
    assert performance.pose.expression.max() <= 1


def test_given_shapes_are_played_as_given(head):
    smile = np.array([0.0, 0.5, 1.0])
    played = posed(head, np.zeros(3), {"mouthSmileLeft": smile, "jaw": 0.2 * smile}, np.zeros((3, 3)))
    assert np.array_equal(played.pose.expression[:, head.expression_names.index("mouthSmileLeft")], smile)
    assert np.array_equal(played.pose.jaw[:, 0], 0.2 * smile)
    assert np.count_nonzero(played.pose.expression) == 2 and not played.blink.any()


def test_the_same_seed_gives_the_same_performance(head):
    first, second = (perform(head, np.zeros(3), 20, 30.0, seed=2) for _ in range(2))
    assert np.array_equal(first.pose.expression, second.pose.expression)
    assert not np.array_equal(first.pose.jaw, perform(head, np.zeros(3), 20, 30.0, seed=3).pose.jaw)


def test_the_truth_faces_the_camera_and_lies_in_the_picture(head, plan):
    truth = truth_of(head, plan)
    for frame in range(len(truth)):
        pixels = project(truth.camera_vertices(frame), truth.intrinsics)
        face = pixels[head.regions["face"]]
        assert face.min() > 0
        assert face[:, 0].max() < plan.intrinsics.width
        assert np.degrees(np.arccos(truth.head_rotation[frame][:, 2] @ FACING[:, 2])) < 45
        assert 0.7 < np.ptp(face[:, 0]) / plan.face_width < 1.4


def test_frames_show_the_head_where_the_truth_says(head, plan):
    """With the head's texture black and the room bright, what is dark is the projected head."""
    look = dataclasses.replace(plan.appearance, texture=np.zeros((8, 8, 3)), hair=np.zeros(head.vertex_count))
    dull = dataclasses.replace(look, gloss=np.zeros(head.vertex_count), clothes=np.full(3, 5.0))
    black = dataclasses.replace(plan, appearance=dull, noise=0.0)
    truth = truth_of(head, black)
    picture = next(filmed(head, black, truth))
    ids = NumbaRasterizer().rasterize(truth.camera_vertices(0), head.faces, truth.intrinsics).ids
    above_collar = np.mgrid[: plan.intrinsics.height, : plan.intrinsics.width][0] < 150
    dark = picture.max(axis=2) == 0
    assert (dark & above_collar).sum() > 3000
    assert ((dark != (ids >= 0)) & above_collar).sum() < 0.06 * (dark & above_collar).sum()


def test_a_clip_can_be_read_back_and_its_truth_lies_apart(head, plan, tmp_path):
    video, truth_file = tmp_path / "Jürgen Ø" / "clip.mp4", tmp_path / "truth" / "truth.npz"
    truth = make_clip(head, plan, video, truth_file)
    assert not isinstance(truth, Failure)
    with av.open(str(video)) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
        assert container.streams.video[0].average_rate == Fraction(30)
    assert [frame.shape for frame in frames] == [(240, 320, 3)] * 4
    original = next(filmed(head, plan, truth))
    assert np.abs(frames[0].astype(int) - original).mean() < 4
    again = read_truth(truth_file)
    assert again.intrinsics == truth.intrinsics
    assert again.expression_names == truth.expression_names
    assert np.array_equal(again.vertices, truth.vertices)
    assert sorted(path.name for path in video.parent.iterdir()) == ["clip.mp4"]


def test_a_folder_that_cannot_be_written_is_a_sentence(head, plan, tmp_path):
    (tmp_path / "file").write_text("")
    result = make_clip(head, plan, tmp_path / "file" / "clip.mp4", tmp_path / "truth.npz")
    assert isinstance(result, Failure)
    assert "could not be written" in result.sentence
    assert not (tmp_path / "truth.npz").exists()


def test_people_differ_in_face_camera_and_colour(head, canvas):
    plans = [person(head, seed, canvas=canvas) for seed in range(3)]
    assert {plan.intrinsics.focal_x for plan in plans} == {focal * 640 for focal in FOCALS[:3]}
    seen = canvas.layout.ids >= 0
    tones = [np.median(plan.appearance.texture[seen], axis=0) for plan in plans]
    assert all(np.abs(a - b).max() > 0.02 for a, b in itertools.pairwise(tones))
    assert not np.allclose(plans[0].identity, plans[1].identity)


def test_a_photograph_comes_back_from_the_texture_it_was_projected_to(head):
    """A picture whose colour is the pixel itself: every texel that is seen must hold its own projection."""
    camera = Intrinsics.centred(200, 200, 300.0)
    vertices = head.template @ FACING + (0, 0, 0.6)
    x, y = np.meshgrid(np.arange(200), np.arange(200))
    photograph = np.stack([x, y, x * 0], axis=2).astype(np.float32)
    layout = texels(head.uv, head.uv_faces, 200)
    colour, weight = project_photograph(photograph, vertices, head.faces, layout, camera)
    seen = weight > 0
    points = layout.interpolate(vertices, head.faces)
    assert seen.mean() > 0.1
    assert np.abs(colour[seen][:, :2] - project(points[seen], camera)).max() < 0.1
    assert weight[points[..., 2] > 0.69].max() == 0


def test_the_far_side_is_filled_from_its_mirror_image(head):
    """A head turned away shows one ear; looked at in the mirror, the other ear's texels see it."""
    turn = rotation_matrices(np.array([0.0, 0.9, 0.0]))
    vertices = head.template @ (FACING @ turn).T + (0, 0, 0.6)
    layout = texels(head.uv, head.uv_faces, 128)
    camera = Intrinsics.centred(200, 200, 300.0)
    picture = np.ones((200, 200, 3), dtype=np.float32)
    mirrored = vertices[mirror_vertices(head.template)]
    _, direct = project_photograph(picture, vertices, head.faces, layout, camera)
    _, other = project_photograph(picture, vertices, head.faces, layout, camera, seen_vertices=mirrored)
    x = layout.interpolate(head.template, head.faces)[..., 0]
    left, right = x > 0.03, x < -0.03
    assert direct[right].sum() > 3 * direct[left].sum()
    assert other[left].sum() > 3 * other[right].sum()


def test_values_spread_smoothly_from_where_they_are_known():
    vertices = np.stack([np.arange(30.0), np.zeros(30), np.zeros(30)], axis=1)
    faces = np.array([(k, k + 1, k + 2) for k in range(28)])
    weights = np.zeros(30)
    weights[[0, 29]] = 1e4
    values = np.zeros((30, 1))
    values[29] = 1.0
    spread = spread_over_mesh(values, weights, vertices, faces)[:, 0]
    assert spread[0] == pytest.approx(0, abs=1e-3)
    assert spread[29] == pytest.approx(1, abs=1e-3)
    assert np.all(np.diff(spread) > 0)


def test_alignment_removes_turn_and_shift_but_not_size():
    points = np.random.default_rng(0).normal(size=(2, 50, 3))
    turned = points @ rotation_matrices(np.array([0.3, -0.5, 0.2])).T + (1.0, 2.0, 3.0)
    assert np.allclose(rigidly_aligned(turned, points), points)
    larger = rigidly_aligned(1.1 * turned, points)
    assert np.linalg.norm(larger - points, axis=2).mean() > 0.05
