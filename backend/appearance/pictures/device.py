"""The pictures' part of the cost on a GPU: many frames at once. What it computes is that of `view` and
`photometric_term`, which do the same on the processor frame by frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ...fit.geometry.landmark_model import LandmarkModel
from ...fit.geometry.parallel import over_chunks
from ...fit.geometry.projection import pose_landmarks
from ...fit.geometry.state import Frames, Shared, eye_vectors
from ...fit.geometry.surface_samples import SurfaceSamples, skin_faces
from ...head.model import HeadModel
from ...head.skinning_torch import TorchHead
from ...raster.visibility import FAR, FINE_STRUCTURE
from ...render.differentiable.choice import best_rasterizer
from ...render.differentiable.clip import clip_space
from ...render.differentiable.interpolate import interpolate
from ...render.differentiable.shading import light_terms, unit, vertex_normals
from .view import Feature, FeatureMaker, View

BATCH: Final = 32
"""Frames whose features are made at once."""
_LIMITS: Final = FINE_STRUCTURE


class DeviceFeatureMaker:
    """Makes features of views for one head and one set of points; see `view.FeatureMaker`."""

    def __init__(self, head: HeadModel, samples: SurfaceSamples, device: torch.device) -> None:
        self._device = device
        self._head = TorchHead.from_model(head, device, torch.float32)
        self._faces = torch.as_tensor(head.faces.astype(np.int64), device=device)
        self._skin = torch.as_tensor(skin_faces(head), device=device)
        self._corners = self._faces[torch.as_tensor(samples.triangle, device=device)]
        self._weights = torch.as_tensor(samples.barycentric, dtype=torch.float32, device=device)
        self._rasterizer = best_rasterizer(device)

    def features(
        self, model: LandmarkModel, shared: Shared, frames: Frames, views: list[View], band: tuple[float, float]
    ) -> list[Feature]:
        """Return the fine structure of some frames between two Gaussians, seen where the head is believed to be."""

        def some(part: slice) -> list[Feature]:
            return self._batch(self._posed(model, shared, frames[part]), float(shared.focal), views[part], band)

        return [feature for part in over_chunks(some, len(views), BATCH, self._device) for feature in part]

    def _posed(self, model: LandmarkModel, shared: Shared, frames: Frames) -> Tensor:
        """Return all vertices in camera axes (T, V, 3)."""
        modes = model.expression_modes - model.lids
        turns = torch.stack([frames.neck, frames.jaw, *eye_vectors(frames.eyes)], dim=1)
        lids = frames.expression[:, modes:] if model.lids else None
        parts = (shared.identity, frames.expression[:, :modes], turns)
        identity, expression, turns = (part.to(self._head.template) for part in parts)
        lids = None if lids is None else lids.to(self._head.template)
        vertices = self._head.vertices(identity, expression, turns, lids)
        rotation, pivot = frames.rotation.to(vertices), model.pivot.to(vertices)
        return (vertices - pivot) @ rotation.transpose(1, 2) + frames.translation(shared.focal).to(vertices)[:, None]

    def _batch(self, vertices: Tensor, focal: float, views: list[View], band: tuple[float, float]) -> list[Feature]:
        sizes = np.array([view.brightness.shape for view in views])
        height, width = sizes.max(axis=0).tolist()
        padded = np.zeros((len(views), height, width), dtype=np.float32)
        for image, view in zip(padded, views, strict=True):
            image[: view.brightness.shape[0], : view.brightness.shape[1]] = view.brightness
        brightness = torch.as_tensor(padded, device=self._device)
        lens = self._lenses(views, focal)
        fragments = self._rasterizer.rasterize(clip_space(vertices, lens, width, height), self._faces, width, height)
        normals = vertex_normals(vertices, self._faces)
        inside = _inside(torch.as_tensor(sizes, device=self._device), height, width)
        mask = _eroded((fragments.ids >= 0) & self._skin[fragments.ids], inside)
        bases = light_terms(unit(interpolate(normals, self._faces, fragments)))[..., 1:]
        both = torch.cat([brightness[..., None], bases], dim=-1).permute(0, 3, 1, 2)
        fine = masked_band_pass(both, mask, *band)
        points = self._at(vertices)
        pixels = project_points(points, lens)
        light = read_at(fine[:, 1:], pixels)
        visible = _visibility(_bounded(fragments.depth, inside), points, self._at(normals), pixels, sizes)
        known = (visible.cpu().numpy(), light.cpu().numpy())
        return [
            Feature(fine[index, 0], view.scale, view.centre, view.unhidden(known[0][index]), known[1][index])
            for index, view in enumerate(views)
        ]

    def _lenses(self, views: list[View], focal: float) -> Tensor:
        cameras = [view.camera(focal) for view in views]
        values = [[one.focal_x, one.focal_y, one.centre_x, one.centre_y] for one in cameras]
        return torch.tensor(values, dtype=torch.float32, device=self._device)

    def _at(self, values: Tensor) -> Tensor:
        """Return values of vertices (T, V, C) at the points (T, N, C)."""
        return (values[:, self._corners] * self._weights[..., None]).sum(2)


def feature_maker(head: HeadModel, samples: SurfaceSamples, device: torch.device) -> FeatureMaker | DeviceFeatureMaker:
    """Return what makes features on a device."""
    return FeatureMaker(head, samples) if device.type == "cpu" else DeviceFeatureMaker(head, samples, device)


def project_points(points: Tensor, lens: Tensor) -> Tensor:
    """Return pixels (T, N, 2) of points in camera axes (T, N, 3); lens (T, 4) is fx, fy, cx, cy."""
    depth = points[..., 2:].clamp(min=1e-3)
    return points[..., :2] / depth * lens[:, None, :2] + lens[:, None, 2:]


def _inside(sizes: Tensor, height: int, width: int) -> Tensor:
    """Return which pixels (T, H, W) belong to pictures of these sizes (T, 2)."""
    rows = torch.arange(height, device=sizes.device)[:, None] < sizes[:, 0, None, None]
    columns = torch.arange(width, device=sizes.device)[None] < sizes[:, 1, None, None]
    return rows & columns


def _eroded(mask: Tensor, inside: Tensor) -> Tensor:
    """Return a mask (T, H, W) without its outermost pixels; borders of pictures do not count as such."""
    outside = (~(mask | ~inside)).float()
    return (functional.max_pool2d(outside[:, None], 3, 1, 1)[:, 0] == 0).float() * inside


def _bounded(depth: Tensor, inside: Tensor) -> tuple[Tensor, Tensor]:
    """Return the least and the greatest depth (T, H, W) around each pixel, see `visibility.depth_bounds`."""
    known = torch.where(torch.isfinite(depth), depth, torch.full_like(depth, FAR))
    near = torch.where(inside, -known, torch.full_like(known, -torch.inf))
    far = torch.where(inside, known, torch.full_like(known, -torch.inf))
    around, beside = _LIMITS.around, _LIMITS.beside
    nearest = -functional.max_pool2d(near[:, None], around, 1, around // 2)[:, 0]
    return nearest, functional.max_pool2d(far[:, None], beside, 1, beside // 2)[:, 0]


def _visibility(
    bounds: tuple[Tensor, Tensor], points: Tensor, normals: Tensor, pixels: Tensor, sizes: np.ndarray
) -> Tensor:
    """Return how well points are visible (T, N), see `raster.visibility`."""
    nearest, furthest = bounds
    size = torch.as_tensor(sizes, device=points.device)[:, None]
    column, row = pixels.round().long().unbind(-1)
    edge = _LIMITS.border
    inside = (column >= edge) & (row >= edge) & (column < size[..., 1] - edge) & (row < size[..., 0] - edge)
    zero = torch.zeros_like(column)
    column, row = torch.where(inside, column, zero), torch.where(inside, row, zero)
    frame = torch.arange(len(points), device=points.device)[:, None]
    depth = points[..., 2]
    free = depth < nearest[frame, row, column] + _LIMITS.behind
    free &= furthest[frame, row, column] < depth + _LIMITS.step
    length = normals.norm(dim=-1) * points.norm(dim=-1)
    cosine = -(normals * points).sum(-1) / length.clamp(min=1e-12)
    return inside * free * ((cosine - _LIMITS.hidden) / (_LIMITS.clear - _LIMITS.hidden)).clamp(0, 1)


def masked_band_pass(images: Tensor, mask: Tensor, narrow: float, wide: float) -> Tensor:
    """Return the difference of two Gaussian means of images (T, C, H, W) over masks (T, H, W)."""
    over = torch.cat([images * mask[:, None], mask[:, None]], dim=1)

    def mean(sigma: float) -> Tensor:
        blurred = _blurred(over, sigma)
        return blurred[:, :-1] / blurred[:, -1:].clamp(min=1e-3)

    return mean(narrow) - mean(wide)


def _blurred(images: Tensor, sigma: float) -> Tensor:
    """Return Gaussian means: a product with a band matrix on either side, which GPUs are made for."""
    height, width = images.shape[2:]
    return _gaussian(height, sigma, images) @ images @ _gaussian(width, sigma, images)


def _gaussian(size: int, sigma: float, like: Tensor) -> Tensor:
    """Return the symmetric matrix (size, size) of OpenCV's kernel for floats, with zeros beyond the border."""
    reach = (round(8 * sigma + 1) | 1) // 2
    step = torch.arange(size, device=like.device)
    distance = (step[:, None] - step).to(like)
    kernel = torch.where(distance.abs() <= reach, (-0.5 * (distance / sigma) ** 2).exp(), torch.zeros_like(distance))
    whole = sum(np.exp(-0.5 * (k / sigma) ** 2) for k in range(-reach, reach + 1))
    return kernel / whole


def read_at(images: Tensor, pixels: Tensor) -> Tensor:
    """Read images (T, C, H, W) between pixels at (T, N, 2): (T, N, C); outside they repeat their border."""
    height, width = images.shape[2:]
    # From -1 at the centre of the first pixel to 1 at that of the last.
    on_grid = 2 * pixels / pixels.new_tensor([width - 1, height - 1]) - 1
    sampled = functional.grid_sample(images, on_grid[:, None].to(images), padding_mode="border", align_corners=True)
    return sampled[:, :, 0].transpose(1, 2)


def read_with_slopes(images: Tensor, pixels: Tensor) -> tuple[Tensor, Tensor]:
    """Read images (T, H, W) at pixels (T, N, 2): values (T, N) and derivatives by the pixel (T, N, 2)."""
    half = 0.5 * torch.eye(2, device=pixels.device, dtype=pixels.dtype)
    zero = torch.zeros_like(half[:1])
    steps = torch.cat([zero, half, -half])[:, None]
    positions = (pixels[:, None] + steps).flatten(1, 2)
    value, right, below, left, above = read_at(images[:, None], positions)[..., 0].unflatten(1, (5, -1)).unbind(1)
    return value, torch.stack([right - left, below - above], dim=-1)


@dataclass(frozen=True)
class Pictures:
    """The features of T frames on a device.

    Attributes:
        images: Fine structure (T, H, W).
        scale, centre: As in `Feature` (T, 2).
    """

    images: Tensor
    scale: Tensor
    centre: Tensor

    def __getitem__(self, part: slice) -> Pictures:
        return Pictures(self.images[part], self.scale[part], self.centre[part])

    def read(self, camera: Tensor, focal: Tensor) -> tuple[Tensor, Tensor]:
        """Return values (T, N) and derivatives by the view's pixel (T, N, 2) at points in camera axes (T, N, 3)."""
        on_frame = focal * camera[..., :2] / camera[..., 2:].clamp(min=1e-3)
        return read_with_slopes(self.images, on_frame * self.scale[:, None] + self.centre[:, None])


def pictures_of(features: Sequence[Feature | None], like: Tensor) -> Pictures:
    """Return the features as one; frames without one are empty."""
    known = [(index, feature) for index, feature in enumerate(features) if feature is not None]
    tensors = [torch.as_tensor(feature.image) for _, feature in known]
    height = max((image.shape[0] for image in tensors), default=2)
    width = max((image.shape[1] for image in tensors), default=2)
    images = torch.zeros(len(features), height, width, device=like.device, dtype=torch.float32)
    scale, centre = np.ones((len(features), 2)), np.zeros((len(features), 2))
    for (index, feature), image in zip(known, tensors, strict=True):
        images[index, : image.shape[0], : image.shape[1]] = image
        scale[index], centre[index] = feature.scale, feature.centre
    return Pictures(images, torch.as_tensor(scale).to(like), torch.as_tensor(centre).to(like))


def read_features(model: LandmarkModel, shared: Shared, frames: Frames, pictures: Pictures) -> tuple[Tensor, Tensor]:
    """Return what is seen where the points fall (T, N), and its derivative by the pixel of the view (T, N, 2)."""
    without_offsets = replace(shared, offsets=torch.zeros_like(model.template))
    posed = pose_landmarks(model, without_offsets, frames)
    return pictures.read(posed.camera.float(), shared.focal.float())
