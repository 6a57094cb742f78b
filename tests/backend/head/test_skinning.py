"""Skinning in numpy and in torch against an evaluation vertex by vertex, hand-made cases, and gradients at rest."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from backend.contract.names import JOINT_PARENTS
from backend.data.types import HeadPose
from backend.head.model import HeadModel, LandmarkEmbedding
from backend.head.skinning import neutral_pose, pose_vertices, rest_joints, select_frames, shaped_template

torch = pytest.importorskip("torch")

from backend.head.rotation_torch import exponential  # noqa: E402 - torch may be absent
from backend.head.skinning_torch import TorchHead  # noqa: E402

VERTICES, IDENTITY, EXPRESSION = 40, 4, 6


@pytest.fixture(scope="module")
def head() -> HeadModel:
    """A head of 40 vertices whose arrays are all random: whatever is left out of the evaluation is missed."""
    random = np.random.default_rng(1)
    weights = random.random((VERTICES, 5)) ** 3
    weights[random.random((VERTICES, 5)) < 0.3] = 0
    weights[:, 0] += 0.01
    regressor = random.random((5, VERTICES))
    return HeadModel(
        name="test",
        licence="",
        file_name="",
        sha256="",
        template=random.normal(0, 0.1, (VERTICES, 3)),
        faces=random.integers(0, VERTICES, (50, 3)),
        identity_basis=random.normal(0, 0.01, (VERTICES, 3, IDENTITY)),
        expression_basis=random.normal(0, 0.01, (VERTICES, 3, EXPRESSION)),
        expression_names=tuple("abcdef"),
        expression_range=np.tile([-3.0, 3.0], (EXPRESSION, 1)),
        pose_correctives=random.normal(0, 0.01, (VERTICES, 3, 36)) * (random.random(36) < 0.5),
        joint_regressor=regressor / regressor.sum(axis=1, keepdims=True),
        joint_parents=np.array(JOINT_PARENTS),
        skinning_weights=weights / weights.sum(axis=1, keepdims=True),
        uv=np.zeros((1, 2)),
        uv_faces=np.zeros((50, 3), dtype=np.int64),
        regions={},
        eyelids=random.normal(0, 0.01, (VERTICES, 3, 2)),
        landmarks=LandmarkEmbedding(
            np.zeros(478, dtype=np.int64), np.zeros((478, 3)), np.ones(478, dtype=bool), "by construction"
        ),
    )


def random_pose(frames: int, seed: int = 2) -> HeadPose:
    random = np.random.default_rng(seed)
    return HeadPose(
        identity=random.normal(size=IDENTITY),
        expression=random.normal(size=(frames, EXPRESSION)),
        neck=random.normal(0, 0.7, (frames, 3)),
        jaw=random.normal(0, 0.7, (frames, 3)),
        left_eye=random.normal(0, 0.7, (frames, 3)),
        right_eye=random.normal(0, 1.5, (frames, 3)),
        eyelids=random.random((frames, 2)),
    )


def one_by_one(head: HeadModel, pose: HeadPose, frame: int) -> np.ndarray:
    """The same by definition: 4x4 transforms of every joint, blended for every vertex, with scipy's rotations."""
    shaped = head.template.copy()
    for mode in range(IDENTITY):
        shaped += head.identity_basis[:, :, mode] * pose.identity[mode]
    for mode in range(EXPRESSION):
        shaped += head.expression_basis[:, :, mode] * pose.expression[frame, mode]
    for side in range(2):
        shaped += head.eyelids[:, :, side] * pose.eyelids[frame, side]
    joints = head.joint_regressor @ shaped
    vectors = [np.zeros(3), pose.neck[frame], pose.jaw[frame], pose.left_eye[frame], pose.right_eye[frame]]
    rotations = [Rotation.from_rotvec(vector).as_matrix() for vector in vectors]
    for entry in range(36):
        joint, row, column = 1 + entry // 9, entry % 9 // 3, entry % 3
        shaped += head.pose_correctives[:, :, entry] * (rotations[joint][row, column] - (row == column))
    world: list[np.ndarray] = []
    for joint, parent in enumerate(JOINT_PARENTS):
        local = np.eye(4)
        local[:3, :3] = rotations[joint]
        local[:3, 3] = joints[joint] - (joints[parent] if parent >= 0 else 0)
        world.append(world[parent] @ local if parent >= 0 else local)
    result = np.empty_like(shaped)
    for vertex in range(VERTICES):
        blended = np.zeros((4, 4))
        for joint in range(5):
            to_rest = np.eye(4)
            to_rest[:3, 3] = -joints[joint]
            blended += head.skinning_weights[vertex, joint] * world[joint] @ to_rest
        result[vertex] = (blended @ [*shaped[vertex], 1.0])[:3]
    return result


def torch_vertices(head: HeadModel, pose: HeadPose, dtype: torch.dtype = torch.float64) -> np.ndarray:
    rotations = np.stack([pose.neck, pose.jaw, pose.left_eye, pose.right_eye], axis=1)
    values = (torch.as_tensor(v, dtype=dtype) for v in (pose.identity, pose.expression, rotations, pose.eyelids))
    return TorchHead.from_model(head, dtype=dtype).vertices(*values).numpy()


def test_numpy_and_torch_agree_with_the_definition(head: HeadModel) -> None:
    pose = random_pose(7)
    expected = np.stack([one_by_one(head, pose, frame) for frame in range(7)])
    np.testing.assert_allclose(pose_vertices(head, pose), expected, atol=1e-12)
    np.testing.assert_allclose(torch_vertices(head, pose), expected, atol=1e-12)


def test_single_precision_is_good_to_a_micrometre(head: HeadModel) -> None:
    pose = random_pose(7)
    exact = pose_vertices(head, pose)
    single = pose_vertices(head, pose, dtype=np.float32)
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, exact, atol=1e-6)
    np.testing.assert_allclose(torch_vertices(head, pose, torch.float32), exact, atol=1e-6)


def test_a_part_of_a_long_clip_is_the_same_as_that_part_of_all(head: HeadModel) -> None:
    pose = random_pose(120)
    everything = pose_vertices(head, pose)
    np.testing.assert_allclose(pose_vertices(head, pose, slice(45, 110)), everything[45:110], atol=1e-14)
    np.testing.assert_allclose(pose_vertices(head, select_frames(pose, np.array([3, 99]))), everything[[3, 99]])


def test_at_rest_the_head_is_its_shaped_template(head: HeadModel) -> None:
    identity = np.array([1.0, -2.0, 0.5, 0.0])
    rest = pose_vertices(head, neutral_pose(head, 2, identity))
    np.testing.assert_allclose(rest[1], shaped_template(head, identity), atol=1e-15)


def test_a_vertex_of_the_jaw_turns_about_the_jaw(head: HeadModel) -> None:
    """90 degrees about x through the jaw's joint, no correctives: (y, z) -> (-z, y) around the joint."""
    rigid = replace(
        head,
        pose_correctives=np.zeros_like(head.pose_correctives),
        skinning_weights=np.tile([0.0, 0.0, 1.0, 0.0, 0.0], (VERTICES, 1)),
    )
    pose = replace(neutral_pose(rigid), jaw=np.array([[np.pi / 2, 0.0, 0.0]]))
    joint = rest_joints(rigid, pose.identity)[2]
    x, y, z = (rigid.template - joint).T
    np.testing.assert_allclose(pose_vertices(rigid, pose)[0], joint + np.stack([x, -z, y], axis=1), atol=1e-12)


def test_the_neck_carries_jaw_and_eyes(head: HeadModel) -> None:
    """With the neck turned alone, everything that hangs on it moves as one rigid body."""
    rigid = replace(
        head,
        pose_correctives=np.zeros_like(head.pose_correctives),
        skinning_weights=np.eye(5)[np.arange(VERTICES) % 4 + 1],
    )
    pose = replace(neutral_pose(rigid), neck=np.array([[0.1, -0.8, 0.3]]))
    joint = rest_joints(rigid, pose.identity)[1]
    turn = Rotation.from_rotvec(pose.neck[0])
    np.testing.assert_allclose(pose_vertices(rigid, pose)[0], joint + turn.apply(rigid.template - joint), atol=1e-12)


@pytest.mark.parametrize("angle", [0.0, 1e-12, 1e-8, 1e-5, 1e-3, 0.099, 0.101, 3.0])
def test_rotations_and_their_gradients_are_right_at_every_angle(angle: float) -> None:
    """Against the series R = 1 + C + C C / 2 + ..., and its derivative at zero: the crossing matrices."""
    vector = angle * np.array([2.0, -1.0, 2.0]) / 3
    tensor = torch.tensor(vector, requires_grad=True)
    matrix = exponential(tensor)
    np.testing.assert_allclose(matrix.detach().numpy(), Rotation.from_rotvec(vector).as_matrix(), atol=1e-15)
    jacobian = torch.autograd.functional.jacobian(exponential, torch.tensor(vector)).numpy()
    assert np.isfinite(jacobian).all()
    step = 1e-6
    for axis in range(3):
        shift = step * np.eye(3)[axis]
        ahead, behind = (Rotation.from_rotvec(vector + sign * shift).as_matrix() for sign in (1, -1))
        np.testing.assert_allclose(jacobian[..., axis], (ahead - behind) / (2 * step), atol=1e-8)


def test_gradients_of_vertices_at_rest_are_finite_and_right(head: HeadModel) -> None:
    tensors = TorchHead.from_model(head)

    def from_rotations(rotations: torch.Tensor) -> torch.Tensor:
        return tensors.vertices(torch.zeros(IDENTITY).double(), torch.zeros(1, EXPRESSION).double(), rotations[None])

    assert torch.autograd.gradcheck(from_rotations, torch.zeros(4, 3, dtype=torch.float64, requires_grad=True))


def test_heads_without_eyelids_ignore_them(head: HeadModel) -> None:
    pose = random_pose(2)
    without = replace(head, eyelids=None)
    open_eyes = replace(pose, eyelids=np.zeros((2, 2)))
    np.testing.assert_allclose(pose_vertices(without, pose), pose_vertices(head, open_eyes), atol=1e-14)
