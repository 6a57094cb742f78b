"""Values that a pickle may contain: arrays of numpy and scipy.sparse, chumpy's wrapper, placeholders for the rest."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from scipy import sparse

from ..contract.foreign_text import shown
from .chumpy_values import evaluated
from .harmful_names import runs_something


class PickleRefused(Exception):  # noqa: N818 - becomes a Failure in `restricted_pickle`
    """The file wants to run something; the message completes 'it wants to ...'."""


class PickleUnknown(Exception):  # noqa: N818 - becomes a Failure in `restricted_pickle`
    """The file holds something that no head model is made of; the message completes 'it holds ...'."""


class PickleTooLarge(Exception):  # noqa: N818 - becomes a Failure in `restricted_pickle`
    """The file is, or unfolds to, much more than a head model; the message completes 'it ...'."""


@dataclass(frozen=True)
class Global:
    """A name in the file that stands for one of our own constructors; never a Python object of that name."""

    kind: str
    name: str


@dataclass
class Instance:
    """An object under construction: its kind, what it is so far, and the state that the file gave it."""

    kind: str
    name: str
    result: Any = None
    state: Any = None


@dataclass(frozen=True)
class Unread:
    """Stands where the file had something that is harmless but of no use here, such as a torch tensor."""

    name: str


@dataclass
class Budget:
    """Bytes that reading one file may still create; stops files that unfold to more than they hold."""

    bytes_left: int
    entries_left: int = 10_000
    finished: dict[int, Any] = field(default_factory=dict)

    def spend(self, count: int) -> None:
        """Count `count` more bytes; `PickleTooLarge` when nothing is left."""
        self.bytes_left -= count
        if self.bytes_left < 0:
            raise PickleTooLarge("unpacks to far more than the file holds")

    def enter(self, count: int) -> None:
        """Count entries of dictionaries, which a file can make slow to find; `PickleTooLarge` when none is left."""
        self.entries_left -= count
        if self.entries_left < 0:
            raise PickleTooLarge("has far more entries than a head model")


_SPARSE_CLASSES: Final = {f"{form}_{kind}" for form in ("csc", "csr", "coo") for kind in ("matrix", "array")}
_NUMBERS: Final = (
    *("b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"),
    *("O", "O4", "O8"),  # objects, whose content is checked like everything else
)
_TEXTS: Final = re.compile(r"S[1-9]\d{0,2}|U[1-9]\d{0,1}", re.ASCII)
"""How numpy writes its types into pickles; no other text ever reaches it."""
_DEEPEST: Final = 100


_NAMED: Final = {
    ("copy_reg", "_reconstructor"): "reconstructor",
    ("copyreg", "_reconstructor"): "reconstructor",
    ("copy_reg", "__newobj__"): "reconstructor",
    ("copyreg", "__newobj__"): "reconstructor",
    ("__builtin__", "object"): "object",
    ("builtins", "object"): "object",
    ("__builtin__", "bytes"): "bytes",
    ("builtins", "bytes"): "bytes",
    ("__builtin__", "bytearray"): "bytes",
    ("builtins", "bytearray"): "bytes",
    ("_codecs", "encode"): "encode",
    ("__builtin__", "set"): "unread",  # chumpy keeps the names of its changed variables in one
    ("builtins", "set"): "unread",
    ("__builtin__", "frozenset"): "unread",
    ("builtins", "frozenset"): "unread",
    ("torch._utils", "_rebuild_tensor_v2"): "unread",
    ("torch.storage", "_load_from_bytes"): "unread",
    ("collections", "OrderedDict"): "unread",
}
_NUMPY_MODULES: Final = ("numpy", "numpy.core.multiarray", "numpy.core.numeric")  # numpy 2 calls core _core
_NUMPY_NAMES: Final = ("_reconstruct", "scalar", "ndarray", "dtype", "_frombuffer")


def resolve_global(module: str, name: str) -> Global:
    """Return what a name in the file stands for; every name that is not listed here ends the reading."""
    kind = _NAMED.get((module, name))
    if module.replace("numpy._core", "numpy.core") in _NUMPY_MODULES and name in _NUMPY_NAMES:
        kind = name
    elif re.fullmatch(r"scipy\.sparse(\.\w+)*", module, re.ASCII) and name in _SPARSE_CLASSES:
        kind = "sparse"
    elif re.fullmatch(r"chumpy(\.\w+)*", module, re.ASCII) and re.fullmatch(r"\w+", name, re.ASCII):
        kind = "chumpy"
    if kind is None:
        full_name = shown(f"{module}.{name}")
        if runs_something(module, name):
            raise PickleRefused(f"use '{full_name}'")
        raise PickleUnknown(f"'{full_name}'")
    return Global(kind, f"{module}.{name}")


def call(target: Global, arguments: tuple[Any, ...], budget: Budget) -> Any:
    """Return what the constructor behind a label makes of its arguments."""
    result: Any
    match target.kind:
        case "unread":
            result = Unread(target.name)
        case "encode":
            result = _encoded(arguments, budget)
        case "bytes":
            result = _byte_string(arguments, budget)
        case "reconstructor":
            result = _reconstructed(arguments)
        case "dtype":
            result = Instance("dtype", target.name, _dtype(arguments))
        case "_reconstruct" | "ndarray":
            result = Instance("ndarray", target.name)
        case "chumpy" | "sparse":
            result = Instance(target.kind, target.name)
        case "scalar":
            result = _scalar(arguments)
        case "_frombuffer":
            result = _from_buffer(arguments)
        case _:
            raise PickleUnknown(f"a call of '{target.name}'")
    return result


def _reconstructed(arguments: tuple[Any, ...]) -> Instance:
    """How Python 2 makes objects in protocol 0 and 1: (class, base class, state of the base)."""
    if not arguments or not isinstance(arguments[0], Global) or arguments[0].kind not in ("chumpy", "sparse"):
        raise PickleUnknown("an object that is not an array")
    return Instance(arguments[0].kind, arguments[0].name)


def build(target: Instance, state: Any, budget: Budget) -> None:
    """Give an object under construction the state that the file has for it."""
    if target.kind == "dtype":
        target.result = _dtype_with_state(target.result, state)
    elif target.kind == "ndarray":
        target.result = _array(state, budget)
    elif isinstance(state, dict):
        target.state = state
    elif isinstance(state, tuple) and len(state) == 2 and isinstance(state[0], dict):  # (dictionary, slots)
        target.state = state[0]
    else:
        raise ValueError(f"the state of a {target.name} is not a dictionary")


def finish(value: Any, budget: Budget, depth: int = 0) -> Any:
    """Return the value with every object under construction replaced by its array."""
    if depth > _DEEPEST:
        raise ValueError("it is nested too deeply")
    if not isinstance(value, dict | list | tuple | Instance | Global):
        return value
    if isinstance(value, Global):
        return Unread(value.name)
    known = budget.finished.get(id(value))
    if known is not None:
        return known[1]
    budget.spend(16)
    if isinstance(value, dict):
        result: Any = {key: finish(item, budget, depth + 1) for key, item in value.items()}
    elif isinstance(value, list | tuple):
        result = type(value)(finish(item, budget, depth + 1) for item in value)
    else:
        result = _finished_instance(value, budget, depth)
    budget.finished[id(value)] = (value, result)
    return result


def _finished_instance(value: Instance, budget: Budget, depth: int) -> Any:
    if value.kind == "ndarray":
        if value.result is None:
            raise ValueError("an array has no content")
        return value.result
    if value.kind == "dtype":
        return value.result
    state = finish(value.state if value.state is not None else {}, budget, depth + 1)
    if value.kind == "sparse":
        return _sparse(value.name, state)
    numbers = evaluated(value.name.rsplit(".", 1)[-1], state, budget.spend)
    return Unread(value.name) if numbers is None else numbers


def _as_bytes(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):  # a byte string of Python 2
        return value.encode("latin-1")
    raise ValueError("an array has no bytes")


def _encoded(arguments: tuple[Any, ...], budget: Budget) -> bytes:
    """How Python 3 writes bytes in protocol 0 to 2: text and the name latin1."""
    if len(arguments) != 2 or not isinstance(arguments[0], str) or arguments[1] not in ("latin1", "latin-1"):
        raise PickleUnknown("text that is converted in an unusual way")
    budget.spend(len(arguments[0]))
    return arguments[0].encode("latin-1")


def _byte_string(arguments: tuple[Any, ...], budget: Budget) -> bytes:
    if not arguments:
        return b""
    if len(arguments) == 1 and isinstance(arguments[0], bytes):
        budget.spend(len(arguments[0]))
        return bytes(arguments[0])
    raise PickleUnknown("bytes that are made in an unusual way")


def _dtype(arguments: tuple[Any, ...]) -> np.dtype[Any]:
    name = arguments[0] if arguments else None
    if isinstance(name, bytes):
        name = name.decode("latin-1")
    if not isinstance(name, str) or not (name in _NUMBERS or _TEXTS.fullmatch(name)):
        raise ValueError(f"an array has the unusual type {shown(name)}")
    return np.dtype(name)


def _dtype_with_state(dtype: np.dtype[Any], state: Any) -> np.dtype[Any]:
    """State of a dtype: (version, byte order, ...); the rest is for structures, which are not read."""
    if not isinstance(state, tuple) or len(state) < 2 or any(part is not None for part in state[2:5]):
        raise ValueError("an array has an unusual type")
    order = state[1].decode("latin-1") if isinstance(state[1], bytes) else state[1]
    if order not in ("<", ">", "|", "="):
        raise ValueError("an array has an unusual byte order")
    return dtype if order == "|" else dtype.newbyteorder(order)


def _finished_dtype(value: Any) -> np.dtype[Any]:
    if not isinstance(value, Instance) or value.kind != "dtype":
        raise ValueError("an array has no type")
    return value.result


def _shape(value: Any) -> tuple[int, ...]:
    if not isinstance(value, tuple) or len(value) > 8:
        raise ValueError("an array has no shape")
    if not all(isinstance(size, int) and 0 <= size < 1 << 40 for size in value):
        raise ValueError("an array has an impossible shape")
    return value


def _array(state: Any, budget: Budget) -> Any:
    """State of an array: (version, shape, dtype, whether Fortran order, bytes or list of objects)."""
    if not isinstance(state, tuple) or len(state) not in (4, 5):
        raise ValueError("an array has an unusual state")
    shape, dtype, fortran, raw = _shape(state[-4]), _finished_dtype(state[-3]), bool(state[-2]), state[-1]
    count = math.prod(shape)
    if dtype.hasobject:
        return _object_array(shape, count, raw, budget)
    return _filled(_as_bytes(raw), dtype, shape, fortran)


def _filled(raw: bytes, dtype: np.dtype[Any], shape: tuple[int, ...], fortran: bool) -> Any:
    if len(raw) != math.prod(shape) * dtype.itemsize:
        raise ValueError(f"an array of shape {shape} has {len(raw)} bytes")
    values = np.frombuffer(raw, dtype=dtype)  # a view: arrays can never be larger than the file
    return values.reshape(shape, order="F" if fortran else "C")


def _object_array(shape: tuple[int, ...], count: int, items: Any, budget: Budget) -> Any:
    """An array of arbitrary values becomes nested Python lists' content, still under construction until `finish`."""
    if not isinstance(items, list) or len(items) != count:
        raise ValueError("an array of objects is not complete")
    finished = [finish(item, budget) for item in items]
    result = np.empty(count, dtype=object)
    for index, item in enumerate(finished):
        result[index] = item
    return result.reshape(shape)


def _scalar(arguments: tuple[Any, ...]) -> Any:
    dtype = _finished_dtype(arguments[0] if arguments else None)
    if dtype.hasobject:
        raise ValueError("a number has an unusual type")
    if len(arguments) == 1:
        return np.zeros((), dtype)[()]
    return _filled(_as_bytes(arguments[1]), dtype, (), False)[()]


def _from_buffer(arguments: tuple[Any, ...]) -> Any:
    """How numpy writes arrays in protocol 5: (bytes, dtype, shape, order)."""
    if len(arguments) != 4 or arguments[3] not in ("C", "F"):
        raise ValueError("an array has an unusual state")
    dtype = _finished_dtype(arguments[1])
    if dtype.hasobject:
        raise ValueError("an array has an unusual type")
    return _filled(_as_bytes(arguments[0]), dtype, _shape(arguments[2]), arguments[3] == "F")


def _sparse(name: str, state: dict[Any, Any]) -> Any:
    """A sparse matrix from its state, checked in full, so that no index points outside."""
    form = name.rsplit(".", 1)[-1][:3]
    shape = _shape(state.get("_shape", state.get("shape")))
    data: Any = state.get("data")
    parts: tuple[Any, ...]
    if form == "coo":
        coordinates = state.get("coords") or (state.get("row"), state.get("col"))
        parts = (data, *coordinates)
    else:
        parts = (data, state.get("indices"), state.get("indptr"))
    if len(shape) != 2 or len(parts) != 3 or not all(isinstance(part, np.ndarray) and part.ndim == 1 for part in parts):
        raise ValueError("a sparse matrix is not complete")
    if form == "coo":
        return sparse.coo_matrix((parts[0], (parts[1], parts[2])), shape=shape)
    if len(parts[2]) != shape[0 if form == "csr" else 1] + 1:
        raise ValueError("a sparse matrix is not complete")
    build_matrix = sparse.csr_matrix if form == "csr" else sparse.csc_matrix
    matrix = build_matrix(parts, shape=shape)
    matrix.check_format(full_check=True)
    return matrix
