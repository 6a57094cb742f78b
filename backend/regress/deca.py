"""DECA's coarse encoder: a face of 224 x 224 pixels -> 236 codes of FLAME 2020.

Parameters are named and shaped as in ``deca_model.tar`` (yfeng95/DECA): a ResNet-50 without its last layer, then two
linear ones. Feng, Feng, Black, Bolkart: Learning an Animatable Detailed 3D Face Model from In-The-Wild Images, 2021.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from ..contract.arrays import Floats, Picture
from ..contract.failure import Failure
from ..untrusted.checkpoint import read_checkpoint
from ..untrusted.weights import load_checked, on_meta_device, state_dict_problem

SIZE: Final = 224
PARTS: Final = {"shape": 100, "tex": 50, "exp": 50, "pose": 6, "cam": 3, "light": 27}
"""What the codes are, in their order; `pose` is head and jaw, `light` (9, 3)."""
_WHAT: Final = "DECA's encoder of 236 codes"
_BLOCKS: Final = (3, 4, 6, 3)
_ENLARGED: Final = 1.25
_BOX_OF_LANDMARKS: Final = 1.1
"""The crop is so much larger than the box around the 68 landmarks (decalib/datasets/datasets.py, bbox2point)."""


class _Bottleneck(nn.Module):
    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        outputs = 4 * width
        self.conv1 = nn.Conv2d(inputs, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.downsample = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        inner = functional.relu(self.bn1(self.conv1(x)))
        inner = functional.relu(self.bn2(self.conv2(inner)))
        return functional.relu(self.bn3(self.conv3(inner)) + (x if self.downsample is None else self.downsample(x)))


class _Resnet50(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        inputs = 64
        for stage, (blocks, width) in enumerate(zip(_BLOCKS, (64, 128, 256, 512), strict=True), 1):
            layers = [_Bottleneck(inputs, width, 1 if stage == 1 else 2)]
            inputs = 4 * width
            layers += [_Bottleneck(inputs, width, 1) for _ in range(blocks - 1)]
            setattr(self, f"layer{stage}", nn.Sequential(*layers))

    def forward(self, x: Tensor) -> Tensor:
        x = functional.max_pool2d(functional.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        for stage in range(1, 5):
            x = self.get_submodule(f"layer{stage}")(x)
        return x.mean(dim=(2, 3))


class DecaEncoder(nn.Module):
    """Codes (N, 236) of faces (N, 3, 224, 224), RGB in 0..1."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = _Resnet50()
        self.layers = nn.Sequential(nn.Linear(2048, 1024), nn.ReLU(), nn.Linear(1024, sum(PARTS.values())))

    def forward(self, x: Tensor) -> Tensor:
        """Return the codes."""
        return self.layers(self.encoder(x))


@dataclass(frozen=True)
class DecaCodes:
    """What the encoder says of one face: shape (100,), tex (50,), exp (50,), pose (6,), cam (3,), light (9, 3)."""

    shape: Floats
    tex: Floats
    exp: Floats
    pose: Floats
    cam: Floats
    light: Floats


def load_deca(path: Path) -> DecaEncoder | Failure:
    """Return the encoder in a checkpoint; its detail networks are not used."""
    content = _encoder_of(path, read_checkpoint(path))
    if isinstance(content, Failure):
        return content
    network = on_meta_device(DecaEncoder)
    problem = load_checked(network, content, path.name, _WHAT)
    return problem if problem is not None else network.eval()


def deca_problem(path: Path) -> Failure | None:
    """Return why a file is not DECA's checkpoint, by its names and shapes."""
    content = _encoder_of(path, read_checkpoint(path, shapes_only=True))
    return (
        content
        if isinstance(content, Failure)
        else state_dict_problem(on_meta_device(DecaEncoder), content, path.name, _WHAT)
    )


def _encoder_of(path: Path, content: Any) -> Mapping[str, Any] | Failure:
    """The coarse encoder's part of a checkpoint."""
    if isinstance(content, Failure):
        return content
    if not isinstance(content, Mapping) or not isinstance(content.get("E_flame"), Mapping):
        return Failure(
            "weights-of-other-kind",
            f"{path.name} is not DECA's checkpoint: it has no part 'E_flame'.",
            "Download it again from its authors, or remove it.",
        )
    return content["E_flame"]


def crop_for_deca(picture: Picture, points: Floats) -> NDArray[np.float32]:
    """Return the face as the encoder wants it (3, 224, 224), RGB in 0..1.

    Args:
        picture: RGB.
        points: 68 dlib points (68, 2), pixels.
    """
    low, high = points.min(axis=0), points.max(axis=0)
    side = int(float((high - low).mean()) * _BOX_OF_LANDMARKS * _ENLARGED)
    corner = (low + high) / 2 - side / 2
    scale = (SIZE - 1) / max(side, 1)
    matrix = np.array([[scale, 0.0, -corner[0] * scale], [0.0, scale, -corner[1] * scale]])
    # Pixels outside of the picture are black there.
    face = _sampled(picture, matrix, SIZE)
    return np.ascontiguousarray(face.transpose(2, 0, 1), dtype=np.float32) / 255


def _sampled(picture: Picture, matrix: Floats, size: int) -> NDArray[Any]:
    """A warp that averages where it shrinks by much."""
    block = max(1, int(1 / max(matrix[0, 0], 1e-6)))
    if block > 1:
        height, width = picture.shape[0] // block * block, picture.shape[1] // block * block
        picture = cv2.resize(
            picture[:height, :width], (width // block, height // block), interpolation=cv2.INTER_AREA
        ).astype(np.uint8)
        middle = matrix[:, :2] @ np.full(2, (block - 1) / 2)
        matrix = np.column_stack([matrix[:, :2] * block, matrix[:, 2] + middle])
    return cv2.warpAffine(picture, matrix, (size, size), flags=cv2.INTER_LINEAR)


@torch.inference_mode()
def run_deca(network: DecaEncoder, face: NDArray[np.float32]) -> DecaCodes:
    """Return the codes of a face from `crop_for_deca`."""
    codes = network(torch.from_numpy(face)[None])[0].double().numpy()
    ends = np.cumsum(list(PARTS.values()))
    parts = dict(zip(PARTS, np.split(codes, ends[:-1]), strict=True))
    return DecaCodes(**{**parts, "light": parts["light"].reshape(9, 3)})
