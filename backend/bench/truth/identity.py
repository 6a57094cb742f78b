"""Truth on shapes: how far the built-in head's people reach real ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...contract.arrays import Floats
from ...contract.failure import Failure
from ...head.builtin import builtin_head
from ...head.geometry import rigidly_aligned
from ...head.model import HeadModel
from ...raster.normals import vertex_normals
from ..chain import Setup
from ..rows import Row, at_most, between, without_target
from ..scenes.flame_people import Correspondence, People, correspondence, flame_people

PEOPLE: Final = 40
POINTS: Final = 200
"""As so many independent places the skin of a head counts against the prior, each known to `SIGMA`."""
SIGMA: Final = 0.001
ALONG: Final = 0.3
"""Weight of an error along the surface against one across it: correspondence is less certain there."""
ROUNDS: Final = 5
LIMITS: Final[Mapping[str, float]] = {"face": 1.2, "jaw": 1.8, "ears": 2.2, "cranium": 1.8, "neck": 3.0}
"""Millimetres between surfaces that are to be reached."""


@dataclass(frozen=True)
class ComparedVertices:
    """The vertices that are compared (N,), where they lie on FLAME's mesh, and masks (N,) of the parts of the head."""

    head: HeadModel
    where: Correspondence
    parts: Mapping[str, NDArray[np.bool_]]


def measure(setup: Setup) -> list[Row] | Failure:
    """Forty random people of FLAME 2023 Open (coefficients of one standard deviation), fitted by identity modes alone.

    The built-in head's skin is brought into correspondence with FLAME's mean once (`flame_people.correspondence`); each
    person is then met by rotation, translation and identity coefficients of standard deviation 1, against 200
    independent points of 1 mm. Value: root mean square distance between the surfaces (along the built-in head's
    normals), per part; beside it what the template alone reaches, and the root mean square of what is left in the mean
    of all people, which lies in the template and not in its modes. The scale is free only by identity modes.
    Coefficient: root mean square over people and modes; 1 where the modes are as large as people's differences.
    Spread: root mean square distance of people from their mean after rigid alignment, random people of the built-in
    head over FLAME's.
    """
    people = flame_people(setup.data)
    if isinstance(people, Failure):
        return people
    comparison = compared(builtin_head(), people)
    random = np.random.default_rng(0)
    found, plain, codes = [], [], []
    for _ in range(PEOPLE // 4 if setup.quick else PEOPLE):
        person = comparison.where.places(people.person(random))
        identity, error = fitted(comparison, person, comparison.head.identity_basis)
        _, still = fitted(comparison, person, comparison.head.identity_basis[..., :0])
        found.append(error)
        plain.append(still)
        codes.append(identity)
    rows: list[Row] = []
    for part, mask in comparison.parts.items():
        reached, alone = (1000 * _rms(np.stack(errors)[:, mask]) for errors in (found, plain))
        everybody = 1000 * _rms(np.stack(found)[:, mask].mean(axis=0))
        what = f"identity: {part} (template alone {alone:.1f}, the same in everybody {everybody:.1f})"
        rows.append(at_most(what, reached, LIMITS[part], " mm"))
    rows.append(without_target("identity: coefficients that real people need", _rms(np.stack(codes)), " sd"))
    return [*rows, *_spreads(comparison, people)]


def compared(head: HeadModel, people: People) -> ComparedVertices:
    """Return the places that are compared, without the neck's edge, where both meshes end."""
    where = correspondence(head, people)
    inside = ~np.isin(where.vertices, head.regions["boundary"])
    where = Correspondence(where.vertices[inside], where.corners[inside], where.barycentric[inside])
    positions = head.template[where.vertices]

    def of(*regions: str) -> NDArray[np.bool_]:
        return np.isin(where.vertices, np.concatenate([head.regions[name] for name in regions]))

    jaw = of("face", "neck") & (positions[:, 1] < -0.045) & (positions[:, 2] > -0.030)
    parts = {
        "face": of("face"),
        "jaw": jaw,
        "ears": of("left_ear", "right_ear"),
        "cranium": of("scalp"),
        "neck": of("neck") & ~jaw,
    }
    return ComparedVertices(head, where, parts)


def fitted(comparison: ComparedVertices, person: Floats, basis: Floats) -> tuple[Floats, Floats]:
    """Return the identity (I,) that meets a person's places (N, 3) best, and the distances (N,) between the surfaces.

    Args:
        comparison: The built-in head.
        person: In any position.
        basis: Identity modes (V, 3, I) that may be used.
    """
    head, which = comparison.head, comparison.where.vertices
    modes = basis[which]
    identity = np.zeros(basis.shape[2])
    for _ in range(ROUNDS):
        shape = head.template + basis @ identity
        across = vertex_normals(shape, head.faces)[which]
        goal = rigidly_aligned(person, shape[which])
        weight = ALONG * np.eye(3) + (1 - ALONG) * across[:, :, None] * across[:, None]
        weight *= np.sqrt(POINTS / len(which)) / SIGMA
        columns = np.concatenate([modes, _rigid(shape[which])], axis=2)
        rows = (weight @ columns).reshape(-1, columns.shape[2])
        hessian = rows.T @ rows
        hessian.flat[: len(identity) * (len(hessian) + 1) : len(hessian) + 1] += 1.0
        error = (weight @ (goal - head.template[which])[..., None]).ravel()
        identity = np.linalg.solve(hessian, rows.T @ error)[: len(identity)]
    shape = head.template + basis @ identity
    across = vertex_normals(shape, head.faces)[which]
    return identity, ((rigidly_aligned(person, shape[which]) - shape[which]) * across).sum(axis=1)


def _rigid(points: Floats) -> Floats:
    """Return what small moves and turns about the middle do to points: (N, 3, 6)."""
    x, y, z = ((points - points.mean(axis=0)) / 0.1).T
    none = np.zeros_like(x)
    turns = np.stack([np.stack([none, -z, y], 1), np.stack([z, none, -x], 1), np.stack([-y, x, none], 1)], axis=2)
    return np.concatenate([np.broadcast_to(np.eye(3), (len(points), 3, 3)), turns], axis=2)


def _rms(values: Floats) -> float:
    return float(np.sqrt(np.square(values).mean()))


def _spreads(comparison: ComparedVertices, people: People) -> list[Row]:
    """Return how much random people of the built-in head differ in each part, over how much FLAME's do."""
    head, where = comparison.head, comparison.where
    random = np.random.default_rng(1)
    ours = [
        (head.template + head.identity_basis @ random.standard_normal(head.identity_basis.shape[2]))[where.vertices]
        for _ in range(PEOPLE)
    ]
    theirs = [where.places(people.person(random)) for _ in range(PEOPLE)]
    one, other = _differences(ours), _differences(theirs)
    rows = []
    for part, mask in comparison.parts.items():
        share = _rms(one[:, mask]) / _rms(other[:, mask])
        what = f"identity: people differ in {part} ({1000 * _rms(other[:, mask]):.1f} mm), share"
        rows.append(between(what, share, 0.75, 1.33))
    return rows


def _differences(heads: list[Floats]) -> Floats:
    """Return how far each place of each head lies from the heads' mean (P, N)."""
    laid = np.stack([rigidly_aligned(one, heads[0]) for one in heads])
    return np.linalg.norm(laid - laid.mean(axis=0), axis=2)
