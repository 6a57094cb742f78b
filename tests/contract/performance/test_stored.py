"""ARKit's weights in a track file: with their header, whole or not there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from backend.contract.failure import Failure
from backend.contract.performance.stored import ArkitWeights, weights_in
from backend.contract.track import ONE_LENS_SCHEMA, Track, read_track, write_track
from tests.contract.test_track_file import FRAMES, VERTICES, a_track


def with_weights(track: Track, basis: bool) -> Track:
    weights = np.random.default_rng(1).random((FRAMES, 52)).astype(np.float32)
    weights[:, 51], weights[3] = np.nan, np.nan
    made = ArkitWeights(
        weights,
        np.array([0.4, 0.5, 0.6, np.nan], np.float32),
        ("geometry",) * 51 + ("not tracked",),
        (0.5,) * 51 + (0.0,),
        neutral_frame=2,
        basis=np.ones((VERTICES, 3, 52), np.float32) if basis else None,
    )
    header = {**track.header, "arkit": made.header}
    return replace(track, header=header, **made.arrays)


@pytest.mark.parametrize("basis", [False, True])
def test_arkit_weights_travel_in_the_track(tmp_path: Path, basis: bool) -> None:
    track = with_weights(a_track(), basis)
    assert write_track(tmp_path / "track.npz", track) is None
    again = read_track(tmp_path / "track.npz")
    assert isinstance(again, Track)
    stored, made = weights_in(again), weights_in(track)
    assert stored is not None and made is not None and weights_in(a_track()) is None
    assert np.array_equal(stored.weights, made.weights, equal_nan=True) and (stored.basis is not None) == basis
    assert (stored.source, stored.trust, stored.neutral_frame) == (made.source, made.trust, 2)
    assert again.header["schema"] == ONE_LENS_SCHEMA  # Readers that know nothing of weights pass them over.


@pytest.mark.parametrize("fault", ["no residual", "no header", "short trust"])
def test_half_of_the_weights_is_refused(tmp_path: Path, fault: str) -> None:
    track = with_weights(a_track(), False)
    entry = dict(track.header["arkit"])
    if fault == "no residual":
        track = replace(track, arkit_residual=None)
    elif fault == "no header":
        track = replace(track, header={name: value for name, value in track.header.items() if name != "arkit"})
    else:
        track = replace(track, header={**track.header, "arkit": {**entry, "trust": [1.0]}})
    assert write_track(tmp_path / "track.npz", track) is None
    problem = read_track(tmp_path / "track.npz")
    assert isinstance(problem, Failure) and problem.code == "track-damaged"
