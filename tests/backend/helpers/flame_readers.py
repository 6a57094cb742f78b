"""FLAME and the cameras of other programs as their descriptions have them, without our own skinning or camera code."""

from __future__ import annotations

import numpy as np


def rotation(vector: np.ndarray) -> np.ndarray:
    """Rodrigues' formula."""
    angle = float(np.linalg.norm(vector)) + 1e-12
    x, y, z = vector / angle
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


def flame(
    model: dict[str, np.ndarray],
    shape: np.ndarray,
    expression: np.ndarray,
    pose: np.ndarray,
    translation: np.ndarray | None = None,
    offset: np.ndarray | float = 0.0,
) -> np.ndarray:
    """Vertices (V, 3): `pose` (15,) is global, neck, jaw, left eye, right eye; the translation comes last.

    Args:
        model: v_template, shapedirs (300 + 100 modes), posedirs, J_regressor, weights under FLAME's names.
    """
    codes = np.concatenate([np.asarray(shape, float).ravel(), np.asarray(expression, float).ravel()])
    shaped = model["v_template"] + model["shapedirs"] @ codes + offset
    joints = model["J_regressor"] @ shaped
    turns = [rotation(part) for part in np.asarray(pose, float).reshape(5, 3)]
    feature = np.concatenate([(turn - np.eye(3)).ravel() for turn in turns[1:]])
    posed = shaped + model["posedirs"] @ feature
    parents = (-1, 0, 1, 1, 1)
    chain = []
    for joint, parent in enumerate(parents):
        local = np.eye(4)
        local[:3, :3] = turns[joint]
        local[:3, 3] = joints[joint] - (joints[parent] if parent >= 0 else 0)
        chain.append(chain[parent] @ local if parent >= 0 else local)
    result = np.zeros_like(posed)
    for joint, matrix in enumerate(chain):
        moved = (posed - joints[joint]) @ matrix[:3, :3].T + matrix[:3, 3]
        result += model["weights"][:, joint, None] * moved
    return result if translation is None else result + np.asarray(translation, float).ravel()


def seen_by(camera_to_world: np.ndarray, matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Pixels, counted from the picture's corner, of points seen by a camera with OpenGL's axes."""
    opencv = np.array(camera_to_world, dtype=float)
    opencv[:3, 1:3] *= -1
    world_to_camera = np.linalg.inv(opencv)
    seen = points @ world_to_camera[:3, :3].T + world_to_camera[:3, 3]
    pixels = seen @ np.asarray(matrix, float).T
    return pixels[:, :2] / pixels[:, 2:]


def six_dof_camera(cam: np.ndarray) -> np.ndarray:
    """Camera to world (4, 4), OpenGL's axes, of (yaw, pitch, roll, x, y, z) as the research tracker builds it."""
    yaw, pitch, roll, *place = np.asarray(cam, float).ravel()
    result = np.eye(4)
    about_z = rotation(np.array([0.0, 0.0, roll]))
    about_y = rotation(np.array([0.0, yaw, 0.0]))
    about_x = rotation(np.array([pitch, 0.0, 0.0]))
    result[:3, :3] = about_z @ about_y @ about_x
    result[:3, 3] = place
    return result
