"""The same skinning as `skinning`, in torch: any device and type, differentiable, with finite gradients at rest."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from .model import HeadModel
from .rotation_torch import exponential


@dataclass(frozen=True)
class TorchHead:
    """The arrays of a `HeadModel` as tensors of one type on one device; shapes as there."""

    template: torch.Tensor
    identity_basis: torch.Tensor
    expression_basis: torch.Tensor
    eyelids: torch.Tensor | None
    pose_correctives: torch.Tensor
    joint_regressor: torch.Tensor
    joint_parents: tuple[int, ...]
    skinning_weights: torch.Tensor

    @staticmethod
    def from_model(
        model: HeadModel, device: str | torch.device = "cpu", dtype: torch.dtype = torch.float64
    ) -> TorchHead:
        """Return the head as tensors."""

        def tensor(values: object) -> torch.Tensor:
            return torch.as_tensor(values, dtype=dtype, device=device)

        return TorchHead(
            template=tensor(model.template),
            identity_basis=tensor(model.identity_basis),
            expression_basis=tensor(model.expression_basis),
            eyelids=None if model.eyelids is None else tensor(model.eyelids),
            pose_correctives=tensor(model.pose_correctives),
            joint_regressor=tensor(model.joint_regressor),
            joint_parents=tuple(int(parent) for parent in model.joint_parents),
            skinning_weights=tensor(model.skinning_weights),
        )

    def vertices(
        self,
        identity: torch.Tensor,
        expression: torch.Tensor,
        rotations: torch.Tensor,
        eyelids: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Return vertices (T, V, 3) in head space.

        Args:
            identity: (I,).
            expression: (T, E).
            rotations: Axis-angle of neck, jaw, left and right eye (T, 4, 3).
            eyelids: (T, 2) where the model has eyelids.
        """
        shaped = self.template + self.identity_basis @ identity
        shaped = shaped + torch.einsum("vce,te->tvc", self.expression_basis, expression)
        if self.eyelids is not None and eyelids is not None:
            shaped = shaped + torch.einsum("vce,te->tvc", self.eyelids, eyelids)
        joints = torch.einsum("jv,tvc->tjc", self.joint_regressor, shaped)
        identity_matrix = torch.eye(3, dtype=shaped.dtype, device=shaped.device)
        matrices = exponential(rotations)
        features = (matrices - identity_matrix).reshape(len(matrices), -1)
        shaped = shaped + torch.einsum("vcp,tp->tvc", self.pose_correctives, features)
        matrices = torch.cat([identity_matrix.expand(len(matrices), 1, 3, 3), matrices], dim=1)
        turned, moved = self._transforms(matrices, joints)
        blended = torch.einsum("vj,tjcd->tvcd", self.skinning_weights, turned)
        return (blended @ shaped[..., None])[..., 0] + torch.einsum("vj,tjc->tvc", self.skinning_weights, moved)

    def _transforms(self, rotations: torch.Tensor, joints: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """As `skinning.joint_transforms`."""
        turned: list[torch.Tensor] = []
        placed: list[torch.Tensor] = []
        for joint, parent in enumerate(self.joint_parents):
            if parent < 0:
                turned.append(rotations[:, joint])
                placed.append(joints[:, joint])
                continue
            turned.append(turned[parent] @ rotations[:, joint])
            offset = (joints[:, joint] - joints[:, parent])[..., None]
            placed.append((turned[parent] @ offset)[..., 0] + placed[parent])
        matrices = torch.stack(turned, dim=1)
        return matrices, torch.stack(placed, dim=1) - (matrices @ joints[..., None])[..., 0]
