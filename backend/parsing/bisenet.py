"""BiSeNet for 19 classes, with parameters named and shaped as in the published ``79999_iter.pth``.

After Yu et al., BiSeNet: Bilateral Segmentation Network, 2018, in the variant of zllrunning/face-parsing.PyTorch, whose
spatial path is the second stage of the ResNet-18. Its two auxiliary outputs are loaded, as the file has them, but not
computed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from ..contract.failure import Failure
from ..contract.model_files import PARSING_WEIGHTS
from ..untrusted.checkpoint import read_checkpoint
from ..untrusted.weights import load_weights, on_meta_device, state_dict_problem

SIZE: Final = 512
"""The network was trained on pictures of this side."""
_MEAN: Final = (0.485, 0.456, 0.406)
_DEVIATION: Final = (0.229, 0.224, 0.225)
_CLASSES: Final = 19
_WHAT: Final = f"the face parsing network {PARSING_WEIGHTS}"


class _ConvolutionNormRelu(nn.Module):
    def __init__(self, inputs: int, outputs: int, kernel: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False)
        self.bn = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(self.bn(self.conv(x)))


class _Block(nn.Module):
    """Residual block of two 3 x 3 convolutions."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        inner = self.bn2(self.conv2(functional.relu(self.bn1(self.conv1(x)))))
        return functional.relu(inner + (x if self.downsample is None else self.downsample(x)))


class _Resnet18(nn.Module):
    """Features at 1/8, 1/16 and 1/32 of the picture."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        widths = (64, 64, 128, 256, 512)
        for stage in range(1, 5):
            first = _Block(widths[stage - 1], widths[stage], 1 if stage == 1 else 2)
            setattr(self, f"layer{stage}", nn.Sequential(first, _Block(widths[stage], widths[stage], 1)))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        x = functional.max_pool2d(functional.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        eighth = self.get_submodule("layer2")(self.get_submodule("layer1")(x))
        sixteenth = self.get_submodule("layer3")(eighth)
        return eighth, sixteenth, self.get_submodule("layer4")(sixteenth)


class _AttentionRefinement(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = _ConvolutionNormRelu(inputs, outputs, 3)
        self.conv_atten = nn.Conv2d(outputs, outputs, 1, bias=False)
        self.bn_atten = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        features = self.conv(x)
        mean = features.mean(dim=(2, 3), keepdim=True)
        return features * torch.sigmoid(self.bn_atten(self.conv_atten(mean)))


class _ContextPath(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.resnet = _Resnet18()
        self.arm16 = _AttentionRefinement(256, 128)
        self.arm32 = _AttentionRefinement(512, 128)
        self.conv_head32 = _ConvolutionNormRelu(128, 128, 3)
        self.conv_head16 = _ConvolutionNormRelu(128, 128, 3)
        self.conv_avg = _ConvolutionNormRelu(512, 128, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        eighth, sixteenth, last = self.resnet(x)
        overall = self.conv_avg(last.mean(dim=(2, 3), keepdim=True))
        deep = functional.interpolate(self.arm32(last) + overall, sixteenth.shape[2:], mode="nearest")
        middle = self.arm16(sixteenth) + self.conv_head32(deep)
        return eighth, self.conv_head16(functional.interpolate(middle, eighth.shape[2:], mode="nearest"))


class _FeatureFusion(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.convblk = _ConvolutionNormRelu(256, 256, 1)
        self.conv1 = nn.Conv2d(256, 64, 1, bias=False)
        self.conv2 = nn.Conv2d(64, 256, 1, bias=False)

    def forward(self, spatial: Tensor, context: Tensor) -> Tensor:
        features = self.convblk(torch.cat([spatial, context], dim=1))
        mean = features.mean(dim=(2, 3), keepdim=True)
        attention = torch.sigmoid(self.conv2(functional.relu(self.conv1(mean))))
        return features * attention + features


class _Output(nn.Module):
    def __init__(self, inputs: int, middle: int) -> None:
        super().__init__()
        self.conv = _ConvolutionNormRelu(inputs, middle, 3)
        self.conv_out = nn.Conv2d(middle, _CLASSES, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv_out(self.conv(x))


class BiSeNet(nn.Module):
    """Scores (N, 19, H, W) of normalised pictures (N, 3, H, W)."""

    def __init__(self) -> None:
        super().__init__()
        self.cp = _ContextPath()
        self.ffm = _FeatureFusion()
        self.conv_out = _Output(256, 256)
        self.conv_out16 = _Output(128, 64)
        self.conv_out32 = _Output(128, 64)

    def forward(self, x: Tensor) -> Tensor:
        """Return the scores at the size of the picture."""
        scores = self.conv_out(self.ffm(*self.cp(x)))
        return functional.interpolate(scores, x.shape[2:], mode="bilinear", align_corners=True)


def load_bisenet(path: Path, device: torch.device) -> BiSeNet | Failure:
    """Return the network with the weights of a file, all of which must be there and no other."""
    network = on_meta_device(BiSeNet)
    problem = load_weights(network, path, _WHAT)
    return problem if problem is not None else network.to(device).eval()


def bisenet_problem(path: Path) -> Failure | None:
    """Return why a file is not the network's, by its names and shapes."""
    content = read_checkpoint(path, shapes_only=True)
    return (
        content
        if isinstance(content, Failure)
        else state_dict_problem(on_meta_device(BiSeNet), content, path.name, _WHAT)
    )


@torch.inference_mode()
def parse_with(network: BiSeNet, picture: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return the classes (512, 512) of an RGB picture, which is brought to that size."""
    if picture.shape[:2] != (SIZE, SIZE):
        picture = cv2.resize(picture, (SIZE, SIZE), interpolation=cv2.INTER_AREA).astype(np.uint8)
    values = (picture.astype(np.float32) / 255 - np.array(_MEAN, np.float32)) / np.array(_DEVIATION, np.float32)
    device = next(network.parameters()).device
    batch = torch.from_numpy(np.ascontiguousarray(values.transpose(2, 0, 1)))[None].to(device)
    return network(batch)[0].argmax(dim=0).cpu().numpy().astype(np.int64)


def parse_any(network: BiSeNet, picture: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return the class of every pixel (H, W) of an RGB picture of any shape: it is made square by its border first."""
    height, width = picture.shape[:2]
    side = max(height, width)
    padded = cv2.copyMakeBorder(picture, 0, side - height, 0, side - width, cv2.BORDER_REPLICATE).astype(np.uint8)
    found = cv2.resize(parse_with(network, padded).astype(np.uint8), (side, side), interpolation=cv2.INTER_NEAREST)
    return found[:height, :width].astype(np.int64)
