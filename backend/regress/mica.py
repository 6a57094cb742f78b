"""MICA: a face of 112 x 112 pixels -> 300 identity codes of FLAME 2020, in metric size.

Parameters are named and shaped as in ``mica.tar`` (Zielon/MICA): ArcFace's IResNet-100, whose 512 features a mapping
network turns into codes. Zielonka, Bolkart, Thies: Towards Metrical Reconstruction of Human Faces, 2022.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from ..contract.arrays import Floats, Picture
from ..contract.failure import Failure
from ..landmarks.crop import Region, patch_around
from ..untrusted.checkpoint import read_checkpoint
from ..untrusted.weights import load_checked, on_meta_device, state_dict_problem

SIZE: Final = 112
CODES: Final = 300
_ARCFACE: Final = "MICA's ArcFace"
_REGRESSOR: Final = "MICA's mapping network"
_PREFIX: Final = "regressor."
_FEATURES: Final = 512
_BLOCKS: Final = (3, 13, 30, 3)
_MAPPING: Final = 4
_TEMPLATE: Final = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]]
)
"""Where ArcFace wants eyes, nose and corners of the mouth, in pixels of its picture (insightface, face_align.py)."""


class _Block(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.bn1 = nn.BatchNorm2d(inputs)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.prelu = nn.PReLU(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, stride, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.downsample = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        inner = self.prelu(self.bn2(self.conv1(self.bn1(x))))
        return self.bn3(self.conv2(inner)) + (x if self.downsample is None else self.downsample(x))


class ArcFace(nn.Module):
    """Features (N, 512) of faces (N, 3, 112, 112), RGB in -1..1."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.prelu = nn.PReLU(64)
        inputs = 64
        for stage, (blocks, width) in enumerate(zip(_BLOCKS, (64, 128, 256, 512), strict=True), 1):
            layers = [_Block(inputs, width, 2), *(_Block(width, width, 1) for _ in range(blocks - 1))]
            setattr(self, f"layer{stage}", nn.Sequential(*layers))
            inputs = width
        self.bn2 = nn.BatchNorm2d(512)
        self.fc = nn.Linear(512 * 49, _FEATURES)
        self.features = nn.BatchNorm1d(_FEATURES)

    def forward(self, x: Tensor) -> Tensor:
        """Return the features."""
        x = self.prelu(self.bn1(self.conv1(x)))
        for stage in range(1, 5):
            x = self.get_submodule(f"layer{stage}")(x)
        return self.features(self.fc(self.bn2(x).flatten(1)))


class Mapping512(nn.Module):
    """Identity codes (N, 300) of normalised features (N, 512)."""

    def __init__(self) -> None:
        super().__init__()
        widths = [_FEATURES, *[CODES] * _MAPPING]
        self.network = nn.ModuleList(nn.Linear(widths[k], widths[k + 1]) for k in range(_MAPPING))
        self.output = nn.Linear(CODES, CODES)

    def forward(self, x: Tensor) -> Tensor:
        """Return the codes."""
        for layer in self.network:
            x = functional.leaky_relu(layer(x), 0.2)
        return self.output(x)


class Mica(nn.Module):
    """Both networks, one after the other."""

    def __init__(self) -> None:
        super().__init__()
        self.arcface = ArcFace()
        self.regressor = Mapping512()

    def forward(self, x: Tensor) -> Tensor:
        """Return identity codes (N, 300) of faces (N, 3, 112, 112)."""
        return self.regressor(functional.normalize(self.arcface(x)))


def load_mica(path: Path) -> Mica | Failure:
    """Return the networks in a checkpoint; the copy of FLAME in it is not used."""
    parts = _parts_of(path, read_checkpoint(path))
    if isinstance(parts, Failure):
        return parts
    network = on_meta_device(Mica)
    problem = load_checked(network.arcface, parts[0], path.name, _ARCFACE) or load_checked(
        network.regressor, parts[1], path.name, _REGRESSOR
    )
    return problem if problem is not None else network.eval()


def mica_problem(path: Path) -> Failure | None:
    """Return why a file is not MICA's checkpoint, by its names and shapes."""
    parts = _parts_of(path, read_checkpoint(path, shapes_only=True))
    if isinstance(parts, Failure):
        return parts
    network = on_meta_device(Mica)
    return state_dict_problem(network.arcface, parts[0], path.name, _ARCFACE) or state_dict_problem(
        network.regressor, parts[1], path.name, _REGRESSOR
    )


def _parts_of(path: Path, content: Any) -> tuple[Mapping[str, Any], Mapping[str, Any]] | Failure:
    """ArcFace's and the mapping network's part of a checkpoint."""
    if isinstance(content, Failure):
        return content
    parts = content if isinstance(content, Mapping) else {}
    absent = [name for name in ("arcface", "flameModel") if not isinstance(parts.get(name), Mapping)]
    if absent:
        return Failure(
            "weights-of-other-kind",
            f"{path.name} is not MICA's checkpoint: it has no part '{absent[0]}'.",
            "Download it again from its authors, or remove it.",
        )
    plain = {str(name).removeprefix("module."): value for name, value in parts["flameModel"].items()}
    mapping = {name.removeprefix(_PREFIX): value for name, value in plain.items() if name.startswith(_PREFIX)}
    return parts["arcface"], mapping


def crop_for_mica(picture: Picture, points: Floats) -> NDArray[np.float32]:
    """Return the face as ArcFace wants it (3, 112, 112), RGB in -1..1.

    Args:
        picture: RGB.
        points: 68 dlib points (68, 2), pixels.
    """
    eyes = [points[36:42].mean(axis=0), points[42:48].mean(axis=0)]
    region = _region(np.stack([*eyes, points[30], points[48], points[54]]))
    face = patch_around(picture, region, SIZE, margin=1.0).sample(region, SIZE).astype(np.float32)
    return np.ascontiguousarray(face.transpose(2, 0, 1) - 127.5) / np.float32(127.5)


def _region(five: Floats) -> Region:
    """The square of the picture that ArcFace sees, from five points.

    The similarity that brings the points nearest to the template is fitted in the template's pixels, as insightface's
    ``estimate_norm`` does (least squares, Umeyama 1991), and then turned round; fitted in the picture's pixels it would
    give a smaller square, the more so the less the points look like the template.
    """
    wanted, given = _TEMPLATE - _TEMPLATE.mean(axis=0), five - five.mean(axis=0)
    along = float((wanted * given).sum())
    across = float((wanted[:, 0] * given[:, 1] - wanted[:, 1] * given[:, 0]).sum())
    spread = float((given**2).sum())
    scale = spread / max(float(np.hypot(along, across)), 1e-9)  # pixels of the picture per pixel of the template
    angle = float(np.arctan2(across, along))
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    middle = np.full(2, (SIZE - 1) / 2) - _TEMPLATE.mean(axis=0)
    centre = five.mean(axis=0) + np.array([[cos, -sin], [sin, cos]]) @ middle
    return Region(float(centre[0]), float(centre[1]), SIZE * scale, angle)


@torch.inference_mode()
def run_mica(network: Mica, face: NDArray[np.float32]) -> Floats:
    """Return the identity codes (300,) of a face from `crop_for_mica`."""
    return network(torch.from_numpy(face)[None])[0].double().numpy()
