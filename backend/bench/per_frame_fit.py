"""Per-frame gradient descent of the research tracker, from its description, to compare with (see `fit_per_frame`)."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import torch
from torch import Tensor

from ..contract import names
from ..contract.arrays import Floats, Integers
from ..contract.camera import Intrinsics
from ..data.types import HeadPose
from ..head.model import HeadModel
from ..head.skinning_torch import TorchHead

FIRST_STEPS, NEXT_STEPS, FACE_STEPS = 1000, 200, 200
FIRST_SWITCH, NEXT_SWITCH = 700, 100
"""Step at which a frame's weights of face and contour change places and the learning rate falls."""
CONTOUR: Final = slice(0, 17)
INNER: Final = slice(17, 68)
TURN_RATE, MOVE_RATE = 0.05, 0.01
DROP: Final = 0.1
"""What is left of the rigid fit's learning rate after the switch; the description does not say."""


@dataclass(frozen=True)
class PerFrameFit:
    """The descent's result over T frames.

    Attributes:
        pose: Of the head.
        rotation, translation: Head to camera (T, 3, 3), (T, 3).
        first_seconds, next_seconds: Wall time of the first frame, and of each following one on average.
    """

    pose: HeadPose
    rotation: Floats
    translation: Floats
    first_seconds: float
    next_seconds: float

    def seconds(self, frames: int) -> float:
        """Return the time that a clip of so many frames would take."""
        return self.first_seconds + self.next_seconds * (frames - 1)


def fit_per_frame(
    head: HeadModel, identity: Floats, pixels: Floats, camera: Intrinsics, device: torch.device
) -> PerFrameFit:
    """Fit frame after frame by gradient descent through the whole mesh.

    As version 1.01 of the research tracker did: Adam on yaw, pitch, roll and place, 1000 steps on the first frame and
    200 on each other, starting from the frame before; then 200 steps on expression, jaw and eyes. Losses are mean
    distances of 68 points and of 10 iris points, weights 100 and 500 for inner face and contour, later 500 and 100; no
    prior on the expression, nothing between frames but the start. Differences: the same camera and landmarks as ours
    instead of an aligned crop (distances are in units of the half crop, 0.75 face widths), and an identity that is
    given.

    Args:
        head: The head; all its expression modes are used.
        identity: (I,), not refined.
        pixels: MediaPipe's landmarks (T, 478, 2).
        camera: Known.
        device: Where torch works; single precision, as there.
    """
    still = replace(head, template=head.template + head.identity_basis @ identity)
    solver = _Frames(replace(still, identity_basis=head.identity_basis[:, :, :0]), camera, pixels, device)
    head_pose = torch.tensor([0.0, 0.0, 0.0, 0.0, 0.0, 1.0], device=device)
    parts, seconds = [], []
    for frame in range(len(pixels)):
        started = time.perf_counter()
        head_pose = solver.rigid(frame, head_pose, FIRST_STEPS if frame == 0 else NEXT_STEPS)
        parts.append((*_camera_pose(head_pose), *solver.face(frame, head_pose)))
        seconds.append(time.perf_counter() - started)
    rotation, translation, expression, joints = (
        np.stack([one[index].cpu().double().numpy() for one in parts]) for index in range(4)
    )
    pose = HeadPose(
        identity=identity,
        expression=expression,
        neck=joints[:, 0],
        jaw=joints[:, 1],
        left_eye=joints[:, 2],
        right_eye=joints[:, 3],
        eyelids=np.zeros((len(pixels), 2)),
    )
    return PerFrameFit(pose, rotation, translation, seconds[0], float(np.mean(seconds[1:] or seconds)))


class _Frames:
    """Losses and descents of single frames."""

    def __init__(self, head: HeadModel, camera: Intrinsics, pixels: Floats, device: torch.device) -> None:
        self.head = TorchHead.from_model(head, device, torch.float32)
        self.none = torch.zeros(0, device=device)
        self.camera = camera
        self.corners = torch.as_tensor(head.faces[head.landmarks.triangle], device=device)
        self.barycentric = torch.as_tensor(head.landmarks.barycentric, dtype=torch.float32, device=device)
        self.pixels = torch.as_tensor(pixels, dtype=torch.float32, device=device)
        self.averages = _averages().to(device)
        self.irises = torch.as_tensor([*names.RIGHT_IRIS, *names.LEFT_IRIS], device=device)
        width = pixels[:, names.FACE_OVAL, 0]
        self.unit = 0.75 * float(np.median(width.max(axis=1) - width.min(axis=1)))
        self.modes = head.expression_basis.shape[2]

    def project(self, head_pose: Tensor, expression: Tensor, joints: Tensor) -> Tensor:
        """Return the landmarks (478, 2) in pixels of the whole posed mesh."""
        vertices = self.head.vertices(self.none, expression[None], joints[None])[0]
        rotation, translation = _camera_pose(head_pose)
        placed = vertices @ rotation.T + translation
        points = (placed[self.corners] * self.barycentric[..., None]).sum(dim=1)
        centre = points.new_tensor([self.camera.centre_x, self.camera.centre_y])
        return points[:, :2] / points[:, 2:] * self.camera.focal_x + centre

    def _distances(self, projected: Tensor, frame: int) -> Tensor:
        """Return the distances (68,) of the 68 points in units of the half crop."""
        return (self.averages @ (projected - self.pixels[frame]) / self.unit).norm(dim=1)

    def rigid(self, frame: int, head_pose: Tensor, steps: int) -> Tensor:
        """Return yaw, pitch, roll, x, y, z after the first descent of a frame."""
        turn, move = head_pose[:3].clone().requires_grad_(), head_pose[3:].clone().requires_grad_()
        groups = [{"params": [turn], "lr": TURN_RATE}, {"params": [move], "lr": MOVE_RATE}]
        descent = torch.optim.Adam(groups, weight_decay=1e-5)
        still, joints = head_pose.new_zeros(self.modes), head_pose.new_zeros(4, 3)
        switch = FIRST_SWITCH if steps == FIRST_STEPS else NEXT_SWITCH
        inner, contour = 100.0, 500.0
        for step in range(steps):
            if step == switch:
                inner, contour = contour, inner
                for group in descent.param_groups:
                    group["lr"] *= DROP
            descent.zero_grad()
            distance = self._distances(self.project(torch.cat([turn, move]), still, joints), frame)
            loss = inner * distance[INNER].mean() + contour * distance[CONTOUR].mean()
            loss.backward()
            descent.step()
        return torch.cat([turn, move]).detach()

    def face(self, frame: int, head_pose: Tensor) -> tuple[Tensor, Tensor]:
        """Return expression (E,) and turns of neck, jaw and eyes (4, 3) after the second descent of a frame."""
        expression = head_pose.new_zeros(self.modes).requires_grad_()
        jaw, eyes = head_pose.new_zeros(1, 3).requires_grad_(), head_pose.new_zeros(2, 3).requires_grad_()
        groups = [
            {"params": [expression], "lr": 0.01},
            {"params": [jaw], "lr": 0.025},
            {"params": [eyes], "lr": 0.02},
        ]
        descent = torch.optim.Adam(groups, weight_decay=1e-4)
        neck = head_pose.new_zeros(1, 3)
        for step in range(FACE_STEPS):
            if step == NEXT_SWITCH:
                descent.param_groups[0]["lr"], descent.param_groups[1]["lr"] = 0.005, 0.01
            descent.zero_grad()
            projected = self.project(head_pose, expression, torch.cat([neck, jaw, eyes]))
            iris = (projected[self.irises] - self.pixels[frame, self.irises]) / self.unit
            loss = 500 * self._distances(projected, frame)[INNER].mean() + 500 * iris.norm(dim=1).mean()
            loss.backward()
            descent.step()
        return expression.detach(), torch.cat([neck, jaw, eyes]).detach()


def _averages() -> Tensor:
    """Return the matrix (68, 478) that makes dlib's 68 points of MediaPipe's."""
    result = torch.zeros(len(names.DLIB68_FROM_MEDIAPIPE), names.LANDMARKS)
    for row, indices in enumerate(names.DLIB68_FROM_MEDIAPIPE):
        columns: Integers = np.asarray(indices)
        result[row, columns] = 1 / len(indices)
    return result


def _camera_pose(head_pose: Tensor) -> tuple[Tensor, Tensor]:
    """Return head-to-camera rotation (3, 3) and translation (3,) of yaw, pitch, roll, x, y, z.

    R = facing Rz(roll) Ry(yaw) Rx(pitch), `facing` being a head that looks straight into the camera.
    """
    yaw, pitch, roll = head_pose[:3].unbind()
    one, zero = torch.ones_like(yaw), torch.zeros_like(yaw)

    def matrix(*entries: Tensor) -> Tensor:
        return torch.stack(entries).reshape(3, 3)

    about_x = matrix(one, zero, zero, zero, pitch.cos(), -pitch.sin(), zero, pitch.sin(), pitch.cos())
    about_y = matrix(yaw.cos(), zero, yaw.sin(), zero, one, zero, -yaw.sin(), zero, yaw.cos())
    about_z = matrix(roll.cos(), -roll.sin(), zero, roll.sin(), roll.cos(), zero, zero, zero, one)
    facing = torch.diag(torch.stack([one, -one, -one]))
    return facing @ about_z @ about_y @ about_x, head_pose[3:]
