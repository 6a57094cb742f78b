"""The numbers behind objects of chumpy, in which FLAME 2017 to 2020 keep their arrays, without chumpy.

A plain object holds its array under ``x``. Scripts that change a model may leave a formula instead, whose operands are
objects themselves; the few operations that occur in models are carried out here as chumpy 0.70 does
(chumpy/ch_ops.py, chumpy/reordering.py).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from ..contract.arrays import Array

ObjectState = Mapping[Any, Any]
_NUMERIC: Final = "biuf"
Spend = Callable[[int], None]
"""Counts bytes that a result will take, and raises ValueError where a file asks for too many."""


def evaluated(operation: str, state: ObjectState, spend: Spend) -> Array | None:
    """Return the numbers of an object, or None where its operation is none of those that occur in models.

    Args:
        operation: Name of the class in chumpy, such as ``Ch``, ``add`` or ``Select``.
        state: What the file keeps of the object, operands as arrays already.
        spend: See `Spend`.

    Raises:
        ValueError: operands are missing, or do not belong together.
    """
    if operation == "Ch":
        value = state.get("x")
        return value if isinstance(value, np.ndarray) and value.dtype.kind in _NUMERIC else None
    carry_out = _OPERATIONS.get(operation)
    if carry_out is None:
        return None
    with np.errstate(all="ignore"):
        return carry_out(state, spend)


def _numbers(state: ObjectState, name: str) -> Array:
    value = state.get(name)
    if isinstance(value, bool | int | float):
        value = np.float64(value)
    array: Array | None = np.asarray(value) if isinstance(value, np.generic | np.ndarray) else None
    if array is None or array.dtype.kind not in _NUMERIC:
        raise ValueError("a formula of chumpy has an operand that is not numeric")
    return array


def _elementwise(
    first: str, second: str, combine: Callable[[Array, Array], Array]
) -> Callable[[ObjectState, Spend], Array]:
    def carry_out(state: ObjectState, spend: Spend) -> Array:
        one, other = _numbers(state, first), _numbers(state, second)
        spend(8 * math.prod(np.broadcast_shapes(one.shape, other.shape)))
        return combine(one.astype(np.float64), other.astype(np.float64))

    return carry_out


def _negative(state: ObjectState, spend: Spend) -> Array:
    value = _numbers(state, "x")
    spend(value.nbytes)
    return -value.astype(np.float64)


def _selected(state: ObjectState, spend: Spend) -> Array:
    """What a slice or an index leaves: indices into the flat array, and the shape of the result."""
    indices = _numbers(state, "idxs")
    if indices.dtype.kind not in "iub":
        raise ValueError("a slice of chumpy has indices that are not whole numbers")
    spend(8 * indices.size)
    chosen = _numbers(state, "a").ravel()[indices]
    return chosen.reshape(_sizes(state["preferred_shape"])) if "preferred_shape" in state else chosen


def _reshaped(state: ObjectState, _spend: Spend) -> Array:
    return _numbers(state, "a").reshape(_sizes(state.get("newshape")))


def _transposed(state: ObjectState, _spend: Spend) -> Array:
    axes = state.get("axes")
    return np.transpose(_numbers(state, "a"), None if axes is None else _sizes(axes))


def _with_more_axes(state: ObjectState, _spend: Spend) -> Array:
    add = {1: np.atleast_1d, 2: np.atleast_2d, 3: np.atleast_3d}.get(_integer(state.get("ndims")))
    if add is None:
        raise ValueError("a formula of chumpy has an unusual number of axes")
    return add(_numbers(state, "x"))


def _concatenated(state: ObjectState, spend: Spend) -> Array:
    names = state.get("dterms")
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        raise ValueError("a formula of chumpy has no operands")
    parts = [_numbers(state, name) for name in names]
    spend(8 * sum(part.size for part in parts))
    return np.concatenate(parts, axis=_integer(state.get("axis", 0)))


def _sizes(value: Any) -> tuple[int, ...]:
    if isinstance(value, np.ndarray):  # as older versions of chumpy keep the shape of a slice
        value = value.ravel().tolist()
    return tuple(_integer(size) for size in (value if isinstance(value, tuple | list) else (value,)))


def _integer(value: Any) -> int:
    if not isinstance(value, int | np.integer) or abs(int(value)) > 1 << 40:
        raise ValueError("a formula of chumpy has an unusual shape")
    return int(value)


_OPERATIONS: Final[Mapping[str, Callable[[ObjectState, Spend], Array]]] = {
    "add": _elementwise("a", "b", np.add),
    "subtract": _elementwise("a", "b", np.subtract),
    "multiply": _elementwise("a", "b", np.multiply),
    "divide": _elementwise("x1", "x2", np.divide),
    "negative": _negative,
    "Select": _selected,
    "Reshape": _reshaped,
    "transpose": _transposed,
    "AtleastNd": _with_more_axes,
    "Concatenate": _concatenated,
}
