"""Weights of networks from files of others: every name and shape as expected, every value a number."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

import torch
from torch import Tensor, nn

from ..contract.failure import Failure
from ..contract.foreign_text import shown
from .checkpoint import ADVICE, read_checkpoint

_SHOWN: Final = 3
N = TypeVar("N", bound=nn.Module)


def load_weights(network: nn.Module, path: Path, what: str) -> Failure | None:
    """Fill a network from a file that is its state dictionary; return why that fails."""
    content = read_checkpoint(path)
    return content if isinstance(content, Failure) else load_checked(network, content, path.name, what)


def load_checked(network: nn.Module, content: Any, name: str, what: str) -> Failure | None:
    """Fill a network from a state dictionary with exactly its names and shapes; return why that fails.

    Args:
        network: Whose parameters are set, see `on_meta_device`.
        content: Name -> tensor. A leading ``module.`` (of data-parallel training) is dropped. Counts of batches, which
            torch before 0.4.1 did not write, may be absent.
        name: Of the file.
        what: What was expected, for the message.
    """
    problem = state_dict_problem(network, content, name, what)
    if problem is not None:
        return problem
    given = _without_prefix(content)
    for key, value in given.items():
        if value.is_floating_point() and not bool(torch.isfinite(value).all()):
            return Failure("weights-damaged", f"{name}: '{shown(key)}' holds values that are not numbers.", ADVICE)
    for key in network.state_dict():
        given.setdefault(key, torch.zeros((), dtype=torch.long))  # a counter of batches, see above
    for key, value in given.items():
        given[key] = value.float() if value.is_floating_point() else value
    network.load_state_dict(given, assign=True)
    return None


def state_dict_problem(network: nn.Module, content: Any, name: str, what: str) -> Failure | None:
    """Return how names and shapes of a state dictionary differ from a network's, arguments as for `load_checked`."""
    if not isinstance(content, Mapping) or not all(isinstance(value, Tensor) for value in content.values()):
        return Failure("weights-of-other-kind", f"{name} holds no named tensors; expected {what}.", ADVICE)
    given, wanted = _without_prefix(content), network.state_dict()
    absent = [key for key in wanted if key not in given and not key.endswith("num_batches_tracked")]
    extra = [key for key in given if key not in wanted]
    if absent or extra:
        words = [f"lacks {_listed(absent)}"] if absent else []
        words += [f"has the unexpected {_listed(extra)}"] if extra else []
        return Failure("weights-of-other-kind", f"{name} is not {what}: it {' and '.join(words)}.", ADVICE)
    for key, value in given.items():
        if value.shape != wanted[key].shape:
            shapes = f"{tuple(value.shape)} instead of {tuple(wanted[key].shape)}"
            return Failure("weights-of-other-kind", f"{name} is not {what}: '{key}' has shape {shapes}.", ADVICE)
    return None


def _without_prefix(content: Mapping[Any, Tensor]) -> dict[str, Tensor]:
    return {str(key).removeprefix("module."): value for key, value in content.items()}


def on_meta_device(build: Callable[[], N]) -> N:
    """Return a network without memory for its parameters, to be filled: their random start would take seconds."""
    with torch.device("meta"):
        return build()


def _listed(names: list[str]) -> str:
    first = ", ".join(f"'{shown(name)}'" for name in names[:_SHOWN])
    return first if len(names) <= _SHOWN else f"{first} and {len(names) - _SHOWN} more"
