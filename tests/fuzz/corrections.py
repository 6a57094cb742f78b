"""Damaged corrections, applied to a small track and solved on one of its frames; the result is a track as any other."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np

from backend.contract.corrections.corrections import (
    Area,
    AreaKey,
    Corrections,
    KeyPose,
    Pin,
    PinnedFrame,
    corrections_of,
    parse_corrections,
)
from backend.contract.corrections.frame_solve import solve_frame
from backend.contract.corrections.joining import joined_tracks
from backend.contract.corrections.posed_head import PosedHead
from backend.contract.corrections.spreading import corrected_track
from backend.contract.corrections.uncorrected import uncorrected_track
from backend.contract.failure import Failure
from backend.contract.track import Track, read_track, write_track

from .damage import damaged_bytes, damaged_data
from .kind import Kind
from .tracks import small_track

_PIN: Final = Pin(2, (0.2, 0.3, 0.5), (320.0, 240.0))
_POSE: Final = KeyPose(
    (np.pi, 0.1, 0.0), (0.01, 0.0, 0.6), (0.0,) * 3, (0.1, 0.0, 0.0), (0.0,) * 3, (0.0,) * 3, (0.0, 0.0), (0.1, 0.0)
)
_KEYS: Final = (AreaKey(0, ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0))),)
_GOOD: Final = Corrections(
    (PinnedFrame(1, _POSE, (_PIN,)), PinnedFrame(2, _POSE, (), "soft", 1)),
    areas=(Area("hand", _KEYS, without=(Area("hole", _KEYS),)),),
)
_NUMBERS: Final = (0.0, -1e-300, 1e300, -1e7, 1e4, 3.2, -0.6, 1e-12)


def make(rng: random.Random) -> bytes:
    """Return corrections with damaged bytes or values, or with numbers that are none of a head's."""
    plain = _GOOD.to_plain()
    how = rng.randrange(4)
    if how == 0:
        return damaged_bytes(json.dumps(plain).encode(), rng)
    if how == 1:
        return json.dumps(damaged_data(plain, rng, rng.choice((0.01, 0.1)))).encode("utf-8", "surrogatepass")
    for pinned in plain["pinned"]:
        for values in pinned["pose"].values():
            _spoil(values, rng, how)
        for pin in pinned["pins"]:
            _spoil(pin["pixel"], rng, how)
            _spoil(pin["barycentric"], rng, how)
            pin["triangle"] = rng.choice((0, 19, 20, 2**31 - 1))
        pinned["frame"] = rng.choice((pinned["frame"], rng.randrange(4)))
        pinned["reach"] = rng.choice((-1, 0, 1, 2**31 - 1))
    return json.dumps(plain).encode()


def _spoil(values: Any, rng: random.Random, share: int) -> None:
    items = list(values)
    for index in range(len(items)):
        if rng.random() < 0.008 * share:
            items[index] = rng.choice(_NUMBERS)
    values[:] = items


@cache
def _track(folder: Path) -> Track:
    path = folder / "good.npz"
    np.savez(path, **small_track())
    track = read_track(path)
    assert not isinstance(track, Failure), track
    return replace(track, uncorrected_rows=None, uncorrected=None)


def read(content: bytes, folder: Path) -> object:
    """Use the corrections in every way that Blender and the engine do."""
    corrections = parse_corrections(content)
    if isinstance(corrections, Failure):
        return corrections
    assert corrections_of(json.loads(corrections.to_json())) == corrections
    track = _track(folder)
    head = PosedHead(track).on(0)
    for pinned in corrections.pinned:
        solved = solve_frame(head, head.pose_at(0), pinned.pins, track.intrinsics)
        assert isinstance(solved, Failure) or np.isfinite(solved.pose.head_translation).all()
        solve_frame(head, pinned.pose, pinned.pins, track.intrinsics)
    corrected = corrected_track(track, corrections)
    if isinstance(corrected, Failure):
        return corrected
    path = folder / "corrected.npz"
    assert write_track(path, corrected) is None
    again = read_track(path)
    assert not isinstance(again, Failure), again
    back = uncorrected_track(again)
    assert not isinstance(back, Failure), back
    assert np.array_equal(back.head_translation, track.head_translation)
    joined = joined_tracks(track, again, 1)
    assert not isinstance(joined, Failure), joined
    return 0


KIND: Final = Kind(make, read)
