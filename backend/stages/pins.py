"""Stage Pins: the finished fit passes through frames that were put right by hand, and their neighbours follow."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from ..contract.failure import Failure
from ..contract.pixel_shape import in_file_pixels
from ..contract.settings import PinsSettings
from ..corrections.source import corrections_from
from ..data.context import Context
from ..data.stage_code import StageCode, counted
from ..data.types import Fit
from ..head.model import HeadModel
from .arkit import without_outdated
from .track import track_of


def run(fit: Fit, head: HeadModel, settings: PinsSettings, context: Context) -> Fit | Failure:
    """Return the fit with its pinned frames; see `corrections.pinned_fit`."""
    from ..corrections.pinned_fit import pinned_fit

    corrections = corrections_from(settings.corrections)
    if isinstance(corrections, Failure) or not corrections.pinned:
        return corrections if isinstance(corrections, Failure) else fit
    fit = without_outdated(fit, context)
    track = in_file_pixels(track_of(fit, head, context))
    return pinned_fit(fit, track, head, corrections, settings, context)


def check(settings: PinsSettings) -> Failure | None:
    """Refuse corrections that cannot be read before any work is done."""
    corrections = corrections_from(settings.corrections)
    return corrections if isinstance(corrections, Failure) else None


def files(settings: PinsSettings, _models: Path) -> Iterable[Path]:
    """The file of corrections."""
    return [Path(settings.corrections)] if settings.corrections else []


def summary(output: Fit, _settings: PinsSettings) -> str:
    """How many frames are pinned."""
    return f"{counted(len(output.pinned), 'frame')} pinned" if output.pinned else "nothing pinned"


CODE: Final = StageCode(run, files=files, check=check, summary=summary)
