"""Joining of tracks: the frames of a part that was solved again replace those of the track, without a step.

At both ends of the part the new motion takes over from the old one along a curve whose slope and curvature are zero at
its ends, in the tangent coordinates of `pose_changes`. Face shape, lens, light and all else that is of the whole clip
stay those of the track.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from ..arrays import Array, Floats, Integers
from ..camera import rotation_matrices
from ..failure import Failure
from ..track import MISSING, Track
from ..track_schema import KINDS
from .corrections import ENTRY
from .join_problems import converted, join_problem
from .pose_changes import middle_of, mixed, poses_of
from .posed_frames import moved_vertices
from .reach import ramp
from .uncorrected import before_of
from .weights_again import weights_again

JOINED: Final = "joined"
"""Entry of the header: the parts that were joined, with first and last frame, frames of the blends, and settings."""
STAYS: Final = ("light", "gain")
"""Of every frame, and yet of the whole clip's solution: they belong to the albedo of the track."""
LARGEST_SHARE: Final = 0.5
"""Of the part that a blend takes, however far apart the two are."""


@dataclass(frozen=True)
class _Rows:
    """Which frames of a joined track come from where.

    Attributes:
        frame_index: Of the joined track (T,).
        base, part: Row there, -1 where it has none (T,).
    """

    frame_index: Integers
    base: Integers
    part: Integers


def joined_tracks(base: Track, part: Track, blend_frames: int) -> Track | Failure:
    """Return a track in which the frames of a part replace those of the track.

    Args:
        base: The track.
        part: Of the same clip and head: any range of its frames, which may also go on before or after it.
        blend_frames: Over how many frames of the part, at each end that goes on in the track, the new motion takes
            over; more if the two lie so far apart that the head would jerk.
    """
    problem = join_problem(base, part)
    if problem is not None:
        return problem
    part = converted(part, base)
    rows = _rows(base, part)
    joined = replace(base, **_arrays(base, part, rows))
    shares, blends = _shares(base, part, rows, blend_frames)
    joined = _blended(joined, base, part, rows, shares)
    ours = np.flatnonzero(rows.part >= 0)
    header = {**joined.header, JOINED: [*_others(base, part), _entry(part, blends)]}
    if ENTRY in part.header:
        header[ENTRY] = part.header[ENTRY]
    joined = replace(joined, header=header, **_uncorrected(base, part, rows, shares))
    return replace(joined, **weights_again(joined, ours))


def _rows(base: Track, part: Track) -> _Rows:
    frames = np.union1d(base.frame_index, part.frame_index)

    def row_in(track: Track) -> Integers:
        row = np.searchsorted(track.frame_index, frames).clip(0, len(track) - 1)
        return np.where(track.frame_index[row] == frames, row, -1)

    return _Rows(frames, row_in(base), row_in(part))


def _arrays(base: Track, part: Track, rows: _Rows) -> dict[str, Array]:
    """Return all that is of single frames: the part's where it has them."""
    result: dict[str, Array] = {"frame_index": rows.frame_index}
    ours = rows.part >= 0
    nearest = np.searchsorted(base.frame_index, rows.frame_index).clip(0, len(base) - 1)
    for name, kind in KINDS.items():
        old, new = getattr(base, name), getattr(part, name)
        if kind.shape[0] != "T" or old is None or name in result:
            continue
        values = np.array(old[nearest])
        if name == "zoom":
            values[rows.base < 0] = (part.focal_lengths / base.intrinsics.focal_x)[rows.part[rows.base < 0]]
        elif name == "shot":
            values[ours] = _shots(base, part, rows)[ours]
        elif name not in STAYS:
            values[ours] = np.nan if new is None else new[rows.part[ours]]
        result[name] = values
    if base.eyelid_basis is None and part.eyelid_basis is not None:
        result["eyelid_basis"] = part.eyelid_basis
    return result


def _shots(base: Track, part: Track, rows: _Rows) -> Integers:
    """Return the shots (T,): the track's, and beyond its ends the part's, counted on from the frames that both have."""
    result = np.zeros(len(rows.frame_index), dtype=np.int64)
    result[rows.base >= 0] = base.shot[rows.base[rows.base >= 0]]
    both = np.flatnonzero((rows.base >= 0) & (rows.part >= 0))
    before = rows.frame_index < base.frame_index[0]
    for beyond, end in ((before, both[0]), ((rows.base < 0) & ~before, both[-1])):
        result[beyond] = part.shot[rows.part[beyond]] + result[end] - part.shot[rows.part[end]]
    return result - min(int(result.min()), 0)


def _shares(base: Track, part: Track, rows: _Rows, blend_frames: int) -> tuple[Floats, tuple[int, int]]:
    """Return how far every frame is the part's (T,), 0 to 1, and how many frames the blends take."""
    shares = (rows.part >= 0).astype(np.float64)
    ours = np.flatnonzero(rows.part >= 0)
    common = (rows.base >= 0) & (rows.part >= 0)
    common[common] = (base.status[rows.base[common]] != MISSING) & (part.status[rows.part[common]] != MISSING)
    lengths = []
    for step, end in ((1, int(ours[0])), (-1, int(ours[-1]))):
        length = 0
        outside = end - step
        if 0 <= outside < len(shares) and _goes_on(base, rows, outside, end):
            run = _run(common, base, rows, end, step)
            length = _needed(base, part, rows, outside, run, blend_frames)
            shares[run[:length]] = _rising(length)
        lengths.append(length)
    return shares, (lengths[0], lengths[1])


def _goes_on(base: Track, rows: _Rows, outside: int, end: int) -> bool:
    """Whether the track goes on beside the part, in one shot."""
    one, other = rows.base[outside], rows.base[end]
    return bool(one >= 0 and other >= 0 and base.status[one] != MISSING and base.shot[one] == base.shot[other])


def _run(common: Array, base: Track, rows: _Rows, end: int, step: int) -> Integers:
    """Return the frames from an end of the part inwards over which both tracks have a head, in one shot."""
    ours = np.flatnonzero(rows.part >= 0)
    inwards = ours if step > 0 else ours[::-1]
    good = common[inwards] & (base.shot[rows.base[inwards]] == base.shot[rows.base[end]])
    count = len(good) if good.all() else int(np.argmin(good))
    return inwards[: min(count, max(int(LARGEST_SHARE * len(ours)), 1))]


def _needed(base: Track, part: Track, rows: _Rows, outside: int, run: Integers, blend_frames: int) -> int:
    """Return how many frames a blend needs so that the head bends its way no more than it does by itself.

    Args:
        base, part, rows: What is joined.
        outside: Frame of the track beside the part.
        run: Frames that can be blended, from there inwards (N,).
        blend_frames: As many at least.
    """
    if blend_frames == 0 or len(run) <= blend_frames:
        return min(blend_frames, len(run))
    step = int(run[0]) - outside
    before = [row for row in (outside - step, outside) if 0 <= row < len(rows.base) and rows.base[row] >= 0]
    old = _points(base, rows.base[[*before, *run]])
    new = np.concatenate([old[: len(before)], _points(part, rows.part[run])])
    usual = max(_bend(old), _bend(new[len(before) :]))
    for length in range(blend_frames, len(run)):
        shares = np.ones(len(old))
        shares[: len(before) + length] = 0.0
        shares[len(before) : len(before) + length] = _rising(length)
        if _bend(old + shares[:, None, None] * (new - old)) <= usual:
            return length
    return len(run)


def _rising(length: int) -> Floats:
    """Return the shares of the part on the frames of a blend, from its end inwards."""
    return 1 - ramp(np.arange(1, length + 1) / (length + 1))


def _bend(points: Floats) -> float:
    """Return the largest second difference over frames (N, P, 3), mean over points; 0 for fewer than three frames."""
    bends = np.linalg.norm(np.diff(points, 2, axis=0), axis=2).mean(axis=1)
    return float(bends.max(initial=0.0))


def _points(track: Track, rows: Integers) -> Floats:
    """Return some points of the head over some frames (N, P, 3), camera axes."""
    known = np.flatnonzero(np.asarray(track.landmark_triangle) >= 0)[::20]
    corners = np.asarray(track.faces)[np.asarray(track.landmark_triangle)[known], 0]
    chosen = np.asarray(track.vertices[rows][:, corners], dtype=np.float64)
    turned = chosen @ np.swapaxes(rotation_matrices(track.head_rotation[rows]), 1, 2)
    return turned + track.head_translation[rows, None]


def _blended(joined: Track, base: Track, part: Track, rows: _Rows, shares: Floats) -> Track:
    """Return the joined track with the pose of the frames that are neither's alone, and what follows from it."""
    blended = np.flatnonzero((shares > 0) & (shares < 1))
    if not len(blended):
        return joined
    share = shares[blended]
    old, new = poses_of(base).rows(rows.base[blended]), poses_of(part).rows(rows.part[blended])
    poses = mixed(old, new, share, middle_of(base))
    vertices = np.array(joined.vertices)
    vertices[blended] = moved_vertices(part, rows.part[blended], new, poses)
    result: dict[str, Array] = {"vertices": vertices}
    for name, values in poses.channels.items():
        array = np.array(getattr(joined, name))
        array[blended] = values
        result[name] = array
    for name in ("confidence", "reprojection_error"):
        array = np.array(getattr(joined, name))
        before, after = getattr(base, name)[rows.base[blended]], getattr(part, name)[rows.part[blended]]
        both = np.isfinite(before) & np.isfinite(after)
        array[blended] = np.where(both, before + share * (after - before), after)
        result[name] = array
    return replace(joined, **result)


def _uncorrected(base: Track, part: Track, rows: _Rows, shares: Floats) -> dict[str, Array | None]:
    """Return what the frames were before corrections; blended ones are new, and count as they are."""
    of_joined, values = [], []
    for track, of_rows, ours in ((base, rows.base, shares == 0), (part, rows.part, shares == 1)):
        if track.uncorrected_rows is None or track.uncorrected is None:
            continue
        row = np.full(len(track), -1)
        row[of_rows[ours & (of_rows >= 0)]] = np.flatnonzero(ours & (of_rows >= 0))
        there = row[track.uncorrected_rows] >= 0
        of_joined.append(row[track.uncorrected_rows[there]])
        values.append(track.uncorrected[there])
    width = before_of(base, np.zeros(1, dtype=np.int64)).shape[1]
    if not of_joined or any(each.shape[1] != width for each in values):
        # A part with ARKit's weights, or without: what was before does not fit this track.
        return {"uncorrected_rows": None, "uncorrected": None}
    at, what = np.concatenate(of_joined), np.concatenate(values)
    order = np.argsort(at)
    return {"uncorrected_rows": at[order], "uncorrected": what[order]}


def _others(base: Track, part: Track) -> list[Any]:
    """Return what was joined before and is not covered by the part."""
    first, last = int(part.frame_index[0]), int(part.frame_index[-1])
    before = base.header.get(JOINED)
    entries = before if isinstance(before, list) else []
    return [
        each
        for each in entries
        if isinstance(each, dict) and not (first <= each.get("first", -1) and each.get("last", last + 1) <= last)
    ]


def _entry(part: Track, blends: tuple[int, int]) -> dict[str, Any]:
    return {
        "first": int(part.frame_index[0]),
        "last": int(part.frame_index[-1]),
        "blend": list(blends),
        "settings": dict(part.header["settings"]),
        "program_version": part.header.get("program_version", ""),
    }
