"""Availability of the engine, for drawing: looked up while drawing, found out by a timer."""

from __future__ import annotations

import time
from typing import Any, Final

from ...backend.contract.failure import Failure
from .. import redrawing
from ..engine.environment import EngineState
from ..polling import Poller
from ..preferences import engine_state
from . import runs

FRESH: Final = 2.0
"""Seconds after which what is drawn is looked at again."""

_problem: Failure | None = None
_looked = float("-inf")


def problem() -> Failure | None:
    """Return why nothing can be tracked with the engine as it is, None where it is well. For drawing."""
    if engine_state.environment.state is EngineState.INSTALLING and runs.engine_override is None:
        return Failure("engine-installing", "The tracking engine is being installed.", "Wait until it is ready.")
    if time.monotonic() - _looked > FRESH:
        POLLER.start()
    return _problem


def check() -> Failure | None:
    """Look at the engine now: a few small files, no process."""
    global _problem, _looked
    engine = runs.engine_now()
    _problem, _looked = engine if isinstance(engine, Failure) else None, time.monotonic()
    return _problem


def _look() -> None:
    before = _problem
    if check() != before:
        redrawing.TRACKING.redraw()


POLLER: Final = Poller(_look)


CLASSES: Final[tuple[type[Any], ...]] = ()


def unregister() -> None:
    """Look no more."""
    global _problem, _looked
    POLLER.stop()
    _problem, _looked = None, float("-inf")
