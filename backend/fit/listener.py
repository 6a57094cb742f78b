"""Progress of a fit, and what it looks like so far, for whoever listens."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..contract.arrays import Integers
from ..data.context import Context
from .geometry.landmark_model import LandmarkModel
from .geometry.state import Frames, Shared

Progress = Callable[[str, int, int], None]
"""Takes the part of the fit, the steps done and the steps in all; may raise to stop."""

Watch = Callable[[LandmarkModel, Shared, Integers, Frames], None]
"""Is shown the fit while it goes on: the model, what the clip shares so far, the positions of some frames in the clip,
and these frames as they are so far."""


def _silent(_part: str, _done: int, _total: int) -> None:
    """Say nothing."""


def _unwatched(_model: LandmarkModel, _shared: Shared, _positions: Integers, _frames: Frames) -> None:
    """Look at nothing."""


@dataclass(frozen=True)
class Listener:
    """Hears how far a fit is, and sees it."""

    progress: Progress = _silent
    watch: Watch = _unwatched


def progress_of(context: Context, shares: Mapping[str, tuple[float, float]]) -> Progress:
    """Return what tells the context how far the work is.

    Args:
        context: Of the stage.
        shares: Of each part of the work: where in the whole it begins and ends, 0..1.
    """
    started = time.perf_counter()

    def report(part: str, done: int, total: int) -> None:
        context.check()
        low, high = shares[part]
        share = low + (high - low) * min(done / max(total, 1), 1.0)
        spent = time.perf_counter() - started
        context.progress(round(100 * share), 100, spent * (1 - share) / share if share > 0.05 else None)

    return report
