"""The head put together from its parts: points, triangles, and where everything is."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ...contract.arrays import Floats, Integers
from .builder import Builder
from .cranium import grid_triangles, head_grid
from .deformation import Deformer
from .dimensions import HEAD_VERTICES, SPOKES
from .ears import HOLE_RINGS, HOLE_SPOKES, add_ear, ear_points, hole_rim
from .eyes import add_socket, eyeball
from .face import FaceMesh, make_face
from .mouth import add_bag, add_teeth, add_tongue
from .topology import halving_strip, mirror_of, nearest

SEAM_RINGS, SEAM_WIDTH = 3, 0.007
"""Rings of the back, and metres of the face beside its outline, that are faired."""


@dataclass(frozen=True)
class Anatomy:
    """The neutral head and the names of its places.

    Attributes:
        points: (5023, 3) metres.
        triangles: (F, 3), counter-clockwise from outside.
        mirror: Index of each vertex's mirror image (5023,).
        parts: Part name -> vertices, in the order in which they were made.
        triangle_part: Part name per triangle (F,).
        face: The loops of the face (indices are the head's).
        lid_rings: Per side (right, left) the rings (R, 32) from the lid's outer edge inwards.
        bag_rings: Rings (R, 40) of the mouth from the lips inwards.
        grid: Vertex indices (rings, 36) of the back of the head; -1 inside the ears' holes.
        ears: Right and left, (R * 28 + 1,) vertices.
    """

    points: Floats
    triangles: Integers
    mirror: Integers
    parts: dict[str, Integers]
    triangle_part: np.ndarray
    face: FaceMesh
    lid_rings: tuple[Integers, Integers]
    bag_rings: Integers
    grid: Integers
    ears: tuple[Integers, Integers]


def make_anatomy() -> Anatomy:
    """Return the neutral head."""
    face = make_face()
    builder = Builder()
    builder.add("face", face.points)
    builder.connect("face", face.triangles)
    lids = tuple(
        np.stack(add_socket(builder, rim, side)) for rim, side in ((face.right_lids, -1.0), (face.left_lids, 1.0))
    )
    bag = np.stack(add_bag(builder, face.lips_inside))
    lip = face.points[13]
    add_teeth(builder, lip + np.array([0.0, -0.0018, -0.0070]), upper=True)
    add_teeth(builder, lip + np.array([0.0, -0.0014, -0.0098]), upper=False)
    add_tongue(builder, lip + np.array([0.0, -0.0125, -0.0165]))
    ears, grid = _add_back(builder, face)
    _fill(builder)
    for name, side in (("left_eyeball", 1.0), ("right_eyeball", -1.0)):
        points, triangles = eyeball(side)
        first = builder.add(name, points)[0]
        builder.connect(name, triangles + first)
    names = [name for name, _ in builder.triangle_parts]
    counts = [count for _, count in builder.triangle_parts]
    points, mirror = _symmetric(builder.points, face.lips_inside)
    anatomy = Anatomy(
        points=points,
        triangles=builder.triangles,
        mirror=mirror,
        parts=builder.parts,
        triangle_part=np.repeat(names, counts),
        face=face,
        lid_rings=(lids[0], lids[1]),
        bag_rings=bag,
        grid=grid,
        ears=ears,
    )
    return replace(anatomy, points=_without_seam(anatomy))


def _without_seam(anatomy: Anatomy) -> Floats:
    """Return the points with the transition from the face to the back of the head made fair."""
    face, points = anatomy.parts["face"], anatomy.points
    oval = points[anatomy.face.oval]
    near = np.linalg.norm(points[face][:, None] - oval[None], axis=-1).min(axis=1) < SEAM_WIDTH
    band = anatomy.grid[:SEAM_RINGS]
    fair = skin_deformer(anatomy).faired(np.concatenate([face[near], band[band >= 0]]))
    return 0.5 * (fair + fair[anatomy.mirror] * (-1.0, 1.0, 1.0))


def skin_deformer(anatomy: Anatomy) -> Deformer:
    """Return a deformer of the skin alone: lids and lips are free edges, so that facing rows can part."""
    skin = np.isin(anatomy.triangle_part, ("face", "back", "left_ear", "right_ear"))
    return Deformer(anatomy.points, anatomy.triangles[skin])


def _hole_nodes() -> list[tuple[int, int]]:
    """Return ring and spoke of the left hole's rim in the order of `hole_rim`."""
    (top, bottom), (front, back) = HOLE_SPOKES, HOLE_RINGS
    nodes = [(front, spoke) for spoke in range(top, bottom + 1)]
    nodes += [(ring, bottom) for ring in range(front + 1, back + 1)]
    nodes += [(back, spoke) for spoke in range(bottom - 1, top - 1, -1)]
    return nodes + [(ring, top) for ring in range(back - 1, front, -1)]


def _add_back(builder: Builder, face: FaceMesh) -> tuple[tuple[Integers, Integers], Integers]:
    """Add the back of the head, the neck and the ears; as many rings as the number of vertices leaves room for."""
    nodes = _hole_nodes()
    hidden = [
        (r, s) for r in range(HOLE_RINGS[0] + 1, HOLE_RINGS[1]) for s in range(HOLE_SPOKES[0] + 1, HOLE_SPOKES[1])
    ]
    hidden += [(r, SPOKES - s) for r, s in hidden]
    room = HEAD_VERTICES - builder.count - 2 * len(ear_points()) + len(hidden)
    rings = room // SPOKES
    rim = hole_rim()
    pinned = {(ring + 1, spoke): position for (ring, spoke), position in zip(nodes, rim, strict=True)}
    pinned |= {
        (ring + 1, SPOKES - spoke): position * (-1.0, 1.0, 1.0)
        for (ring, spoke), position in zip(nodes, rim, strict=True)
    }
    positions = head_grid(face.points[face.oval], rings, pinned)
    keep = np.ones((rings, SPOKES), bool)
    keep[tuple(np.array(hidden).T)] = False
    grid = np.full((rings, SPOKES), -1, np.int64)
    grid[keep] = builder.add("back", positions[keep])
    builder.connect("back", halving_strip(face.oval, grid[0]))
    cells = {(r, s) for r in range(*HOLE_RINGS) for s in range(*HOLE_SPOKES)}
    cells |= {(r, SPOKES - 1 - s) for r, s in cells}
    builder.connect("back", grid_triangles(grid, builder.points, cells))
    left = np.array([grid[node] for node in nodes])
    right = np.array([grid[ring, SPOKES - spoke] for ring, spoke in nodes])
    return (add_ear(builder, right, -1.0), add_ear(builder, left, 1.0)), grid


def _fill(builder: Builder) -> None:
    """Bring the head to its fixed number of vertices by splitting mirrored pairs of triangles at the bag's end."""
    missing = HEAD_VERTICES - builder.count
    end = int(builder.parts["mouth_bag"][-1])
    fan = [tuple(t) for t in builder.triangles[builder.triangles_of("mouth_bag")] if end in t]
    if missing % 2 or not 0 <= missing <= len(fan) // 2:
        raise ValueError(f"{missing} vertices cannot be filled in")
    floor = len(fan) // 2  # the fan's first half lies on the lower lip's side, from right to left
    pairs = range(missing // 2)
    chosen = [*pairs, *(floor - 1 - number for number in pairs)]
    builder.split("mouth_bag", [fan[number] for number in chosen])


def _symmetric(points: Floats, lips: Integers) -> tuple[Floats, Integers]:
    """Return the points made exactly symmetric, and each one's mirror image; coincident lip rows are told apart."""
    marked = points.copy()
    marked[lips[1:20], 1] -= 0.0002
    marked[lips[:20:-1], 1] += 0.0002
    mirror = nearest(marked, marked * (-1.0, 1.0, 1.0))[1]
    even = 0.5 * (marked + marked[mirror] * (-1.0, 1.0, 1.0))
    mirror_of(even)
    even = 0.5 * (points + points[mirror] * (-1.0, 1.0, 1.0))
    return even, mirror
