"""Tracks of a small head in FLAME's layout, posed here by FLAME's own formula, to check rigs against."""

from __future__ import annotations

import numpy as np
from flame_extension.backend.contract.camera import rotation_matrices
from flame_extension.backend.contract.track import HEAD, NECK_TURNS, TORSO, Track
from synthetic_tracks import make_track, with_rows

PARENTS = (-1, 0, 1, 1, 1)
NAMES = ("jawForward", "expression_001", "mouthSmileLeft", "expression_003", 'Ärger "laut"')


def make_flame_track(
    frames: int = 20,
    *,
    turns: str = TORSO,
    lids: bool = True,
    strength: float = 1.0,
    modes: int = len(NAMES),
    seed: int = 1,
    **changes: object,
) -> Track:
    """A track in which all moves: expression, lids, every joint, and the joints with the expression.

    Args:
        frames: Of the clip.
        turns: Which end of the neck is turned.
        lids: Whether it has lids of their own.
        strength: Of the expression, in standard deviations.
        modes: Of the expression.
        seed: Of its shapes.
        changes: As in `make_track`.
    """
    random = np.random.default_rng(seed)
    track = make_track(frames, **changes)  # type: ignore[arg-type]
    neutral = track.neutral_vertices.astype(np.float64)
    count = len(neutral)
    basis = 0.003 * random.standard_normal((count, 3, modes))
    eyelids = 0.008 * random.standard_normal((count, 3, 2)) * _lid_sides(neutral)
    regressor = _regressor(random, count)
    correctives = 0.004 * random.standard_normal((count, 3, 36))
    weights = _weights(neutral, track.regions)
    phase = np.linspace(0, 2 * np.pi, frames)[:, None]
    wave = np.sin(phase + random.uniform(0, 6, modes)) * strength
    poses = [size * np.sin(phase + random.uniform(0, 6, 3)) for size in (0.3, 0.35, 0.3, 0.3)]
    closed = (0.5 + 0.5 * np.sin(phase * (1, 2))) * lids
    shaped = neutral + np.einsum("vce,te->tvc", basis, wave) + np.einsum("vcl,tl->tvc", eyelids, closed)
    joints = track.joints + np.einsum("jv,tvc->tjc", regressor, shaped - neutral)
    vertices = _posed(shaped, joints, poses, correctives, weights)
    vertices = _seen_from_head(vertices, joints, poses[0]) if turns == TORSO else vertices
    return with_rows(
        track,
        vertices=vertices.astype(np.float32),
        **dict(zip(("neck_pose", "jaw_pose", "left_eye_pose", "right_eye_pose"), poses, strict=True)),
        eyelids=closed,
        expression=wave,
        expression_basis=basis.astype(np.float32),
        pose_correctives=correctives.astype(np.float32),
        skinning_weights=weights.astype(np.float32),
        header={**track.header, "expression_names": _names(modes), NECK_TURNS: turns if turns == TORSO else HEAD},
    )


def _seen_from_head(vertices: np.ndarray, joints: np.ndarray, neck: np.ndarray) -> np.ndarray:
    """Vertices (T, V, 3) with the neck's turn (T, 3) taken off the head, so that it turns what is below."""
    return np.einsum("tij,tvi->tvj", rotation_matrices(neck), vertices - joints[:, None, 1]) + joints[:, None, 1]


def _regressor(random: np.random.Generator, count: int) -> np.ndarray:
    regressor = np.abs(random.standard_normal((5, count)))
    return regressor / regressor.sum(axis=1, keepdims=True)


def _lid_sides(neutral: np.ndarray) -> np.ndarray:
    """Where left and right lid are (V, 1, 2): small, and on their own side of the face each."""
    near = (neutral[:, 2] > 0.04) & (neutral[:, 1] > 0) & (np.abs(neutral[:, 0]) > 0.01)
    return np.stack([near & (neutral[:, 0] > 0), near & (neutral[:, 0] < 0)], axis=-1)[:, None]


def _names(modes: int) -> list[str]:
    return [NAMES[index] if index < len(NAMES) else f"expression_{index:03d}" for index in range(modes)]


def _weights(neutral: np.ndarray, regions: dict[str, np.ndarray]) -> np.ndarray:
    """The base follows the root, the chin the jaw in part, eyeballs their eye, the rest the neck."""
    weights = np.zeros((len(neutral), 5))
    weights[:, 0] = np.clip((-0.05 - neutral[:, 1]) / 0.05, 0, 1)
    weights[:, 2] = np.clip(neutral[:, 2] / 0.1, 0, 1) * np.clip(-neutral[:, 1] / 0.05, 0, 1) * (1 - weights[:, 0])
    weights[:, 1] = 1 - weights.sum(axis=1)
    for joint, name in ((3, "left_eyeball"), (4, "right_eyeball")):
        weights[regions[name]] = np.eye(5)[joint]
    return weights


def _posed(
    shaped: np.ndarray, joints: np.ndarray, poses: list[np.ndarray], correctives: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """FLAME's skinning with homogeneous matrices (smplx/lbs.py)."""
    frames = len(shaped)
    turns = np.stack([np.tile(np.eye(3), (frames, 1, 1)), *(rotation_matrices(pose) for pose in poses)], axis=1)
    shaped = shaped + np.einsum("vcp,tp->tvc", correctives, (turns[:, 1:] - np.eye(3)).reshape(frames, -1))
    chain = np.zeros((frames, 5, 4, 4))
    for joint, parent in enumerate(PARENTS):
        local = np.tile(np.eye(4), (frames, 1, 1))
        local[:, :3, :3] = turns[:, joint]
        local[:, :3, 3] = joints[:, joint] - (joints[:, parent] if parent >= 0 else 0)
        chain[:, joint] = local if parent < 0 else chain[:, parent] @ local
    chain[..., :3, 3] -= np.einsum("tjab,tjb->tja", chain[..., :3, :3], joints)
    blended = np.einsum("vj,tjab->tvab", weights, chain)
    return np.einsum("tvab,tvb->tva", blended[..., :3, :3], shaped) + blended[..., :3, 3]
