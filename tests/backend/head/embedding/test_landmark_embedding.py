"""Places of MediaPipe's landmarks on FLAME's mesh and on others, and their motion with the face."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from shared_data import DATA

from backend.contract.names import (
    INNER_LIPS_LOWER,
    INNER_LIPS_UPPER,
    LEFT_EYE_LOWER,
    LEFT_EYE_UPPER,
    LEFT_IRIS,
    OUTER_LIPS_LOWER,
    OUTER_LIPS_UPPER,
    RIGHT_EYE_LOWER,
    RIGHT_EYE_UPPER,
    RIGHT_IRIS,
)
from backend.contract.settings import HeadSettings
from backend.head.builtin import builtin_head
from backend.head.embedding import landmark_embedding as embedding
from backend.head.embedding.landmark_embedding import IRIS_RADIUS, embed_landmarks
from backend.head.embedding.registration import mirror_landmarks, neutral_face
from backend.head.flame.flame_file import load_flame
from backend.head.flame.side_files import Anchors, SideFiles, read_side_files
from backend.head.geometry import fitted_sphere
from backend.head.model import HeadModel, LandmarkEmbedding
from backend.head.skinning import neutral_pose, pose_vertices

PROXY = DATA / "flame_layout_proxy" / "flame_proxy.npz"
needs_proxy = pytest.mark.skipif(not PROXY.is_file(), reason="the FLAME-layout proxy of shared/data is not here")


@pytest.fixture(scope="module")
def proxy() -> HeadModel:
    model = load_flame(PROXY, HeadSettings())
    assert isinstance(model, HeadModel)
    return model


@pytest.fixture(scope="module")
def registered(own_cache: Path) -> LandmarkEmbedding:
    head = builtin_head()
    return embed_landmarks(head.template, head.faces, head.skinning_weights, SideFiles())


def points(head: HeadModel, landmarks: LandmarkEmbedding, vertices: np.ndarray | None = None) -> np.ndarray:
    vertices = head.template if vertices is None else vertices
    return np.einsum("nk,nkc->nc", landmarks.barycentric, vertices[head.faces[landmarks.triangle]])


def arkit_shape(name: str) -> np.ndarray:
    with np.load(DATA / "flame_layout_proxy" / "flame_proxy_arkit.npz") as archive:
        return archive["deltas"][:, :, list(archive["names"]).index(name)].astype(np.float64)


def heights(place: np.ndarray, upper: tuple[int, ...], lower: tuple[int, ...]) -> np.ndarray:
    """Vertical gaps between facing landmarks, without the corners."""
    return place[list(upper[1:-1]), 1] - place[list(lower[1:-1]), 1]


@needs_proxy
def test_flames_mesh_is_recognised_and_its_places_are_those_we_measured(proxy: HeadModel) -> None:
    assert proxy.landmarks.source == "measured on FLAME's mesh"
    assert proxy.landmarks.known.all()
    np.testing.assert_allclose(proxy.landmarks.barycentric.sum(axis=1), 1, atol=1e-12)
    assert proxy.landmarks.barycentric.min() > -1e-9


@needs_proxy
def test_the_order_of_triangles_and_of_their_corners_does_not_matter(proxy: HeadModel) -> None:
    random = np.random.default_rng(3)
    faces = np.roll(proxy.faces, 1, axis=1)[random.permutation(len(proxy.faces))]
    other = embed_landmarks(proxy.template, faces, proxy.skinning_weights, SideFiles())
    moved = replace(proxy, faces=faces)
    np.testing.assert_allclose(points(moved, other), points(proxy, proxy.landmarks), atol=1e-12)


@needs_proxy
def test_landmarks_are_mirror_images_on_a_mirror_image(proxy: HeadModel) -> None:
    """The template is a scan mean and 1 to 4 mm asymmetric itself."""
    place = points(proxy, proxy.landmarks)[:468]
    difference = np.linalg.norm(place - place[mirror_landmarks()] * [-1.0, 1.0, 1.0], axis=1)
    assert np.median(difference) < 0.0015
    assert difference.max() < 0.004


@needs_proxy
def test_lids_and_lips_lie_on_their_own_side(proxy: HeadModel) -> None:
    triangle = proxy.landmarks.triangle
    jaw = proxy.skinning_weights[:, 2][proxy.faces[triangle]].mean(axis=1)
    for upper, lower in zip(INNER_LIPS_UPPER[1:-1], INNER_LIPS_LOWER[1:-1], strict=True):
        assert triangle[upper] != triangle[lower]
        assert jaw[upper] < 0.5 < jaw[lower]
    for uppers, lowers in ((LEFT_EYE_UPPER, LEFT_EYE_LOWER), (RIGHT_EYE_UPPER, RIGHT_EYE_LOWER)):
        for upper, lower in zip(uppers[1:-1], lowers[1:-1], strict=True):
            assert not set(proxy.faces[triangle[upper]]) & set(proxy.faces[triangle[lower]])


@needs_proxy
def test_a_blink_closes_the_landmarks_of_the_lids(proxy: HeadModel) -> None:
    place = points(proxy, proxy.landmarks)
    for name, upper, lower in (
        ("eyeBlink_L", LEFT_EYE_UPPER, LEFT_EYE_LOWER),
        ("eyeBlink_R", RIGHT_EYE_UPPER, RIGHT_EYE_LOWER),
    ):
        closed = points(proxy, proxy.landmarks, proxy.template + arkit_shape(name))
        before, after = heights(place, upper, lower), heights(closed, upper, lower)
        assert before[3] > 0.008  # in the middle
        assert np.abs(after).max() < 0.2 * before.max()
        assert np.abs(after[1:-1]).max() < 0.2 * before[1:-1].max()


@needs_proxy
def test_closed_lips_touch_and_the_jaw_opens_them(proxy: HeadModel) -> None:
    closed = points(proxy, proxy.landmarks)
    assert np.abs(heights(closed, INNER_LIPS_UPPER, INNER_LIPS_LOWER)).max() < 0.001
    pose = replace(neutral_pose(proxy), jaw=np.array([[0.2, 0.0, 0.0]]))
    opened = points(proxy, proxy.landmarks, pose_vertices(proxy, pose)[0])
    gap = heights(opened, INNER_LIPS_UPPER, INNER_LIPS_LOWER)
    assert gap[4] > 0.012
    assert (gap > 0.003).all()
    assert np.abs(opened[13] - closed[13]).max() < 0.003  # the upper lip stays


@needs_proxy
def test_a_smile_moves_the_corner_of_the_mouth_out_and_up(proxy: HeadModel) -> None:
    motion = points(proxy, proxy.landmarks, proxy.template + arkit_shape("mouthSmile_L")) - points(
        proxy, proxy.landmarks
    )
    assert motion[291, 0] > 0.004
    assert motion[291, 1] > 0.004
    assert np.abs(motion[61]).max() < 0.002


@needs_proxy
def test_irises_are_rings_around_the_poles_of_the_eyeballs(proxy: HeadModel) -> None:
    place = points(proxy, proxy.landmarks)
    for iris, ball in ((LEFT_IRIS, "left_eyeball"), (RIGHT_IRIS, "right_eyeball")):
        centre, radius = fitted_sphere(proxy.template[proxy.regions[ball]])
        np.testing.assert_allclose(place[iris[0]] - centre, [0, 0, radius], atol=2e-4)
        ring = place[list(iris[1:])] - place[iris[0]]
        np.testing.assert_allclose(np.linalg.norm(ring[:, :2], axis=1), IRIS_RADIUS, atol=2e-4)


def test_registration_finds_the_places_that_the_builtin_head_was_made_with(registered: LandmarkEmbedding) -> None:
    """A mesh that is not FLAME's, whose true embedding is known by construction."""
    head = builtin_head()
    assert registered.source == "registered"
    error = np.linalg.norm(points(head, registered) - points(head, head.landmarks), axis=1)
    assert np.median(error) < 0.0015
    assert np.percentile(error, 90) < 0.006
    assert error[list(INNER_LIPS_UPPER + INNER_LIPS_LOWER)].max() < 0.002
    assert error[list(OUTER_LIPS_UPPER + OUTER_LIPS_LOWER)].max() < 0.003
    assert error[list(LEFT_EYE_UPPER + LEFT_EYE_LOWER)].max() < 0.004
    assert error[[*LEFT_IRIS, *RIGHT_IRIS]].max() < 0.0015


def test_registered_lips_open_with_the_jaw(registered: LandmarkEmbedding) -> None:
    head = builtin_head()
    pose = replace(neutral_pose(head), jaw=np.array([[0.25, 0.0, 0.0]]))
    opened = points(head, registered, pose_vertices(head, pose)[0])
    assert (heights(opened, INNER_LIPS_UPPER, INNER_LIPS_LOWER)[1:-1] > 0.004).all()


def test_a_registration_is_kept_and_a_damaged_one_is_made_again(
    registered: LandmarkEmbedding, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = builtin_head()
    calls: list[int] = []
    monkeypatch.setattr(
        embedding,
        "_registered",
        lambda *_: calls.append(1) or (registered.triangle[:468], registered.barycentric[:468]),
    )
    again = embed_landmarks(head.template, head.faces, head.skinning_weights, SideFiles())
    assert not calls
    np.testing.assert_array_equal(again.triangle, registered.triangle)
    for file in own_cache.glob("landmarks_*.npz"):
        file.write_bytes(b"damaged")
    embed_landmarks(head.template, head.faces, head.skinning_weights, SideFiles())
    assert calls == [1]
    embed_landmarks(head.template + 1e-4, head.faces, head.skinning_weights, SideFiles())
    assert calls == [1, 1]  # another head is not taken for this one


@needs_proxy
def test_the_105_points_of_a_file_are_taken_exactly_and_their_neighbours_follow(
    proxy: HeadModel, tmp_path: Path
) -> None:
    """A file that places brows, lids, nose and lips 2 mm higher."""
    chosen = np.array([70, 63, 105, 66, 107, 33, 133, 159, 145, 1, 4, 2, 0, 13, 14, 17, 61, 291, 263, 362, 300, 336])
    wanted = points(proxy, proxy.landmarks)[chosen] + [0, 0.002, 0]
    skin = np.flatnonzero((proxy.faces < 3931).all(axis=1))
    hit, barycentric, _ = embedding.nearest_on_mesh(wanted, proxy.template, proxy.faces[skin])
    np.savez(
        tmp_path / "mediapipe_landmark_embedding.npz",
        landmark_indices=chosen,
        lmk_face_idx=skin[hit].astype(np.uint32),
        lmk_b_coords=barycentric,
    )
    side = read_side_files((tmp_path,), proxy.vertex_count, len(proxy.faces))
    result = embed_landmarks(proxy.template, proxy.faces, proxy.skinning_weights, side)
    assert "mediapipe_landmark_embedding.npz" in result.source
    np.testing.assert_array_equal(result.triangle[chosen], skin[hit])
    np.testing.assert_allclose(result.barycentric[chosen], barycentric, atol=1e-9)
    motion = points(proxy, result)[:468, 1] - points(proxy, proxy.landmarks)[:468, 1]
    assert motion[[52, 53, 65]].min() > 0.0003  # the lower edge of the brow
    assert np.abs(motion[[10, 109, 338]]).max() < 0.0015  # the hairline


def test_the_68_points_of_a_file_help_on_other_meshes(registered: LandmarkEmbedding, tmp_path: Path) -> None:
    """DECA's file: a dictionary in an array of objects; tensors in it are skipped, the outline is not used."""
    head = builtin_head()
    from backend.contract.names import DLIB68_FROM_MEDIAPIPE

    own = [landmarks[0] for landmarks in DLIB68_FROM_MEDIAPIPE]
    content = {
        "full_lmk_faces_idx": head.landmarks.triangle[own][None],
        "full_lmk_bary_coords": head.landmarks.barycentric[own][None],
    }
    stored = np.array(None, dtype=object)
    stored[()] = content
    np.save(tmp_path / "landmark_embedding.npy", stored, allow_pickle=True)
    side = read_side_files((tmp_path,), head.vertex_count, len(head.faces))
    assert isinstance(side.dlib_anchors, Anchors)
    assert len(side.dlib_anchors.landmark) == 68
    result = embed_landmarks(head.template, head.faces, head.skinning_weights, side)
    error = np.linalg.norm(points(head, result) - points(head, head.landmarks), axis=1)
    without = np.linalg.norm(points(head, registered) - points(head, head.landmarks), axis=1)
    anchored = [33, 263, 1, 5, 105, 334, 61, 291]
    assert error[anchored].mean() < min(0.002, 0.8 * without[anchored].mean())
    assert np.median(error) < 0.0015


def test_the_neutral_face_is_symmetric_and_in_metres() -> None:
    face = neutral_face()
    np.testing.assert_allclose(face, face[mirror_landmarks()] * [-1.0, 1.0, 1.0], atol=1e-5)
    assert 0.1 < np.ptp(face[:, 1]) < 0.2


def test_pickled_side_files_never_run(tmp_path: Path) -> None:
    (tmp_path / "landmark_embedding.npy").write_bytes(
        b"\x93NUMPY\x01\x00v\x00"
        + b"{'descr': '|O', 'fortran_order': False, 'shape': (), }".ljust(117)
        + b"\n"
        + pickle.dumps({"a": _Runs()}, 2)
    )
    result = read_side_files((tmp_path,), 10, 10)
    (problem,) = result.left_out
    assert "landmark_embedding.npy" in problem.sentence
    assert result.dlib_anchors is None
    assert not _Runs.ran


class _Runs:
    ran = False

    def __reduce__(self) -> tuple[Any, ...]:
        return _note, ()


def _note() -> None:
    _Runs.ran = True
