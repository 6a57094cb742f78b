"""Stage Appearance: the finished fit is refined by what the skin looks like in the pictures themselves."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from ..contract.failure import Failure
from ..contract.model_files import ALBEDO, PARSING_WEIGHTS, UV_TEXTURE, find_model_file
from ..contract.settings import AppearanceSettings
from ..data.context import Context
from ..data.stage_code import StageCode
from ..data.types import Fit, Video
from ..head.model import HeadModel
from .arkit import without_outdated


def run(fit: Fit, head: HeadModel, video: Video, settings: AppearanceSettings, context: Context) -> Fit | Failure:
    """Return the refined fit, or the fit as it was where refining does not help, with light and albedo.

    See `appearance.focal_from_tracks`, `appearance.refinement` and `lighting.clip_light`.
    """
    from ..appearance.focal_from_tracks import estimate_focal_from_tracks
    from ..appearance.refinement import refined_fit
    from ..lighting.clip_light import lit_fit
    from ..video.excluded_pixels import excluded_pixels

    fit, video = without_outdated(fit, context), video.through(fit.curved)
    hidden = excluded_pixels(fit.landmarks.excluded, video, context)
    if isinstance(hidden, Failure):
        return hidden
    calibrated = estimate_focal_from_tracks(fit, head, video, context)
    refined = refined_fit(calibrated, head, video, settings, context, hidden)
    return refined if isinstance(refined, Failure) else lit_fit(refined, head, video, settings.light, context, hidden)


def parsing_files(_settings: object, models: Path) -> Iterable[Path]:
    """The network that tells what hides the skin."""
    file = find_model_file(models, PARSING_WEIGHTS)
    return [] if file is None else [file]


def model_files(settings: object, models: Path) -> Iterable[Path]:
    """That network, and the spaces of skin colour: what changes light and albedo besides fit and footage."""
    spaces = [find_model_file(models, name) for name in (UV_TEXTURE, ALBEDO)]
    return [*parsing_files(settings, models), *(space for space in spaces if space is not None)]


def summary(output: Fit, _settings: AppearanceSettings) -> str:
    """What the pictures changed."""
    report = output.report.appearance
    if report is None or not report.used or report.turned is None or report.steadier is None:
        return "no change"
    return f"rotation corrected {report.turned:.1f}°, {100 * report.steadier:.0f} % steadier"


CODE: Final = StageCode(
    run,
    files=model_files,
    summary=summary,
)
