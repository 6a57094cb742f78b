"""The part of a head model that the solver sees: only the points that carry a landmark, as torch tensors."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import torch
from torch import Tensor

from ...contract import names
from ...contract.arrays import Floats
from ...contract.names import LEFT_EYE_LOWER, LEFT_EYE_UPPER, RIGHT_EYE_LOWER, RIGHT_EYE_UPPER
from ...head.model import HeadModel
from ...raster.normals import vertex_normals
from .lid_surface import LidSurface, lid_surface

LIDS: Final = (*RIGHT_EYE_UPPER, *RIGHT_EYE_LOWER, *LEFT_EYE_UPPER, *LEFT_EYE_LOWER)
"""The landmarks along the edges of both eyes' lids."""
LID_PAIRS: Final = tuple(
    pair
    for upper, lower in ((RIGHT_EYE_UPPER, RIGHT_EYE_LOWER), (LEFT_EYE_UPPER, LEFT_EYE_LOWER))
    for pair in zip(upper[2:-2], lower[2:-2], strict=True)
)
"""Facing points of both lids, without the corners, where the opening is always zero."""
FACING_LIPS: Final = tuple(zip(names.INNER_LIPS_UPPER[1:-1], names.INNER_LIPS_LOWER[1:-1], strict=True))
"""Upper and lower points of the slit between the lips, without the corners."""


@dataclass(frozen=True)
class LandmarkModel:
    """N landmark points of a head with I identity and E expression modes.

    Where the model has closed lids, these are the last two expression modes.

    Attributes:
        template: Rest positions, where the detector sees them (N, 3).
        identity: (N, 3, I).
        expression: As far as the detector sees landmarks move (N, 3, E).
        correctives: (N, 3, 9 (J - 1)), likewise.
        weights: Skinning weights (N, J).
        joints: Rest joints (J, 3); joint_identity (J, 3, I), joint_expression (J, 3, E).
        normals: Unit surface normals at rest (N, 3).
        tangents: Two unit directions along the surface (N, 3, 2), in which a landmark's offset moves it.
        known: Whether the head has a place for the landmark (N,) bool.
        pivot: Point about which the head turns and which the translation places (3,).
        expression_low, expression_high: Sensible range (E,).
        quick: Which modes move the lids more than anything else (E,) bool: only these are as quick as a blink.
        lids: Number of modes at the end of `expression` that close the lids (0 or 2).
        reach: For each joint the points that it moves, by skinning or correctives: indices, one tensor per joint.
        lid_surface: How the lids open and close on the head itself; None where it has no lids.
        lips: The facing points of both lips on the surface itself (`FACING_LIPS`), or None where the points are
            not landmarks.
    """

    template: Tensor
    identity: Tensor
    expression: Tensor
    correctives: Tensor
    weights: Tensor
    joints: Tensor
    joint_identity: Tensor
    joint_expression: Tensor
    normals: Tensor
    tangents: Tensor
    known: Tensor
    pivot: Tensor
    expression_low: Tensor
    expression_high: Tensor
    quick: Tensor
    lids: int
    reach: tuple[Tensor, ...]
    lid_surface: LidSurface | None = None
    lips: LandmarkModel | None = None

    @property
    def points(self) -> int:
        """Number of landmark points N."""
        return self.template.shape[0]

    @property
    def identity_modes(self) -> int:
        """Number of identity modes I."""
        return self.identity.shape[2]

    @property
    def expression_modes(self) -> int:
        """Number of expression modes E."""
        return self.expression.shape[2]

    def with_free_lips(self) -> LandmarkModel:
        """Return the model with lips that may pass through each other: from afar, no way leads around their contact."""
        return replace(self, lips=None)


def landmark_model(head: HeadModel, dtype: torch.dtype, device: torch.device) -> LandmarkModel:
    """Return the landmark points of a head.

    A point's skinning weights are interpolated like its position. That differs from interpolating the skinned corners
    by the covariance of weights and positions within one triangle: below 0.1 mm, and a constant part goes into the
    landmark's offset.
    """

    def tensor(values: np.ndarray) -> Tensor:
        return torch.as_tensor(np.ascontiguousarray(values), dtype=dtype, device=device)

    expression, low, high, lids = _expression_modes(head)
    moved = _at_landmarks(head, expression)
    normals = _at_landmarks(head, vertex_normals(head.template, head.faces))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    weights = _at_landmarks(head, head.skinning_weights)
    template, detected, correctives = _as_detected(
        head, _at_landmarks(head, head.template), moved, _at_landmarks(head, head.pose_correctives)
    )
    model = LandmarkModel(
        template=tensor(template),
        identity=tensor(_at_landmarks(head, head.identity_basis)),
        expression=tensor(detected),
        correctives=tensor(correctives),
        weights=tensor(weights),
        joints=tensor(head.joint_regressor @ head.template),
        joint_identity=tensor(np.einsum("jv,vkm->jkm", head.joint_regressor, head.identity_basis)),
        joint_expression=tensor(np.einsum("jv,vkm->jkm", head.joint_regressor, expression)),
        normals=tensor(normals),
        tangents=tensor(_tangents(normals)),
        known=torch.as_tensor(head.landmarks.known.copy(), device=device),
        pivot=tensor(template[head.landmarks.known].mean(axis=0)),
        expression_low=tensor(low),
        expression_high=tensor(high),
        quick=torch.as_tensor(_quick_modes(moved), device=device),
        lids=lids,
        reach=_reach(weights, correctives, device),
        lid_surface=lid_surface(head, LID_PAIRS, expression, torch.empty(0, dtype=dtype, device=device)),
    )
    return _with_lips(model, head, expression)


def _at_landmarks(head: HeadModel, values: Floats) -> Floats:
    """Return values of the vertices (V, …) at the landmarks (N, …)."""
    corners = head.faces[head.landmarks.triangle]
    return np.einsum("nk,nk...->n...", head.landmarks.barycentric, values[corners])


def _expression_modes(head: HeadModel) -> tuple[Floats, Floats, Floats, int]:
    """Return the modes (V, 3, E) with those that close the lids at the end, their range, and how many close lids."""
    low, high = head.expression_range.T
    if head.eyelids is None:
        return head.expression_basis, low, high, 0
    lids = head.eyelids.shape[2]
    modes = np.concatenate([head.expression_basis, head.eyelids], axis=2)
    return modes, np.concatenate([low, np.zeros(lids)]), np.concatenate([high, np.ones(lids)]), lids


def _with_lips(model: LandmarkModel, head: HeadModel, expression: Floats) -> LandmarkModel:
    """Return the model with the facing points of the lips on the head's surface, where it has all of them."""
    if model.points != names.LANDMARKS or not head.landmarks.known[np.array(FACING_LIPS)].all():
        return model
    points = np.array(FACING_LIPS).T.reshape(-1)
    template, modes, correctives = (
        torch.as_tensor(np.ascontiguousarray(_at_landmarks(head, values)[points])).to(model.template)
        for values in (head.template, expression, head.pose_correctives)
    )
    return replace(
        model, lips=_lips(model, torch.as_tensor(points, device=model.template.device), template, modes, correctives)
    )


def _as_detected(
    head: HeadModel, template: Floats, expression: Floats, correctives: Floats
) -> tuple[Floats, Floats, Floats]:
    """Return landmarks at rest, their expression modes and correctives as the detector sees them.

    Args:
        head: Says what the detector adds.
        template, expression, correctives: On the head itself, as in `LandmarkModel`.
    """
    if head.detector_offsets is None:
        return template, expression, correctives
    detected = expression.copy()
    if head.detector_motions is not None:
        detected[..., : head.detector_motions.shape[2]] += head.detector_motions
    if head.detector_correctives is not None:
        correctives = correctives + head.detector_correctives
    return template + head.detector_offsets, detected, correctives


def _lips(
    model: LandmarkModel, points: Tensor, template: Tensor, expression: Tensor, correctives: Tensor
) -> LandmarkModel:
    """Return facing points of the lips, upper ones first, as the head itself has them and not as a detector sees them.

    Args:
        model: Of all landmarks.
        points: Which of them (P,).
        template, expression, correctives: Of these points on the head, as in `LandmarkModel`.
    """
    weights = model.weights[points]
    return replace(
        model,
        template=template,
        identity=model.identity[points],
        expression=expression,
        correctives=correctives,
        weights=weights,
        normals=model.normals[points],
        tangents=model.tangents[points],
        known=model.known[points],
        reach=_reach(weights.cpu().numpy(), correctives.cpu().numpy(), template.device),
    )


def _quick_modes(expression: Floats) -> np.ndarray:
    """Return which modes (E,) have most of their motion at the lids; all of them where no mode is that local."""
    energy = np.square(expression).sum(axis=1)
    share = energy[list(LIDS)].sum(axis=0) / np.maximum(energy.sum(axis=0), 1e-20)
    return share > 0.5 if (share > 0.5).any() else np.ones(len(share), dtype=bool)


def _tangents(normals: Floats) -> Floats:
    """Return two unit vectors (N, 3, 2) across each normal (N, 3)."""
    helper = np.where(np.abs(normals[:, :1]) < 0.7, [[1.0, 0.0, 0.0]], [[0.0, 1.0, 0.0]])
    first = np.cross(normals, helper)
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    return np.stack([first, np.cross(normals, first)], axis=-1)


def _reach(weights: Floats, correctives: Floats, device: torch.device) -> tuple[Tensor, ...]:
    points = []
    for joint in range(weights.shape[1]):
        of_joint = correctives[:, :, 9 * (joint - 1) : 9 * joint] if joint > 0 else correctives[:, :, :0]
        moved = (weights[:, joint] > 1e-6) | (np.abs(of_joint) > 1e-7).any(axis=(1, 2))
        points.append(torch.as_tensor(np.flatnonzero(moved), device=device))
    return tuple(points)
