"""Smooth silhouettes, with gradients to the vertices.

Where a silhouette runs between the centres of two neighbouring pixels, its exact place says how much of them lies on
its other side: the nearer colour reaches into the further pixel, or the further one into the nearer. So the picture
changes smoothly as the edge moves (Laine et al., "Modular Primitives for High-Performance Differentiable Rendering",
2020, section 3.4). There the edges of the triangle that a pixel shows are tried, which misses most of a head's outline:
triangles there are seen from their side and thinner than a pixel. Here every silhouette edge of the mesh is followed
through the pixels instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from ...raster.rasterizer import NEAR
from .clip import Fragments

_STEEP: Final = 1.5
"""A ball of N pixels falls away by 1 / sqrt(N) of its size within the pixel beside its silhouette; so much more is
taken for the same surface."""


@dataclass(frozen=True)
class Edges:
    """The E edges of a mesh.

    Attributes:
        ends: Their vertices (E, 2).
        beside: The far corner of the triangles on both sides (E, 2); the second is -1 where there is only one.
    """

    ends: Tensor
    beside: Tensor


def mesh_edges(faces: Tensor) -> Edges:
    """Return the edges of triangles (F, 3)."""
    corners = faces.long()
    ends = torch.stack([corners.roll(-1, 1), corners.roll(-2, 1)], dim=-1).reshape(-1, 2)
    opposite = corners.flatten()
    low, high = ends.amin(1), ends.amax(1)
    key, order = torch.sort(low * (high.max() + 1) + high, stable=True)
    first = torch.ones_like(key, dtype=torch.bool)
    first[1:] = key[1:] != key[:-1]
    start = first.nonzero()[:, 0]
    after = (start + 1).clamp(max=len(key) - 1)
    paired = (after > start) & ~first[after]
    other = torch.where(paired, opposite[order[after]], torch.full_like(after, -1))
    return Edges(ends[order[start]], torch.stack([opposite[order[start]], other], dim=1))


def antialias(colour: Tensor, fragments: Fragments, clip: Tensor, edges: Edges) -> Tensor:
    """Return pictures (B, H, W, C) with smooth silhouettes.

    Args:
        colour: (B, H, W, C), with the background's colour where there is no triangle; may also be a mask.
        fragments: What the pictures show.
        clip: Vertices in clip space (B, V, 4).
        edges: Of the mesh.
    """
    outline = _outline(clip, edges, *fragments.ids.shape[1:])
    result = colour
    for axis in (0, 1):
        found = _crossings(outline, fragments, axis)
        beyond = (found.share - 0.5)[:, None].to(colour)
        difference = colour[found.near] - colour[found.far]
        # The edge lies beyond the middle: the nearer colour reaches over; else the further one does.
        result = result.index_put(found.far, beyond.clamp(min=0) * difference, accumulate=True)
        result = result.index_put(found.near, beyond.clamp(max=0) * difference, accumulate=True)
    return result


@dataclass(frozen=True)
class _Outline:
    """N silhouette edges.

    Attributes:
        batch: Picture of each (N,).
        start, end: Its ends in pixels (N, 2).
        inverse: 1 / depth of the ends (N, 2).
        turn: On which side of it the mesh lies (N,): sign of the cross product with the edge.
        fall: By how much the depth may change within the pixel beside it (N,).
    """

    batch: Tensor
    start: Tensor
    end: Tensor
    inverse: Tensor
    turn: Tensor
    fall: Tensor

    def __getitem__(self, chosen: Tensor) -> _Outline:
        parts = (self.batch, self.start, self.end, self.inverse, self.turn, self.fall)
        return _Outline(*(part[chosen] for part in parts))


@dataclass(frozen=True)
class _Crossings:
    """Neighbouring pixels with a silhouette of `near` between them, and its distance from there, 0..1."""

    near: tuple[Tensor, Tensor, Tensor]
    far: tuple[Tensor, Tensor, Tensor]
    share: Tensor


def _outline(clip: Tensor, edges: Edges, height: int, width: int) -> _Outline:
    """Find the edges behind which the mesh does not go on: what is beside them lies on one side, or is not there."""
    w = clip[..., 3]
    front = w > NEAR
    safe = torch.where(front, w, torch.ones_like(w))
    half = clip.new_tensor([width / 2, height / 2])
    pixels = (clip[..., :2] / safe[..., None] + 1) * half - 0.5
    still = pixels.detach()
    start, end = still[:, edges.ends[:, 0]], still[:, edges.ends[:, 1]]
    alone = edges.beside[:, 1] < 0
    one, other = (_cross(end - start, still[:, edges.beside[:, side].clamp(min=0)] - start) for side in (0, 1))
    whole = front[:, edges.ends].all(-1) & front[:, edges.beside[:, 0]] & (front[:, edges.beside[:, 1]] | alone)
    batch, edge = (whole & (alone | (one * other > 0))).nonzero(as_tuple=True)
    ends = edges.ends[edge]
    return _Outline(
        batch,
        pixels[batch, ends[:, 0]],
        pixels[batch, ends[:, 1]],
        1 / w.detach()[batch[:, None], ends],
        torch.sign(one[batch, edge]),
        _fall(still, w.detach(), front)[batch],
    )


def _fall(pixels: Tensor, depth: Tensor, front: Tensor) -> Tensor:
    """Return by how much the depth of each mesh (B,) may change within a pixel beside its silhouette."""

    def extent(values: Tensor) -> Tensor:
        low = torch.where(front, values, torch.full_like(values, torch.inf)).amin(1)
        return (torch.where(front, values, torch.full_like(values, -torch.inf)).amax(1) - low).clamp(min=0)

    size = torch.maximum(extent(pixels[..., 0]), extent(pixels[..., 1])).clamp(min=4)
    return _STEEP * extent(depth) / size.sqrt() + 1e-3 * depth.abs().amax(1)


def _cross(first: Tensor, second: Tensor) -> Tensor:
    return first[..., 0] * second[..., 1] - first[..., 1] * second[..., 0]


def _crossings(outline: _Outline, fragments: Fragments, axis: int) -> _Crossings:
    """Follow the edges that run rather across `axis` (0: between columns, 1: between rows) than along it."""
    side = 1 - axis
    run = (outline.end - outline.start).detach().abs()
    outline = outline[run[:, side] >= run[:, axis] + (0 if axis == 0 else 1e-12)]
    lines, length = fragments.ids.shape[1 + axis], fragments.ids.shape[2 - axis]
    low = torch.minimum(outline.start, outline.end)[:, side].detach().ceil().clamp(0, lines)
    high = torch.maximum(outline.start, outline.end)[:, side].detach().ceil().clamp(0, lines)
    count = (high - low).long()
    which = torch.repeat_interleave(torch.arange(len(count), device=count.device), count)
    within = torch.arange(len(which), device=which.device) - (count.cumsum(0) - count)[which]
    line = low.long()[which] + within
    outline = outline[which]
    part = (line - outline.start[:, side]) / (outline.end - outline.start)[:, side]
    place = outline.start[:, axis] + part * (outline.end - outline.start)[:, axis]
    # An edge exactly on a centre belongs to the pixel before it, as rasterisers have it at right and lower edges.
    column = place.detach().ceil().long() - 1
    edge = outline.end.detach() - outline.start.detach()
    # Whether the mesh lies towards greater coordinates: where a step along the axis goes.
    inwards = outline.turn * (-edge[:, 1] if axis == 0 else edge[:, 0]) > 0
    share = torch.where(inwards, column + 1 - place, place - column)
    inside = (column >= 0) & (column < length - 1)
    near, far = column + inwards, column + ~inwards
    depth = 1 / torch.lerp(outline.inverse[:, 0], outline.inverse[:, 1], part.detach())

    def pixels(at: Tensor, chosen: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        places = (line[chosen], at[chosen]) if axis == 0 else (at[chosen], line[chosen])
        return outline.batch[chosen], *places

    chosen = inside.nonzero()[:, 0]
    seen = _seen(fragments, pixels(near, chosen), pixels(far, chosen), depth[chosen], outline.fall[chosen])
    chosen = chosen[seen]
    key = ((outline.batch * lines + line) * length + column) * 2 + inwards
    chosen = chosen[_outermost(key[chosen], share.detach()[chosen])]
    return _Crossings(pixels(near, chosen), pixels(far, chosen), share[chosen])


def _seen(
    fragments: Fragments, near: tuple[Tensor, ...], far: tuple[Tensor, ...], depth: Tensor, fall: Tensor
) -> Tensor:
    """Return where the edge is what separates two pixels: before the further one, and on the surface of the nearer."""
    before, behind = fragments.depth.detach()[near], fragments.depth.detach()[far]
    return ((depth - before).abs() < fall) & (depth - before < behind - depth)


def _outermost(key: Tensor, share: Tensor) -> Tensor:
    """Return one index for each key: the one of the largest share."""
    order = torch.argsort(share)
    order = order[torch.argsort(key[order], stable=True)]
    ordered = key[order]
    last = torch.ones_like(ordered, dtype=torch.bool)
    last[:-1] = ordered[1:] != ordered[:-1]
    return order[last]
