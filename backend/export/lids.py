"""Closed lids for programs that pose FLAME and know no lids: as much of them as the expression modes can show.

FLAME's own modes do not close an eye. Where a head has lids of its own, what they move is put into the expression as
well as its modes allow, the rims of the lids before all, and the rest is kept apart: a program that adds the rest has
the lids exactly, one that knows nothing of it has them as near as it can.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ..contract.arrays import Floats
from ..contract.failure import Notice
from ..contract.track import Track
from ..head.flame_codes import EXPRESSION
from ..head.model import HeadModel

_RIM: Final = 10.0
"""How much more the place of a lid that moves farthest counts than one that stays: the gap is what people see."""
_HELD: Final = 1e-5
"""Square metres of displacement that a unit of an expression mode must be worth: a third of a lid's own."""
_NOTHING: Final = 5e-4
"""Metres of lid left open that nobody sees."""


@dataclass(frozen=True)
class LidCodes:
    """What stands for the closed left and right lid.

    Attributes:
        expression: Codes (100, 2).
        rest: What they leave of the lids (V, 3, 2), metres, before skinning.
    """

    expression: Floats
    rest: Floats


def lid_codes(head: HeadModel, modes: int = EXPRESSION) -> LidCodes | None:
    """Return the expression of closed lids in the first modes, or None where the head closes them by its own modes."""
    if head.eyelids is None:
        return None
    basis = head.expression_basis[:, :, :modes]
    moved = np.linalg.norm(head.eyelids, axis=1).max(axis=1)
    weight = 1 + _RIM * (moved / max(float(moved.max()), 1e-9)) ** 2
    weighted = basis * weight[:, None, None]
    strength = np.einsum("vce,vcf->ef", weighted, basis) + _HELD * np.eye(basis.shape[2])
    found = np.linalg.solve(strength, np.einsum("vce,vcl->el", weighted, head.eyelids))
    expression = np.zeros((EXPRESSION, 2))
    expression[: len(found)] = found[:EXPRESSION]
    return LidCodes(expression, head.eyelids - np.einsum("vce,el->vcl", basis, found))


def lids_notice(track: Track, lids: LidCodes | None, head: HeadModel) -> Notice | None:
    """Return what to say of lids that expression alone closes too little in this track, None where nobody would see."""
    if lids is None or head.eyelids is None or not track.eyelids.any():
        return None
    strongest = track.eyelids.max(axis=0)
    whole = np.linalg.norm(head.eyelids * strongest, axis=1).max()
    left = np.linalg.norm(lids.rest * strongest, axis=1).max()
    if left < _NOTHING:
        return None
    sentence = (
        f"The lids of this head close by up to {1000 * whole:.1f} mm; programs that know no lids of their own are up to"
        f" {1000 * left:.1f} mm off there."
    )
    advice = "Remove l_eyelid.npy and r_eyelid.npy from the model folder and track again to fit without them."
    return Notice("export-lids", sentence, advice)
