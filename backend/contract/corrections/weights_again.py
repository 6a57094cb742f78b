"""ARKit's weights of frames whose pose was changed, solved again as the track's file says that they were."""

from __future__ import annotations

import numpy as np

from ..arrays import Array, Integers
from ..failure import Failure
from ..performance.calibration import Calibration, calibrated, neutral_problem
from ..performance.stored import weights_in
from ..performance.weights.from_track import performance_of
from ..performance.weights.options import ArkitOptions
from ..track import Track


def weights_again(track: Track, rows: Integers) -> dict[str, Array]:
    """Return the arrays of a track's weights with those of some rows solved anew; none where it has no weights.

    Args:
        track: Its pose and vertices changed, its weights not yet.
        rows: Which changed; where no weights can be solved they are unknown.
    """
    stored = weights_in(track)
    if stored is None:
        return {}
    weights, residual = np.array(stored.weights), np.array(stored.residual)
    weights[rows], residual[rows] = np.nan, np.nan
    solved = performance_of(track, _options(track))
    if not isinstance(solved, Failure):
        neutral = np.flatnonzero(track.frame_index == stored.neutral_frame)
        calibration = Calibration(tuple(neutral.tolist()))
        if neutral_problem(solved.performance, calibration) is None:
            weights[rows] = calibrated(solved.performance, calibration).weights[rows]
            residual[rows] = solved.residual[rows]
    return {"arkit_weights": weights, "arkit_residual": residual}


def _options(track: Track) -> ArkitOptions:
    """Return how the weights were solved, as far as the file says so."""
    said = track.header.get("settings", {}).get("arkit")
    usual = ArkitOptions()
    if not isinstance(said, dict):
        return usual
    known = {
        name: said[name] for name in ("smoothness", "sparsity", "scores") if isinstance(said.get(name), (int, float))
    }
    return ArkitOptions(**{**{name: getattr(usual, name) for name in known}, **known})
