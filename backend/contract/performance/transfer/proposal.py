"""Proposes the points of a face on a mesh: eyeballs and size first, then the surface, then the slits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from ...arrays import Array, Floats, Integers, Mask
from ...failure import Failure
from .arkit_head import arkit_head
from .front_view import JOINED, PIXEL, FrontView, front_view
from .mesh import Mesh, fitted_sphere, similarity
from .nearest import nearest_points
from .points import POINTS
from .registration import laid_on_surface, register, skin_of_source, source_mesh

_EFFORTS: Final = ((2, 24, 6), (8, 12, 2), (15, 4, 1))
"""Rounds of laying the face on rigidly, every which of its vertices is laid on, and how many poses are then kept."""
_KEPT: Final = 0.75
"""Part of the face's points that count in each round: hair, ears and necks differ most."""
_WORST: Final = 0.005
"""Mean distance, metres in the size of the built-in head, from which on what was found is no face."""
_CERTAIN: Final = (1, 152)
"""Landmarks that the surface alone tells well: tip of the nose and chin."""
_FEWEST_OF_SLITS: Final = 6
_EAR: Final = np.array([0.025, 0.045])
"""Metres up and forth within which an ear is sought."""
_YAWS: Final = np.radians([0.0, 180.0, 90.0, 270.0])
_SHARES: Final = (0.8, 0.9, 1.0, 1.12, 1.25)
"""Sizes of the head that are tried."""
_LEVELS: Final = 160
_NECK: Final = 0.75
"""Width of a neck against that of the head above it."""
_EYES_APART: Final = (3.2, 8.0)
"""Distance of two eyeballs' middles in radii of one."""
_ROUND: Final = 0.06


_STEP: Final = 2
_DRIFT: Final = 0.0045
"""Metres by which the edge of a slit may rise or fall from one measured column to the next."""
_WIDEST_MOUTH: Final = 0.045
_LIKELY_MOUTH: Final = (0.025, 0.085)
_WIDEST_EYE: Final = 0.026
_HIGHEST_EYE: Final = 0.014
_LIKELY_EYE: Final = (0.014, 0.045)
"""Metres of width from and up to which a slit is a mouth or an eye."""


@dataclass(frozen=True)
class Pose:
    """Where a head is: its positions are ``scale * rotation @ position + shift`` in the built-in head's axes."""

    scale: float
    rotation: Floats
    shift: Floats

    def applied(self, points: Floats) -> Floats:
        """Return points (N, 3) in the size and axes of the built-in head."""
        return self.scale * points @ self.rotation.T + self.shift

    def undone(self, points: Floats) -> Floats:
        """Return points (N, 3) in the mesh's own size and axes."""
        return (points - self.shift) @ self.rotation / self.scale


def propose_points(vertices: Array, faces: Array) -> dict[int, Floats] | Failure:
    """Return landmark -> proposed position (3,) for `POINTS`, on the mesh.

    Args:
        vertices: (V, 3) in any unit, with y about upwards; the face may look along any horizontal axis.
        faces: Triangles (F, 3).
    """
    mesh = Mesh(np.asarray(vertices, np.float64), np.asarray(faces, np.int64))
    pieces = mesh.pieces()
    eyes = _eyes(mesh, pieces)
    skin = pieces == np.bincount(pieces[_near_eyes(mesh, eyes)]).argmax()
    found = [(0.0, start) for start in _starts(mesh, skin, eyes)]
    for rounds, every, tried in _EFFORTS:
        better = (_refined(mesh, skin, pose, rounds, every) for _, pose in found)
        found = sorted(better, key=lambda each: each[0])[:tried]
    miss, pose = found[0]
    if miss > _WORST:
        return Failure(
            "face-not-found",
            "No face was recognised on the mesh.",
            "Turn the head upright in the scene, or place the points by hand.",
        )
    sized = mesh.moved(pose.applied(mesh.vertices))
    warped, _ = laid_on_surface(arkit_head(), source_mesh().vertices, sized, np.zeros(len(mesh), np.int64), skin)
    points = {number: warped[number] for number in POINTS}
    slits = _lips(sized, skin, points) | _lids(sized, skin, points, "right") | _lids(sized, skin, points, "left")
    if len(slits) > _FEWEST_OF_SLITS:
        certain = slits | {number: points[number] for number in _CERTAIN}
        known = np.array(list(certain))
        again = register(sized, known, np.array(list(certain.values())), skin)
        back = (again.warped.vertices - again.shift) @ again.rotation / again.scale
        points = {number: back[number] for number in POINTS} | slits
    points |= _ears(sized, skin)
    numbers = list(points)
    on_mesh = nearest_points(np.array([points[each] for each in numbers]), sized, skin, reach=0.05)
    placed = pose.undone(on_mesh.values_of(mesh.faces, sized.vertices))
    return dict(zip(numbers, placed, strict=True))


def _eyes(mesh: Mesh, pieces: Integers) -> tuple[Floats, Floats, float] | None:
    """Return the middles of two pieces that are eyeballs, and their radius; None if there are no two such pieces."""
    balls = []
    for number, count in enumerate(np.bincount(pieces)):
        if not 12 <= count < 0.4 * len(mesh):
            continue
        points = mesh.vertices[pieces == number]
        centre, radius = fitted_sphere(points)
        off = np.abs(np.linalg.norm(points - centre, axis=1) - radius)
        if radius > 0 and float(np.median(off)) < _ROUND * radius and np.ptp(points, axis=0).max() > radius:
            balls.append((centre, radius))
    pairs = []
    for index, (one, radius) in enumerate(balls):
        for two, other in balls[index + 1 :]:
            apart = float(np.linalg.norm(one - two)) / max(radius, 1e-12)
            level = abs(one[1] - two[1]) < 0.3 * float(np.linalg.norm(one - two))
            if _EYES_APART[0] < apart < _EYES_APART[1] and abs(radius - other) < 0.1 * radius and level:
                pairs.append((one, two, radius))
    return max(pairs, key=lambda pair: pair[2]) if pairs else None


def _near_eyes(mesh: Mesh, eyes: tuple[Floats, Floats, float] | None) -> Mask:
    """Return the vertices (V,) among which those of the skin are the most."""
    if eyes is None:
        return np.ones(len(mesh), bool)
    one, two, radius = eyes
    distance = np.linalg.norm(mesh.vertices - 0.5 * (one + two), axis=1)
    return distance < 2 * float(np.linalg.norm(one - two)) + radius


def _starts(mesh: Mesh, skin: Mask, eyes: tuple[Floats, Floats, float] | None) -> Iterator[Pose]:
    """Yield poses from which the face may be found."""
    head = arkit_head()
    own = head.joints[3:5]
    if eyes is not None:
        for one, two in ((eyes[0], eyes[1]), (eyes[1], eyes[0])):
            across = one - two
            yaw = float(np.arctan2(across[2], across[0]))
            rotation = _about_up(yaw)
            scale = float(np.linalg.norm(own[0] - own[1]) / np.linalg.norm(across))
            middle = scale * rotation @ (0.5 * (one + two))
            yield Pose(scale, rotation, own.mean(axis=0) - middle)
        return
    own_skin = _with_edges(source_mesh(), skin_of_source())
    everywhere = _with_edges(mesh, skin)
    sizes = (float(np.ptp(own_skin[:, 1])), _above_neck(own_skin))
    for yaw in _YAWS:
        rotation = _about_up(float(yaw))
        points = everywhere @ rotation.T
        top = float(points[:, 1].max())
        for size, height in zip(sizes, (float(np.ptp(points[:, 1])), _above_neck(points)), strict=True):
            for share in _SHARES:
                scale = share * size / max(height, 1e-12)
                here = points[points[:, 1] > top - 0.8 * height]
                front = np.array([np.median(here[:, 0]), top, here[:, 2].max()])
                goal = np.array([0.0, own_skin[:, 1].max(), own_skin[:, 2].max()])
                yield Pose(scale, rotation, goal - scale * front)


def _with_edges(mesh: Mesh, chosen: Mask) -> Floats:
    """Return points (N, 3) along the edges between chosen vertices: closer together than the vertices are."""
    ends = mesh.vertices[mesh.edges[chosen[mesh.edges].all(axis=1)]]
    return np.concatenate([ends[:, 0] * (1 - share) + ends[:, 1] * share for share in (0.0, 0.25, 0.5, 0.75, 1.0)])


def _above_neck(points: Floats) -> float:
    """Return the height of what is above the neck, where a head first becomes clearly narrower downwards."""
    levels = np.linspace(points[:, 1].max(), points[:, 1].min(), _LEVELS + 1)
    level = np.clip(np.searchsorted(-levels, -points[:, 1]) - 1, 0, _LEVELS - 1)
    widest = 0.0
    for number in range(_LEVELS):
        across = points[level == number, 0]
        width = float(np.ptp(across)) if len(across) else widest
        widest = max(widest, width)
        if width < _NECK * widest:
            return float(levels[0] - levels[number])
    return float(levels[0] - levels[-1])


def _about_up(angle: float) -> Floats:
    """Return the rotation (3, 3) about y that takes the direction at an angle from x towards z onto x."""
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]])


def _refined(mesh: Mesh, skin: Mask, pose: Pose, rounds: int, every: int) -> tuple[float, Pose]:
    """Return how far the face is off, and its pose, after laying it rigidly onto the mesh again and again."""
    head, rest = arkit_head(), source_mesh()
    face = np.setdiff1d(head.regions["face"], np.concatenate([head.regions["lips"], head.regions["right_socket"]]))
    face = np.setdiff1d(face, head.regions["left_socket"])[::every]
    source, normals = rest.vertices[face], rest.normals[face]
    miss = np.inf
    for _ in range(rounds):
        sized = mesh.moved(pose.applied(mesh.vertices))
        found = nearest_points(source, sized, skin, normals, 0.3, 0.06)
        on_mesh = np.isfinite(found.distance)
        if on_mesh.mean() < 0.5:
            return np.inf, pose
        kept = found.distance <= np.quantile(found.distance[on_mesh], _KEPT)
        goal = found.values_of(mesh.faces, mesh.vertices)
        pose = Pose(*similarity(goal[kept], source[kept]))
        miss = float(np.minimum(found.distance, 0.03).mean())
    return miss, pose


def _slit(view: FrontView, start: Floats, low: float, high: float) -> dict[str, Floats]:
    """Return ``upper``, ``lower``, ``first`` and ``last`` point of a slit, followed from a column to both sides.

    Args:
        view: From the front.
        start: A point (3,) in its middle.
        low, high: Heights between which it is at the start.
    """
    middle = round((start[0] - view.left) / PIXEL)
    edges = view.edges(middle, low, high)
    if edges is None:
        return {}
    result = {"lower": view.position(edges[0], middle), "upper": view.position(edges[1], middle)}
    for name, step in (("first", -_STEP), ("last", _STEP)):
        column, below, above = middle, *edges
        while 0 <= column + step < view.triangles.shape[1]:
            height = view.bottom + 0.5 * (below + above) * PIXEL
            half = 0.5 * (above - below) * PIXEL + _DRIFT
            found = view.edges(column + step, height - half, height + half)
            if found is None:
                break
            column, (below, above) = column + step, found
        end = 0.5 * (view.position(below, column) + view.position(above, column))
        if above - below == 1:  # closed here: within half a short way around the corner it is not seen as a slit
            end = end + np.sign(step) * np.array([0.45 * JOINED, 0.0, 0.0])
        result[name] = end
    return result


def _lips(mesh: Mesh, skin: Mask, points: dict[int, Floats]) -> dict[int, Floats]:
    """Return the landmarks of the slit between the lips, as far as there is one."""
    nose, chin = points[2], points[152]
    low, high = 0.55 * chin[1] + 0.45 * nose[1], nose[1] - 0.004
    corners = np.array([[nose[0] - _WIDEST_MOUTH, low], [nose[0] + _WIDEST_MOUTH, nose[1]]])
    view = front_view(mesh, skin, corners[0], corners[1])
    slit = _slit(view, nose, low, high)
    if not slit or not _LIKELY_MOUTH[0] < slit["last"][0] - slit["first"][0] < _LIKELY_MOUTH[1]:
        return {}
    moved = 0.5 * (slit["upper"] + slit["lower"]) - 0.5 * (points[13] + points[14])
    lips = {0: points[0] + moved, 17: points[17] + moved}
    return lips | {13: slit["upper"], 14: slit["lower"], 78: slit["first"], 308: slit["last"]}


def _lids(mesh: Mesh, skin: Mask, points: dict[int, Floats], side: str) -> dict[int, Floats]:
    """Return the landmarks of the opening of an eye, as far as there is one."""
    outer, inner, upper, lower = (33, 133, 159, 145) if side == "right" else (263, 362, 386, 374)
    middle = 0.25 * sum((points[each] for each in (outer, inner, upper, lower)), np.zeros(3))
    reach = np.array([_WIDEST_EYE, _HIGHEST_EYE])
    view = front_view(mesh, skin, middle[:2] - reach, middle[:2] + reach)
    slit = _slit(view, middle, middle[1] - 0.8 * _HIGHEST_EYE, middle[1] + 0.8 * _HIGHEST_EYE)
    if not slit or not _LIKELY_EYE[0] < slit["last"][0] - slit["first"][0] < _LIKELY_EYE[1]:
        return {}
    first, last = (outer, inner) if side == "right" else (inner, outer)
    return {upper: slit["upper"], lower: slit["lower"], first: slit["first"], last: slit["last"]}


def _ears(mesh: Mesh, skin: Mask) -> dict[int, Floats]:
    """Return the landmarks in front of the ears: as far from where the head is widest as on the built-in head."""
    head = arkit_head()
    result = {}
    for side, number, sign in (("left", 454, 1.0), ("right", 234, -1.0)):
        own = head.neutral[head.regions[f"{side}_ear"]]
        widest = own[(sign * own[:, 0]).argmax()]
        near = skin & (np.abs(mesh.vertices[:, 1:] - widest[1:]) < _EAR).all(axis=1) & (sign * mesh.vertices[:, 0] > 0)
        shift = np.zeros(3)
        if near.any():
            found = mesh.vertices[near]
            shift = found[(sign * found[:, 0]).argmax()] - widest
        result[number] = head.neutral[number] + shift
    return result
