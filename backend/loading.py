"""Weights of networks from files of others: tensors, numbers and plain containers only, every name as expected."""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from .contract.failure import Failure

_ADVICE: Final = "Download it again from its authors, or remove it: the program works without it."
_SHOWN: Final = 3
N = TypeVar("N", bound=nn.Module)


def _latin1(text: str, _encoding: str) -> bytes:
    """Stands for the codecs of Python, of which numpy's numbers need this one."""
    return text.encode("latin1")


_MAKERS: Final = {
    "_reconstruct": np.zeros(0).__reduce__()[0],
    "scalar": np.float64(0).__reduce__()[0],
}
_NUMBERS: Final[list[Any]] = [
    *((maker, f"numpy.{core}.multiarray.{name}") for name, maker in _MAKERS.items() for core in ("core", "_core")),
    (np.ndarray, "numpy.ndarray"),
    (np.dtype, "numpy.dtype"),
    *((type(np.dtype(kind)), f"numpy.dtypes.{type(np.dtype(kind)).__name__}") for kind in "?bBhHiIlLqQefd"),
    (_latin1, "_codecs.encode"),
]
"""Arrays and numbers of numpy, by the names of every version: MICA's trainer left some beside its weights."""


def read_checkpoint(path: Path, *, look: bool = False) -> Any | Failure:
    """Return what a torch file holds, built of tensors, numbers and plain containers alone; no code of it is run.

    Args:
        path: The file.
        look: Leave the numbers of the tensors on the disk where the file's format allows it: names and shapes do.
    """
    if not path.is_file():
        return Failure("weights-not-found", f"There is no file {path}.", "Choose an existing file of weights.")
    try:
        with torch.serialization.safe_globals(_NUMBERS):
            return torch.load(path, map_location="cpu", weights_only=True, mmap=look and zipfile.is_zipfile(path))
    except pickle.UnpicklingError as error:
        reason = str(error).splitlines()[0]
        return Failure(
            "weights-refused", f"{path.name} holds more than tensors or is damaged and was not read: {reason}", _ADVICE
        )
    except (OSError, EOFError, RuntimeError, ValueError, KeyError, zipfile.BadZipFile) as error:
        return Failure("weights-damaged", f"{path.name} cannot be read: {str(error).splitlines()[0]}.", _ADVICE)


def load_weights(network: nn.Module, path: Path, what: str) -> Failure | None:
    """Fill a network from a file that is its state dictionary; return why that fails."""
    content = read_checkpoint(path)
    return content if isinstance(content, Failure) else fill(network, content, path.name, what)


def fill(network: nn.Module, content: Any, name: str, what: str) -> Failure | None:
    """Fill a network from a state dictionary with exactly its names and shapes; return why that fails.

    Args:
        network: Whose parameters are set, see `hollow`.
        content: Name -> tensor. A leading ``module.`` (of data-parallel training) is dropped. Counts of batches, which
            torch before 0.4.1 did not write, may be absent.
        name: Of the file.
        what: What was expected, for the message.
    """
    problem = misfit(network, content, name, what)
    if problem is not None:
        return problem
    given = _without_prefix(content)
    for key, value in given.items():
        if value.is_floating_point() and not bool(torch.isfinite(value).all()):
            return Failure("weights-damaged", f"{name}: '{key}' holds values that are no numbers.", _ADVICE)
    for key in network.state_dict():
        given.setdefault(key, torch.zeros((), dtype=torch.long))  # a counter of batches, see above
    for key, value in given.items():
        given[key] = value.float() if value.is_floating_point() else value
    network.load_state_dict(given, assign=True)
    return None


def misfit(network: nn.Module, content: Any, name: str, what: str) -> Failure | None:
    """Return how names and shapes of a state dictionary differ from a network's, arguments as for `fill`."""
    if not isinstance(content, Mapping) or not all(isinstance(value, Tensor) for value in content.values()):
        return Failure("weights-of-other-kind", f"{name} holds no named tensors; expected {what}.", _ADVICE)
    given, wanted = _without_prefix(content), network.state_dict()
    absent = [key for key in wanted if key not in given and not key.endswith("num_batches_tracked")]
    extra = [key for key in given if key not in wanted]
    if absent or extra:
        words = [f"lacks {_some(absent)}"] if absent else []
        words += [f"has {_some(extra)} too many"] if extra else []
        return Failure("weights-of-other-kind", f"{name} is not {what}: it {' and '.join(words)}.", _ADVICE)
    for key, value in given.items():
        if value.shape != wanted[key].shape:
            shapes = f"{tuple(value.shape)} instead of {tuple(wanted[key].shape)}"
            return Failure("weights-of-other-kind", f"{name} is not {what}: '{key}' has shape {shapes}.", _ADVICE)
    return None


def _without_prefix(content: Mapping[Any, Tensor]) -> dict[str, Tensor]:
    return {str(key).removeprefix("module."): value for key, value in content.items()}


def hollow(build: Callable[[], N]) -> N:
    """Return a network without memory for its parameters, to be filled: their random start would take seconds."""
    with torch.device("meta"):
        return build()


def _some(names: list[str]) -> str:
    shown = ", ".join(f"'{name}'" for name in names[:_SHOWN])
    return shown if len(names) <= _SHOWN else f"{shown} and {len(names) - _SHOWN} more"
