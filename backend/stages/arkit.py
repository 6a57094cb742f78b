"""Stage ARKit Weights: the finished fit gets ARKit's 52 weights on every frame, which the track file holds."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from ..contract.arrays import Floats
from ..contract.corrections.uncorrected import uncorrected_track
from ..contract.failure import Failure, Notice
from ..contract.performance.calibration import Calibration, calibrated, neutral_problem
from ..contract.performance.channels import CHANNELS
from ..contract.performance.neutral import propose_neutral
from ..contract.performance.performance import NOT_TRACKED
from ..contract.performance.stored import ArkitWeights
from ..contract.performance.weights.basis import are_arkit
from ..contract.performance.weights.from_track import Solved, performance_of
from ..contract.performance.weights.options import ArkitOptions
from ..contract.settings import ArkitSettings
from ..contract.track import TRACKED, Track
from ..data.context import Context
from ..data.stage_code import StageCode
from ..data.types import Fit
from ..head.model import HeadModel
from .track import track_of


def run(fit: Fit, head: HeadModel, settings: ArkitSettings, context: Context) -> Fit | Failure:
    """Return the fit with weights, solved of the very track that will be written.

    See `contract.performance.weights`.
    """
    from ..head.arkit_basis import arkit_basis

    track = track_of(fit, head, context)
    has_shapes = are_arkit(head.expression_names)
    if not has_shapes:
        transferred = arkit_basis(head)
        if isinstance(transferred, Failure):
            return _without_weights(fit, transferred, context)
        track = replace(track, arkit_basis=transferred)
    options = ArkitOptions(settings.smoothness, settings.sparsity, settings.scores)
    solved = performance_of(track, options)
    if isinstance(solved, Failure):
        return _without_weights(fit, solved, context)
    neutral = _neutral_row(solved, track, settings)
    if isinstance(neutral, Failure):
        return neutral
    calibration = Calibration(() if neutral is None else (neutral,))
    problem = neutral_problem(solved.performance, calibration)
    if problem is not None:
        return problem
    performance = calibrated(solved.performance, calibration)
    weights = ArkitWeights(
        weights=performance.weights.astype(np.float32),
        residual=solved.residual.astype(np.float32),
        source=performance.source,
        trust=tuple(float(value) for value in performance.trust),
        neutral_frame=None if neutral is None else int(track.frame_index[neutral]),
        basis=None if has_shapes else solved.basis.displacement.astype(np.float32),
    )
    before = _before_corrections(track, options, calibration)
    if isinstance(before, Failure):
        return before
    return replace(fit, arkit=weights, uncorrected=before)


def _before_corrections(track: Track, options: ArkitOptions, calibration: Calibration) -> Floats | Failure | None:
    """Return what a track with pinned frames was without them, weights included; None where nothing was pinned."""
    if track.uncorrected_rows is None or track.uncorrected is None:
        return None
    base = uncorrected_track(track)
    solved = base if isinstance(base, Failure) else performance_of(base, options)
    if isinstance(solved, Failure):
        return solved
    rows = track.uncorrected_rows
    weights = calibrated(solved.performance, calibration).weights[rows]
    return np.column_stack([track.uncorrected, weights, solved.residual[rows]])


def _without_weights(fit: Fit, why: Failure, context: Context) -> Fit:
    """Go on without: the track itself is worth having."""
    context.notice(Notice(why.code, why.sentence, f"The track is written without weights. {why.advice}"))
    return fit


def _neutral_row(solved: Solved, track: Track, settings: ArkitSettings) -> int | Failure | None:
    """Return the row of the frame from which weights count, None where they do as they are."""
    if settings.neutral == "none":
        return None
    if settings.neutral == "proposed":
        return propose_neutral(solved.performance, track.status == TRACKED)
    row = int(np.searchsorted(track.frame_index, settings.neutral_frame))
    if row < len(track) and track.frame_index[row] == settings.neutral_frame:
        return row
    return Failure(
        "neutral-frame-outside",
        f"Frame {settings.neutral_frame}, which was named as the neutral one, is not among those that were tracked.",
        f"Name one from {track.frame_index[0]} to {track.frame_index[-1]}.",
    )


def without_outdated(fit: Fit, context: Context) -> Fit:
    """Return a fit that is about to change without the weights that were solved of it before, and say so."""
    if fit.arkit is None:
        return fit
    sentence = "ARKit's weights were solved before the fit was changed again, so they are left out."
    context.notice(Notice("weights-outdated", sentence, "Put ARKit Weights after all that changes the fit."))
    return replace(fit, arkit=None)


def summary(output: Fit, _settings: ArkitSettings) -> str:
    """How many channels there are, and how far their face is from the tracked one."""
    arkit = output.arkit
    if arkit is None:
        return "no weights"
    tracked = sum(source != NOT_TRACKED for source in arkit.source)
    return f"{tracked} of {len(CHANNELS)} channels, {np.nanmedian(arkit.residual):.1f} mm left"


CODE: Final = StageCode(run, summary=summary)
