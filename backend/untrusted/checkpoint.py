"""Reader of torch files of others: tensors, numbers, names and plain containers, and nothing else ever comes out.

torch reads them with its restricted unpickler. Values of numpy, which trainers leave beside the weights, are of no use
here: where a file names numpy's classes, that unpickler gets the stand-in of this file, which holds nothing. (It must
never get the classes themselves: with them a file can make arrays of objects of its own bytes, which are then taken for
addresses.)
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from ..contract.failure import Failure
from ..contract.foreign_text import reason, shown
from .harmful_names import runs_something

ADVICE: Final = "Download it again from its authors, or remove it: the program works without it."
_LARGEST: Final = 4 << 30
"""Bytes; the largest of the files, MICA's, has half a gigabyte."""
_PACKING: Final = 1 << 20
"""Bytes by which an archive may unfold: torch stores numbers as they are."""
_MOST_VALUES: Final = 200_000
_DEEPEST: Final = 50
_NAMED: Final = re.compile(r"GLOBAL ([\w.]+)")
"""The name in the error of torch."""
_TYPES: Final = frozenset(
    (
        *(torch.float16, torch.bfloat16, torch.float32, torch.float64),
        *(torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.bool),
    )
)
"""Types of the numbers in tensors that come out."""


class _Placeholder:
    """Stands for a value of numpy; whatever a file says of it is dropped."""

    def __init__(self, *_given: object) -> None:
        return

    def __new__(cls, *_given: object) -> _Placeholder:
        """Make one of whatever the file gives."""
        return super().__new__(cls)

    def __setstate__(self, _state: object) -> None:
        return


_NUMBERS: Final = [type(np.dtype(kind)).__name__ for kind in "?bBhHiIlLqQefd"]
_STAND_INS: Final[list[Any]] = [
    *(
        (_Placeholder, f"numpy.{core}.multiarray.{name}")
        for name in ("_reconstruct", "scalar")
        for core in ("core", "_core")
    ),
    *((_Placeholder, f"numpy.{name}") for name in ("ndarray", "dtype")),
    *((_Placeholder, f"numpy.dtypes.{name}") for name in _NUMBERS),
]
"""By the names of every version of numpy."""


def read_checkpoint(path: Path, *, shapes_only: bool = False) -> Any | Failure:
    """Return what a torch file holds: tensors of fixed types on the processor, numbers, text, lists and mappings.

    What else it holds is None in their place; no code of it is run.

    Args:
        path: The file.
        shapes_only: Leave the numbers of the tensors on the disk where the format of the file allows it.
    """
    if not path.is_file():
        return Failure("weights-not-found", f"There is no file {path}.", "Choose an existing file of weights.")
    try:
        archive = zipfile.is_zipfile(path)
        problem = _size_problem(path, archive)
        if problem is not None:
            return Failure("weights-size", f"{path.name} {problem}.", ADVICE)
        with torch.serialization.safe_globals(_STAND_INS):
            content = torch.load(path, map_location="cpu", weights_only=True, mmap=shapes_only and archive)
        return _PlainCopy().copy(content)
    except (OSError, MemoryError, _TooMany) as error:
        return Failure("weights-damaged", f"{path.name} cannot be read: {reason(error)}.", ADVICE)
    except Exception as error:  # noqa: BLE001 - whatever a stranger's bytes lead to, the answer is a sentence
        return _refusal(path, error)


def _refusal(path: Path, error: Exception) -> Failure:
    """Why torch does not read a file; its own words advise to read it unrestricted."""
    named = _NAMED.search(str(error))
    if named is None:
        return Failure("weights-damaged", f"{path.name} is damaged, cut short or not a file of weights.", ADVICE)
    module, _, name = named[1].rpartition(".")
    sentence = (
        f"{path.name} was not read because it holds '{shown(named[1])}', which is not a weight; nothing in it was run."
    )
    if runs_something(module or "builtins", name):
        advice = "Do not open this file elsewhere either; get it from its authors, or remove it."
        return Failure("weights-refused", sentence, advice)
    return Failure("weights-refused", sentence, ADVICE)


def _size_problem(path: Path, archive: bool) -> str | None:
    size = path.stat().st_size
    if size == 0:
        return "is empty"
    if size > _LARGEST:
        return f"has {size / 1e9:.1f} GB, far more than a face network"
    if archive:
        with zipfile.ZipFile(path) as content:
            if sum(info.file_size for info in content.infolist()) > size + _PACKING:
                return "unpacks to far more than its own size"
    return None


class _TooMany(Exception):  # noqa: N818 - becomes a Failure in `read_checkpoint`
    """A file holds far more than a face network."""


class _PlainCopy:
    """Copies what a file holds without what is no number, name or container of such."""

    def __init__(self) -> None:
        self.remaining = _MOST_VALUES

    def copy(self, value: Any, depth: int = 0) -> Any:
        """Return the value, None for what is none of these; `_TooMany` where there are absurdly many."""
        self.remaining -= 1
        if self.remaining < 0 or depth > _DEEPEST:
            raise _TooMany("it holds far more values than a face network")
        if isinstance(value, Tensor):
            return _plain_tensor(value)
        if isinstance(value, Mapping):
            items = [(key, item) for key, item in value.items() if isinstance(key, str | int)]
            return {key: self.copy(item, depth + 1) for key, item in items}
        if isinstance(value, list | tuple):
            return [self.copy(item, depth + 1) for item in value]
        return value if type(value) in (str, int, float, bool) else None


def _plain_tensor(value: Tensor) -> Tensor | None:
    if value.layout != torch.strided or value.device.type != "cpu" or value.dtype not in _TYPES:
        return None
    return value.detach().as_subclass(Tensor)
