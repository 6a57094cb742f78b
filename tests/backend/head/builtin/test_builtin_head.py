"""The built-in head: counts, symmetry, lids, lips, joints, texture coordinates, people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from backend.contract import names
from backend.data.types import HeadPose
from backend.head.builtin import builtin_head, cache, make_head
from backend.head.builtin.__main__ import main
from backend.head.builtin.anatomy import make_anatomy
from backend.head.builtin.dimensions import EYE_RADIUS, JAW_OPEN
from backend.head.builtin.identity import column_signs, identity_names
from backend.head.model import HeadModel
from backend.head.skinning import pose_vertices

MIRROR = np.array([-1.0, 1.0, 1.0])
LEFT, RIGHT = 1, 0


@pytest.fixture(scope="module")
def head() -> HeadModel:
    return builtin_head()


@pytest.fixture(scope="module")
def anatomy():
    return make_anatomy()


def posed(
    head: HeadModel,
    weights: Mapping[str, float] | None = None,
    jaw: float = 0.0,
    gaze: float = 0.0,
    identity: np.ndarray | None = None,
    aside: float = 0.0,
) -> np.ndarray:
    """Vertices (5023, 3) with expression weights by name; jaw, gaze downwards and to the left in radians."""
    expression = np.zeros((1, head.expression_basis.shape[2]))
    for name, weight in (weights or {}).items():
        expression[0, head.expression_names.index(name)] = weight
    pose = HeadPose(
        identity=np.zeros(head.identity_basis.shape[2]) if identity is None else identity,
        expression=expression,
        neck=np.zeros((1, 3)),
        jaw=np.array([[jaw, 0.0, 0.0]]),
        left_eye=np.array([[gaze, aside, 0.0]]),
        right_eye=np.array([[gaze, aside, 0.0]]),
        eyelids=np.zeros((1, 2)),
    )
    return pose_vertices(head, pose)[0]


def distance_to_eye(head: HeadModel, vertices: np.ndarray, rings: np.ndarray, side: int) -> np.ndarray:
    centre = (head.joint_regressor @ vertices)[3 if side == LEFT else 4]
    return np.linalg.norm(vertices[rings] - centre, axis=-1)


def test_has_flames_layout(head: HeadModel) -> None:
    assert head.template.shape == (5023, 3)
    assert np.array_equal(np.unique(head.faces), np.arange(5023))
    assert np.array_equal(head.regions["left_eyeball"], np.arange(3931, 4477))
    assert np.array_equal(head.regions["right_eyeball"], np.arange(4477, 5023))
    assert (head.template[3931:4477, 0] > 0).all()
    assert head.pose_correctives.shape == (5023, 3, 36)
    assert head.joint_parents.tolist() == list(names.JOINT_PARENTS)


def test_has_every_arkit_shape_that_no_joint_makes(head: HeadModel) -> None:
    assert set(head.expression_names) == set(names.ARKIT) - set(names.ARKIT_OF_JOINTS)
    assert head.expression_basis.shape == (5023, 3, 43)
    largest = np.linalg.norm(head.expression_basis, axis=1).max(axis=0)
    assert ((largest > 0.0015) & (largest < 0.035)).all()
    assert np.array_equal(head.expression_range, np.tile((0.0, 1.0), (43, 1)))


def test_has_human_proportions(head: HeadModel) -> None:
    skull = head.template[np.concatenate([head.regions["face"], head.regions["scalp"]])]
    height, breadth, length = np.ptp(skull[:, 1]), np.ptp(skull[:, 0]), np.ptp(skull[:, 2])
    eyes = head.joint_regressor[3:] @ head.template
    assert 0.205 < height < 0.245
    assert 0.140 < breadth < 0.160
    assert 0.185 < length < 0.230  # with the nose
    assert np.ptp(eyes[:, 0]) == pytest.approx(0.063, abs=1e-6)


def test_template_is_symmetric(head: HeadModel, anatomy) -> None:
    assert np.allclose(head.template[anatomy.mirror] * MIRROR, head.template, atol=2e-9)


def test_left_shapes_mirror_right_shapes(head: HeadModel, anatomy) -> None:
    for number, name in enumerate(head.expression_names):
        twin = name.replace("Left", "Right") if "Left" in name else name.replace("Right", "Left")
        mirrored = head.expression_basis[anatomy.mirror, :, number] * MIRROR
        other = head.expression_basis[..., head.expression_names.index(twin)]
        assert np.allclose(mirrored, other, atol=3e-9), name


def test_one_sided_shapes_leave_the_other_side_alone(head: HeadModel) -> None:
    for number, name in enumerate(head.expression_names):
        if name.endswith("Left") and not name.startswith(("jaw", "mouthLeft")):
            far = head.template[:, 0] < -0.018
            assert np.abs(head.expression_basis[far, :, number]).max() < 1e-4, name


@pytest.mark.parametrize("side", [LEFT, RIGHT])
def test_lids_meet_at_full_blink(head: HeadModel, side: int) -> None:
    upper, lower = (
        (names.LEFT_EYE_UPPER, names.LEFT_EYE_LOWER) if side == LEFT else (names.RIGHT_EYE_UPPER, names.RIGHT_EYE_LOWER)
    )
    closed = posed(head, {"eyeBlinkLeft" if side == LEFT else "eyeBlinkRight": 1.0})
    assert np.linalg.norm(closed[list(upper)] - closed[list(lower)], axis=1).max() < 1e-6
    assert np.linalg.norm(head.template[upper[4]] - head.template[lower[4]]) > 0.009


@pytest.mark.parametrize("blink", [0.0, 0.25, 0.5, 0.75, 1.0])
@pytest.mark.parametrize(("gaze", "aside"), [(-0.35, 0.0), (0.0, 0.0), (0.35, 0.0), (0.0, 0.57), (0.35, -0.57)])
def test_lids_never_enter_the_eyeball(head: HeadModel, anatomy, blink: float, gaze: float, aside: float) -> None:
    vertices = posed(head, {"eyeBlinkLeft": blink}, gaze=gaze, aside=aside)
    rim, margin = (distance_to_eye(head, vertices, ring, LEFT) for ring in anatomy.lid_rings[LEFT][:2])
    assert rim.min() > EYE_RADIUS + 0.0012
    assert margin.min() > EYE_RADIUS + 0.0001
    face = head.regions["face"][head.regions["face"] < 1790]
    near = face[np.linalg.norm(head.template[face] - (0.0315, 0.023, 0.0245), axis=1) < 0.025]
    assert distance_to_eye(head, vertices, near, LEFT).min() > EYE_RADIUS + 0.0012


def test_lids_follow_the_gaze(head: HeadModel) -> None:
    down = posed(head, gaze=0.35)[386, 1] - head.template[386, 1]
    up = posed(head, gaze=-0.35)[386, 1] - head.template[386, 1]
    assert -0.004 < down < -0.0012
    assert 0.0010 < up < 0.004


def test_eyes_that_look_aside_draw_their_lids_along_between_corners_that_stay(head: HeadModel) -> None:
    left, right = (posed(head, aside=angle) - head.template for angle in (0.57, -0.57))
    for upper, lower, outer, inner in ((386, 374, 263, 362), (159, 145, 33, 133)):
        assert 0.0007 < left[lower, 0] < left[upper, 0] < 0.002
        assert -0.002 < right[upper, 0] < right[lower, 0] < -0.0007
        assert np.abs([left[[outer, inner]], right[[outer, inner]]]).max() < 1e-4
        assert np.abs(left[[upper, lower], 1]).max() < 2e-4


def test_a_lower_lip_that_rolls_in_hides_its_red(head: HeadModel) -> None:
    rolled = posed(head, {"mouthRollLower": 1.0})
    moved = rolled - head.template
    assert rolled[17, 1] - head.template[14, 1] > 0.5 * (head.template[17, 1] - head.template[14, 1])
    assert (np.diff(moved[[14, 15, 16, 17, 18], 2]) >= 0).all() and moved[14, 2] < -0.005  # turns in about its border
    assert moved[18, 1] > 0.003 and moved[200, 1] > 0.002  # and takes the skin below it along
    assert np.abs(moved[list(names.INNER_LIPS_LOWER), 1]).max() < 1e-6  # not up through the upper lip
    assert np.abs(moved[[13, 0, 152]]).max() < 1e-4


def test_a_press_pushes_the_lower_lip_up_against_the_upper_one(head: HeadModel) -> None:
    moved = posed(head, {"mouthPressRight": 1.0}) - head.template
    upper, lower = list(names.INNER_LIPS_UPPER), list(names.INNER_LIPS_LOWER)
    assert np.allclose(moved[upper], moved[lower], atol=1e-6)
    assert moved[91, 1] > moved[88, 1] + 0.001 > 0.001  # the lower lip's red gets less high
    assert moved[40, 1] < moved[80, 1] - 0.001  # and so does the upper one's
    assert moved[43, 1] > 0.001


def test_lips_touch_in_the_neutral_face(head: HeadModel) -> None:
    upper, lower = list(names.INNER_LIPS_UPPER), list(names.INNER_LIPS_LOWER)
    assert np.allclose(head.template[upper], head.template[lower], atol=1e-9)


@pytest.mark.parametrize("share", [0.3, 0.6, 1.0])
def test_mouth_close_closes_an_open_jaw(head: HeadModel, share: float) -> None:
    upper, lower = list(names.INNER_LIPS_UPPER), list(names.INNER_LIPS_LOWER)
    opened = posed(head, jaw=share * JAW_OPEN)
    closed = posed(head, {"mouthClose": share}, jaw=share * JAW_OPEN)
    apart = closed[upper] - closed[lower]
    assert apart[:, 1].max() < 1e-5  # no gap; half closed, the upper lip is in front by a millimetre
    assert np.linalg.norm(apart, axis=1).max() < (1e-6 if share == 1 else 0.0008)
    assert np.linalg.norm(opened[13] - opened[14]) > 0.030 * share


def test_a_mouth_that_is_closed_over_an_open_jaw_stays_wide_and_high(head: HeadModel) -> None:
    opened = posed(head, jaw=JAW_OPEN)
    closed = posed(head, {"mouthClose": 1.0}, jaw=JAW_OPEN)
    assert closed[291, 0] - closed[61, 0] > 0.89 * (head.template[291, 0] - head.template[61, 0])
    for landmark, drop in ((13, 0.0115), (61, 0.0095), (291, 0.0095)):
        assert head.template[landmark, 1] - closed[landmark, 1] < drop
    risen = (closed - opened)[[14, 17, 18, 200, 152], 1]
    assert (np.diff(risen) < 0).all()  # the lip most, less and less down to the chin
    assert abs(risen[-1]) < 1e-4


def test_jaw_moves_the_chin_and_the_lower_teeth_only(head: HeadModel, anatomy) -> None:
    moved = np.linalg.norm(posed(head, jaw=JAW_OPEN) - head.template, axis=1)
    assert moved[152] > 0.03
    assert moved[anatomy.parts["lower_teeth"]].min() > 0.008
    assert moved[anatomy.parts["upper_teeth"]].max() < 1e-9
    assert moved[[1, 4, 168, 10, 33, 263, 133, 362]].max() < 2e-4
    assert moved[head.regions["scalp"]].max() < 1e-3


def test_skinning_weights_are_shares(head: HeadModel) -> None:
    assert head.skinning_weights.min() >= 0.0
    assert np.allclose(head.skinning_weights.sum(axis=1), 1.0, atol=1e-8)
    assert np.allclose(head.skinning_weights[head.regions["left_eyeball"]], np.eye(5)[3])


def test_eye_joints_are_the_eyeballs_centres_in_everybody(head: HeadModel) -> None:
    random = np.random.default_rng(1)
    for _ in range(5):
        identity = random.normal(size=head.identity_basis.shape[2])
        vertices = head.template + head.identity_basis @ identity
        for joint, region in ((3, "left_eyeball"), (4, "right_eyeball")):
            centre = head.joint_regressor[joint] @ vertices
            radius = np.linalg.norm(vertices[head.regions[region]] - centre, axis=1)
            assert radius.max() - radius.min() < 0.0010  # the cornea stands out by 0.7 mm


def test_lids_stay_outside_the_eyeball_in_everybody(head: HeadModel, anatomy) -> None:
    for mode in range(head.identity_basis.shape[2]):
        for sign in (-2.5, 2.5):
            vertices = head.template + sign * head.identity_basis[..., mode]
            ball = vertices[head.regions["left_eyeball"]] - head.joint_regressor[3] @ vertices
            radius = np.median(np.linalg.norm(ball, axis=1))
            rim = distance_to_eye(head, vertices, anatomy.lid_rings[LEFT][0], LEFT)
            assert rim.min() > radius + 0.0010, mode


def test_identity_modes_are_many_finite_and_of_human_size(head: HeadModel) -> None:
    modes = head.identity_basis
    assert 60 <= modes.shape[2] <= 150
    assert np.isfinite(modes).all()
    assert np.linalg.norm(modes, axis=1).max() < 0.008
    flat = modes.reshape(-1, modes.shape[2])
    assert np.linalg.matrix_rank(flat, tol=1e-6) == modes.shape[2]


def test_identity_modes_of_earlier_heads_keep_their_places() -> None:
    # Coefficients in track files are told apart by their place alone.
    names = identity_names()
    assert len(names) == len(set(names))
    assert names[:2] == ("head_size", "head_width")
    assert names[48:52] == ("eye_opening", "eye_tilt", "eyeball_size", "general_00")
    assert names[95:97] == ("general_44", "cheekbone_breadth")


def test_the_sign_of_a_mode_does_not_hang_on_the_last_bit(head: HeadModel) -> None:
    modes = head.identity_basis.reshape(-1, head.identity_basis.shape[2])
    signs = column_signs(modes)
    for seed in range(3):
        noise = np.random.default_rng(seed).uniform(1.0 - 1e-12, 1.0 + 1e-12, modes.shape)
        np.testing.assert_array_equal(column_signs(modes * noise), signs)


def test_identity_modes_are_even_or_odd_and_say_so_where_they_are_odd(head: HeadModel, anatomy) -> None:
    for name, mode in zip(identity_names(), head.identity_basis.transpose(2, 0, 1), strict=True):
        if name.startswith(("general", "eye_opening")):  # mixtures; and lids kept off the eyeball side by side
            continue
        mirrored = mode[anatomy.mirror] * MIRROR
        odd = name.endswith(("skew", "uneven"))
        assert np.allclose(mirrored, -mode if odd else mode, atol=3e-9), name


def test_lips_touch_in_everybody(head: HeadModel) -> None:
    upper, lower = list(names.INNER_LIPS_UPPER), list(names.INNER_LIPS_LOWER)
    apart = np.abs(head.identity_basis[upper] - head.identity_basis[lower]).max(axis=(0, 1))
    assert apart.max() < 1e-6


@pytest.mark.parametrize("seed", [3, 4])
def test_lids_and_lips_of_random_people_close(head: HeadModel, seed: int) -> None:
    identity = np.random.default_rng(seed).normal(size=head.identity_basis.shape[2])
    shut = posed(head, {"eyeBlinkLeft": 1.0, "eyeBlinkRight": 1.0}, identity=identity)
    opened = posed(head, identity=identity)
    for upper, lower in ((names.LEFT_EYE_UPPER, names.LEFT_EYE_LOWER), (names.RIGHT_EYE_UPPER, names.RIGHT_EYE_LOWER)):
        gap, open_gap = (np.linalg.norm(v[list(upper)] - v[list(lower)], axis=1).max() for v in (shut, opened))
        assert gap < 0.25 * open_gap
    closed = posed(head, {"mouthClose": 0.3}, jaw=0.3 * JAW_OPEN, identity=identity)
    lips = closed[list(names.INNER_LIPS_UPPER)] - closed[list(names.INNER_LIPS_LOWER)]
    assert np.linalg.norm(lips, axis=1).max() < 0.0015


def test_regions_have_flames_names(head: HeadModel) -> None:
    expected = {
        "face", "neck", "scalp", "boundary", "right_eyeball", "left_eyeball", "right_ear", "left_ear", "forehead",
        "eye_region", "nose", "lips", "right_eye_region", "left_eye_region", "left_iris", "right_iris", "left_eyelid",
        "right_eyelid", "left_eyebrow", "right_eyebrow", "mouth_inside", "teeth",
    }  # fmt: skip
    assert expected <= set(head.regions)
    assert all(len(vertices) > 15 for vertices in head.regions.values())
    assert {13, 14, 0, 17, 61, 291} <= set(head.regions["lips"].tolist())
    assert {1, 4, 5, 195} <= set(head.regions["nose"].tolist())


def test_landmarks_lie_where_the_face_was_built_from(head: HeadModel) -> None:
    landmarks = head.landmarks
    assert landmarks.known.all()
    places = np.einsum("nk,nkd->nd", landmarks.barycentric, head.template[head.faces[landmarks.triangle]])
    assert np.allclose(places[:468], head.template[:468])
    for centre, ring, joint in ((468, (469, 470, 471, 472), 4), (473, (474, 475, 476, 477), 3)):
        eye = head.joint_regressor[joint] @ head.template
        assert np.allclose(places[centre, :2], eye[:2], atol=1e-6)
        assert places[centre, 2] > eye[2] + EYE_RADIUS
        offsets = places[list(ring)][:, :2] - eye[:2]
        assert np.allclose(offsets, 0.0059 * np.array([[1, 0], [0, 1], [-1, 0], [0, -1]]), atol=1e-6)


def test_triangles_are_consistent_and_not_degenerate(head: HeadModel) -> None:
    directed = np.concatenate([head.faces[:, [0, 1]], head.faces[:, [1, 2]], head.faces[:, [2, 0]]])
    assert len(np.unique(directed, axis=0)) == len(directed)  # no edge runs the same way twice: oriented, manifold
    a, b, c = (head.template[head.faces[:, k]] for k in range(3))
    normal = np.cross(b - a, c - a)
    assert np.linalg.norm(normal, axis=1).min() > 5e-8
    scalp = np.isin(head.faces, head.regions["scalp"]).all(axis=1)
    outwards = (a - (0.0, 0.03, -0.05))[scalp]
    assert ((normal[scalp] * outwards).sum(axis=1) > 0).mean() > 0.99


def test_texture_coordinates_do_not_overlap(head: HeadModel) -> None:
    assert head.uv.min() >= 0.0
    assert head.uv.max() <= 1.0
    corners = head.uv[head.uv_faces]
    one, two = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    assert (one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0]).min() > 0.0
    size, count = 1024, np.zeros((1024, 1024), int)
    for triangle in corners * size:
        low, high = np.floor(triangle.min(axis=0)).astype(int), np.ceil(triangle.max(axis=0)).astype(int)
        x, y = np.meshgrid(np.arange(low[0], high[0] + 1), np.arange(low[1], high[1] + 1))
        frame = np.column_stack([triangle[1] - triangle[0], triangle[2] - triangle[0]])
        share = np.linalg.solve(frame, np.stack([x.ravel(), y.ravel()]) - triangle[0][:, None])
        inside = (share > 1e-4).all(axis=0) & (share.sum(axis=0) < 1 - 1e-4)
        count[y.ravel()[inside], x.ravel()[inside]] += 1
    assert count.max() == 1


def test_is_the_same_each_time(head: HeadModel, tmp_path: Path) -> None:
    again = make_head()
    assert again.sha256 == head.sha256
    older = tmp_path / "builtin_head_0123.npz"
    older.touch()
    assert cache.store(again, tmp_path / "head.npz")
    assert [path.name for path in tmp_path.iterdir()] == ["head.npz"]
    stored = cache.load(tmp_path / "head.npz")
    assert stored is not None
    assert stored.sha256 == again.sha256
    assert np.array_equal(stored.identity_basis, again.identity_basis)
    assert stored.expression_names == again.expression_names
    assert list(stored.regions) == list(again.regions)


def test_a_damaged_or_unwritable_cache_is_no_obstacle(head: HeadModel, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.npz"
    damaged.write_bytes(b"PK\x03\x04 not a zip")
    assert cache.load(damaged) is None
    file = tmp_path / "file"
    file.write_text("in the way")
    assert not cache.store(replace(head, name="x"), file / "folder" / "head.npz")


def test_writes_itself_in_flames_layout(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "head.npz"
    assert main([str(path)]) == 0
    assert "5023 vertices" in capsys.readouterr().out
    with np.load(path, allow_pickle=False) as file:
        assert file["shapedirs"].shape == (5023, 3, 400)
        assert np.abs(file["shapedirs"][..., 300:343]).max(axis=(0, 1)).min() > 0.001
        assert not file["shapedirs"][..., 343:].any()
        assert np.allclose(file["J"], file["J_regressor"] @ file["v_template"])
        assert file["kintree_table"].shape == (2, 5)
        assert file["f"].dtype == np.uint32
    assert main([]) == 2
