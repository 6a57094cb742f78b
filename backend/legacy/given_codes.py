"""Identity and texture of a known person, as scripts of version 4 hand them to the tracker."""

from __future__ import annotations

import numpy as np

from ..contract.arrays import Floats, Picture
from ..contract.failure import Failure
from ..head.model import HeadModel
from .dictionary_v4 import texture_of_planes

_SMALLEST, _LARGEST = 8, 8192


def identity_from(values: object, head: HeadModel) -> Floats | Failure:
    """Return an identity (N,) for a head, from (1, N) or (N,); N is at most the number of its modes."""
    try:
        code = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        return _unfit("shape_code", "holds no numbers", "Give 'shape' of an earlier result, (1, 300).")
    if code.ndim == 2 and len(code) == 1:
        code = code[0]
    if code.ndim != 1 or not len(code) or not np.isfinite(code).all():
        problem = f"is {code.shape} instead of (1, 300) finite numbers"
        return _unfit("shape_code", problem, "Give 'shape' of an earlier result of one person.")
    modes = head.identity_basis.shape[2]
    if code[modes:].any():
        problem = f"has {np.flatnonzero(code)[-1] + 1} coefficients, {head.name} has {modes}"
        return _unfit("shape_code", problem, "Give the identity of the same head model.")
    return code[:modes]


def texture_from(values: object) -> Picture | Failure:
    """Return a texture (S, S, 3), from (1, 3, S, S) in 0..1."""
    try:
        planes = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        return _unfit("texture", "holds no numbers", "Give 'texture' of an earlier result, (1, 3, 256, 256).")
    square = planes.ndim == 4 and planes.shape[:2] == (1, 3) and planes.shape[2] == planes.shape[3]
    if not square or not _SMALLEST <= planes.shape[2] <= _LARGEST:
        problem = f"is {planes.shape} instead of (1, 3, 256, 256)"
        return _unfit("texture", problem, "Give 'texture' of an earlier result, of one person.")
    if not np.isfinite(planes).all() or planes.min() < -0.01 or planes.max() > 1.01:
        return _unfit("texture", "has values outside of 0 to 1", "Divide a picture of 0 to 255 by 255.")
    return texture_of_planes(planes)


def _unfit(name: str, problem: str, advice: str) -> Failure:
    return Failure("given-unfit", f"'{name}' {problem}.", advice)
