"""Perspective-correct interpolation with gradients, to the attributes and to the vertices.

A rasteriser says which triangle a pixel shows; where in it the pixel lies is computed here once more, from the vertices
in clip space: corner p of a triangle, seen from the pixel, is q = (x - px w, y - py w), and the weight of a corner is
the cross product of the other two q, divided by the sum of all three (Olano and Greer, "Triangle scan conversion using
2D homogeneous coordinates", 1997). Seen from the pixel, so that single precision is enough for small triangles.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from .clip import Covered, Fragments, covered


def with_gradients(fragments: Fragments, clip: Tensor, faces: Tensor) -> Fragments:
    """Return the same with barycentrics and depth as differentiable functions of vertices in clip space (B, V, 4).

    Weights of pixels that lie a rounding error outside their triangle may be as much below 0.
    """
    seen = covered(fragments, faces)
    corners = clip[seen.batch[:, None], seen.corners]
    weights = _weights(_from_pixels(corners, seen, fragments))
    barycentrics = _placed(weights, seen, fragments, 0.0)
    depth = _placed((weights * corners[..., 3]).sum(-1), seen, fragments, torch.inf)
    return replace(fragments, barycentrics=barycentrics, depth=depth)


def interpolate(attributes: Tensor, faces: Tensor, fragments: Fragments) -> Tensor:
    """Return attributes (N, C) or (B, N, C) at every pixel (B, H, W, C); 0 where there is no triangle.

    Args:
        attributes: Of vertices, or of whatever else the triangles' corners have.
        faces: Their index at the corners (F, 3).
        fragments: What is seen.
    """
    seen = covered(fragments, faces)
    values = attributes[seen.corners] if attributes.ndim == 2 else attributes[seen.batch[:, None], seen.corners]
    weights = fragments.barycentrics[seen.places]
    return _placed((weights[..., None].to(values) * values).sum(1), seen, fragments, 0.0)


def slopes(attributes: Tensor, indices: Tensor, faces: Tensor, clip: Tensor, fragments: Fragments) -> Tensor:
    """Return derivatives by the pixel (B, H, W, C, 2), across and down, of attributes (N, C); 0 without a triangle.

    Args:
        attributes: (N, C).
        indices: Their index at the corners of the triangles (F, 3).
        faces: Vertices of the triangles (F, 3).
        clip: Vertices in clip space (B, V, 4).
        fragments: What is seen of them.
    """
    seen = covered(fragments, faces)
    corners = clip[seen.batch[:, None], seen.corners]
    from_pixel = _from_pixels(corners, seen, fragments)
    weights, total = _weights_and_total(from_pixel)
    x, y, w = (*from_pixel.unbind(-1), corners[..., 3])
    own = torch.stack([y.roll(-1, 1) * w.roll(-2, 1) - w.roll(-1, 1) * y.roll(-2, 1),
                       w.roll(-1, 1) * x.roll(-2, 1) - x.roll(-1, 1) * w.roll(-2, 1)], dim=-1)  # fmt: skip
    height, width = fragments.ids.shape[1:]
    per_pixel = own.new_tensor([2 / width, 2 / height])
    by_pixel = (own - weights[..., None] * own.sum(1, keepdim=True)) / total[:, None, None] * per_pixel
    values = attributes[indices[fragments.ids[seen.places]].long()]
    return _placed(torch.einsum("pkc,pkd->pcd", values, by_pixel.to(values)), seen, fragments, 0.0)


def _from_pixels(corners: Tensor, seen: Covered, fragments: Fragments) -> Tensor:
    """Return the corners (P, 3, 4) as seen from their pixels (P, 3, 2)."""
    height, width = fragments.ids.shape[1:]
    across = (2 * seen.column + 1).to(corners)[:, None] / width - 1
    down = (2 * seen.row + 1).to(corners)[:, None] / height - 1
    w = corners[..., 3]
    return torch.stack([corners[..., 0] - across * w, corners[..., 1] - down * w], dim=-1)


def _weights_and_total(from_pixel: Tensor) -> tuple[Tensor, Tensor]:
    x, y = from_pixel.unbind(-1)
    areas = x.roll(-1, 1) * y.roll(-2, 1) - y.roll(-1, 1) * x.roll(-2, 1)
    total = areas.sum(1)
    # A triangle seen exactly from its side has no inside; rasterisers hardly ever show one.
    flat = total.abs() < 1e-20
    total = torch.where(flat, torch.ones_like(total), total)
    even = torch.full_like(areas, 1 / 3)
    return torch.where(flat[:, None], even, areas / total[:, None]), total


def _weights(from_pixel: Tensor) -> Tensor:
    return _weights_and_total(from_pixel)[0]


def _placed(values: Tensor, seen: Covered, fragments: Fragments, empty: float) -> Tensor:
    """Return values of the covered pixels (P, ...) as pictures (B, H, W, ...)."""
    result = values.new_full((*fragments.ids.shape, *values.shape[1:]), empty)
    return result.index_put(seen.places, values)
