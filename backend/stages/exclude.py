"""Stage Exclude: landmarks, of which those that the user excluded do not count in anything that follows."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import numpy as np

from ..contract.failure import Failure
from ..contract.settings import ExcludeSettings
from ..corrections.source import exclusions_of, matte_files
from ..data.context import Context
from ..data.stage_code import StageCode, counted, shortened
from ..data.types import Landmarks, Video


def run(
    landmarks: Landmarks,
    video: Video,
    settings: ExcludeSettings,
    context: Context,
) -> Landmarks | Failure:
    """Return the landmarks without what is excluded; see `corrections.exclusion`."""
    from ..corrections.exclusion import landmarks_without

    excluded = exclusions_of(settings)
    return excluded if isinstance(excluded, Failure) else landmarks_without(landmarks, video, excluded, context)


def check(settings: ExcludeSettings) -> Failure | None:
    """Refuse corrections that cannot be read before any work is done."""
    excluded = exclusions_of(settings)
    return excluded if isinstance(excluded, Failure) else None


def files(settings: ExcludeSettings, _models: Path) -> Iterable[Path]:
    """The file of corrections, and the pictures of the matte."""
    excluded = exclusions_of(settings)
    matte = [] if isinstance(excluded, Failure) else matte_files(excluded.matte)
    return [*([Path(settings.corrections)] if settings.corrections else []), *matte]


def summary(output: Landmarks, _settings: ExcludeSettings) -> str:
    """How many landmarks and frames do not count."""
    if output.counted is None:
        return "nothing excluded"
    gaps = int(np.count_nonzero(~output.found))
    share = 100 * (1 - float(output.counted[output.found].mean())) if output.found.any() else 100.0
    words = [f"{share:.0f} % of landmarks"] if share else []
    return shortened("without " + " and ".join([*words, *([counted(gaps, "frame")] if gaps else [])]))


CODE: Final = StageCode(run, files=files, check=check, summary=summary)
