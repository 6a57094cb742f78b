"""People in a clip: faces of single frames are joined into people, each followed by itself; one is chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..contract.arrays import Floats, Integers
from ..contract.failure import Failure
from ..contract.settings import FaceSettings
from .likeness import ANOTHER, difference
from .observations import FaceObservations

_STEP: Final = 0.7
"""Farthest that a face moves from one frame to the next, in its own widths (plus the same for each missed frame)."""
_PATIENCE: Final = 12
"""Frames after which a lost face is looked for by what it looks like instead of by where it was."""
_ALIKE: Final = 0.55
"""Correlation of two portraits from which they show the same person; different people gave below 0.4 on our clips."""
_ALIKE_WHEN_NEAR: Final = 0.3
"""Correlation that is enough where place and size agree too."""


_FLEETING: Final = 3
"""A face in fewer frames of a clip is none (a hand, clouds: the network may be quite sure of them for a moment)."""


@dataclass(frozen=True)
class Person:
    """One person over the clip.

    Attributes:
        rows: Rows of `FaceObservations`, in time (n,), at most one per frame.
    """

    rows: Integers


def centres(observations: FaceObservations) -> Floats:
    """Return the centres (N, 2) of all faces."""
    return observations.points[:, :, :2].mean(axis=1).astype(np.float64)


def widths(observations: FaceObservations) -> Floats:
    """Return the larger side (N,) of all faces in pixels."""
    points = observations.points[:, :468, :2]
    return (points.max(axis=1) - points.min(axis=1)).max(axis=1).astype(np.float64)


def people_of(observations: FaceObservations, shot: Integers, least: int = _FLEETING) -> list[Person]:
    """Return all people, the one who covers the most of the clip first.

    Args:
        observations: The faces, of all frames or of a sample of them.
        shot: Number of the shot of every frame of the clip (T,).
        least: Looks at a face that make it a person, where the clip has at least twice as many frames.
    """
    if len(observations.frame) == 0:
        return []
    centre, width = centres(observations), widths(observations)
    tracklets = _tracklets(observations.frame, centre, width, shot)
    groups = _joined(tracklets, observations, centre, width, shot)
    if len(observations.decoded) >= 2 * least:
        groups = [rows for rows in groups if len(rows) >= least]
    groups.sort(key=lambda rows: -float((width[rows] ** 2).sum()))
    return [Person(np.array(rows, dtype=np.int64)) for rows in groups]


def _tracklets(frame: Integers, centre: Floats, width: Floats, shot: Integers) -> list[list[int]]:
    """Follow faces from frame to frame by place and size; a cut ends them all."""
    alive: list[list[int]] = []
    done: list[list[int]] = []
    for k in np.unique(frame):
        rows = np.flatnonzero(frame == k).tolist()
        ended = [t for t in alive if k - frame[t[-1]] > _PATIENCE or shot[frame[t[-1]]] != shot[k]]
        alive = [t for t in alive if t not in ended]
        done += ended
        pairs = []
        for number, track in enumerate(alive):
            last = track[-1]
            allowed = _STEP * width[last] * (1 + 0.3 * (k - frame[last] - 1))
            for row in rows:
                distance = float(np.hypot(*(centre[row] - centre[last])))
                ratio = abs(float(np.log(width[row] / width[last])))
                if distance < allowed and ratio < 0.5:
                    pairs.append((distance / width[last] + ratio, number, row))
        taken_tracks: set[int] = set()
        taken_rows: set[int] = set()
        for _, number, row in sorted(pairs):
            if number not in taken_tracks and row not in taken_rows:
                alive[number].append(row)
                taken_tracks.add(number)
                taken_rows.add(row)
        alive += [[row] for row in rows if row not in taken_rows]
    return done + alive


def _joined(
    tracklets: list[list[int]], observations: FaceObservations, centre: Floats, width: Floats, shot: Integers
) -> list[list[int]]:
    """Join pieces of the same person: those who leave and come back, and those on both sides of a cut."""
    pieces = sorted(tracklets, key=len, reverse=True)
    groups: list[list[int]] = []
    portraits: list[Floats] = []
    for piece in pieces:
        portrait = _mean_portrait(observations.portrait[piece])
        frames = set(observations.frame[piece].tolist())
        best, best_value = -1, 0.0
        for number, group in enumerate(groups):
            if frames & set(observations.frame[group].tolist()):
                continue  # Both are in the same picture: two people.
            if set(shot[observations.frame[piece]].tolist()) & set(shot[observations.frame[group]].tolist()):
                alike = float((portraits[number] * portrait).mean())
                needed = _ALIKE_WHEN_NEAR if _is_near(piece, group, observations.frame, centre, width) else _ALIKE
                value = alike - needed
            else:
                # Over a cut neither the place nor what is behind the head tells who it is.
                value = 1 - difference(observations.portrait[piece], observations.portrait[group]) / ANOTHER
            if value > best_value:
                best, best_value = number, value
        if best < 0:
            groups.append(list(piece))
            portraits.append(portrait)
        else:
            groups[best] = sorted(groups[best] + piece, key=lambda row: int(observations.frame[row]))
            portraits[best] = _mean_portrait(observations.portrait[groups[best]])
    return groups


def _is_near(piece: list[int], group: list[int], frame: Integers, centre: Floats, width: Floats) -> bool:
    """Whether the piece begins or ends near where the group was at the nearest time."""
    gaps = np.abs(frame[piece][:, None] - frame[group][None])
    i, j = np.unravel_index(int(gaps.argmin()), gaps.shape)
    a, b = piece[int(i)], group[int(j)]
    near = float(np.hypot(*(centre[a] - centre[b]))) < 1.0 * max(width[a], width[b])
    return near and abs(float(np.log(width[a] / width[b]))) < 0.4


def _mean_portrait(portraits: NDArray[np.uint8]) -> Floats:
    """Mean of portraits (n, h, w, 3), each channel with mean 0 and deviation 1 over the picture."""
    chosen = portraits[:: max(1, len(portraits) // 20)].astype(np.float64)
    chosen -= chosen.mean(axis=(1, 2), keepdims=True)
    chosen /= chosen.std(axis=(1, 2), keepdims=True) + 4.0
    mean = chosen.mean(axis=0)
    return (mean - mean.mean(axis=(0, 1))) / (mean.std(axis=(0, 1)) + 1e-3)


def choose(
    people: list[Person],
    observations: FaceObservations,
    settings: FaceSettings,
    size: tuple[int, int],
    frame_index: Integers,
) -> int | Failure:
    """Return the number of the person to follow.

    Args:
        people: At least one.
        observations: The faces.
        settings: How to choose.
        size: Width and height of the picture.
        frame_index: Frame of the video of each frame of the clip (T,).
    """
    if settings.choose == "number":
        if settings.number >= len(people):
            count = "There is only one face" if len(people) == 1 else f"There are only {len(people)} faces"
            return Failure("face-number", f"{count} in the clip.", "Choose a smaller number; 0 is the largest face.")
        return settings.number
    if settings.choose == "nearest":
        return _nearest(people, observations, _point(settings, size), settings.point_frame, frame_index)
    return 0


def _point(settings: FaceSettings, size: tuple[int, int]) -> Floats:
    return np.array([settings.point_x * size[0] - 0.5, settings.point_y * size[1] - 0.5])


def is_elsewhere(
    person: Person, observations: FaceObservations, settings: FaceSettings, size: tuple[int, int], frame_index: Integers
) -> bool:
    """Return whether the person is not where `nearest` was told to look, in the frame that it was told."""
    if settings.choose != "nearest" or settings.point_frame not in frame_index:
        return False
    (position,) = np.flatnonzero(frame_index == settings.point_frame)
    row = person.rows[np.abs(observations.frame[person.rows] - position).argmin()]
    away = float(np.hypot(*(centres(observations)[row] - _point(settings, size))))
    return away > float(widths(observations)[row])


def _nearest(
    people: list[Person], observations: FaceObservations, target: Floats, frame: int, frame_index: Integers
) -> int:
    """Return who is nearest to a point in a frame of the video; -1 is where the first faces appear."""
    centre = centres(observations)
    if frame >= 0:
        position = int(np.abs(frame_index - frame).argmin())
        rows = [int(p.rows[np.abs(observations.frame[p.rows] - position).argmin()]) for p in people]
        away = [abs(int(observations.frame[row]) - position) for row in rows]
        candidates = [n for n in range(len(people)) if away[n] <= min(away) + _PATIENCE]
    else:
        rows = [int(p.rows[0]) for p in people]
        start = min(int(observations.frame[row]) for row in rows)
        # Within the following second or so counts too.
        candidates = [n for n in range(len(people)) if observations.frame[rows[n]] <= start + 2 * _PATIENCE]
    return min(candidates, key=lambda n: float(np.hypot(*(centre[rows[n]] - target))))


def others(people: list[Person], observations: FaceObservations, number: int) -> tuple[dict[str, Any], ...]:
    """Return a line for each person but the chosen one, for the report."""
    centre, width = centres(observations), widths(observations)
    result = []
    for n, person in enumerate(people):
        if n == number:
            continue
        x, y = centre[person.rows].mean(axis=0)
        result.append(
            {
                "number": n,
                "frames": len(person.rows),
                "centre_x": round(float(x), 1),
                "centre_y": round(float(y), 1),
                "width": round(float(width[person.rows].mean()), 1),
            }
        )
    return tuple(result)


def in_other_shots(
    people: list[Person], observations: FaceObservations, number: int, shot: Integers
) -> list[tuple[int, int, int]]:
    """Return where others are seen in shots without the chosen person: (number, first and last position) of each."""
    own_shots = np.unique(shot[observations.frame[people[number].rows]])
    result = []
    for n, person in enumerate(people):
        frames = observations.frame[person.rows]
        frames = frames[~np.isin(shot[frames], own_shots)]
        result += [
            (n, int(part.min()), int(part.max())) for part in np.split(frames, _breaks(shot[frames])) if len(part)
        ]
    return result


def _breaks(shot: Integers) -> Integers:
    """Where a list of shots goes on with one that is not the next (a shot between them is not in the list)."""
    return np.flatnonzero(np.diff(shot) > 1) + 1
