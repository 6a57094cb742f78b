"""Errors and warnings of both versions' interfaces, for the scripts that call them."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from ..contract.failure import Failure, Notice

Value = TypeVar("Value")


class TrackerError(RuntimeError):
    """Why a picture or video could not be tracked, in one sentence with what to do about it."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(str(failure))
        self.failure = failure


class TrackerWarning(UserWarning):
    """Something to know although the work went on."""


def value_or_raise(value: Value | Failure) -> Value:
    """Return a value; a failure is raised as `TrackerError`."""
    if isinstance(value, Failure):
        raise TrackerError(value)
    return value


def warn(text: str) -> None:
    """Warn whoever called the interface, at the line where they did."""
    warnings.warn(text, TrackerWarning, stacklevel=_lines_inside())


def warn_of_all(sentences: Iterable[str]) -> None:
    """Warn of each."""
    for sentence in sentences:
        warn(sentence)


def warn_of_notice(notice: Notice) -> None:
    """Warn of a notice."""
    warn(notice.sentence)


def warn_of_event(event: Mapping[str, Any]) -> None:
    """Warn of an event that is a notice."""
    if event.get("event") == "notice":
        warn(event["sentence"])


def _lines_inside() -> int:
    """How many calls up from `warn` the caller's own code is."""
    package = __name__.rsplit(".", 2)[0] + "."
    depth, frame = 1, sys._getframe(1)
    while frame.f_back is not None and str(frame.f_globals.get("__name__", "")).startswith(package):
        depth, frame = depth + 1, frame.f_back
    return depth
