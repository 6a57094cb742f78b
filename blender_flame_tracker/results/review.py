"""Review of a track file: how good each frame is, which frames to look at, and where they are in the scene.

No `bpy` here. Files are read by `look_at`, in a thread where a panel asks (`Watch`), so that drawing never waits.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ...backend.contract.failure import Failure
from ...backend.contract.file_access import is_file, is_folder
from ...backend.contract.outputs import OVERLAY, PLOT
from ...backend.contract.quality import Quality, read_quality
from ...backend.contract.ranges import LABELS, FlaggedRange, flagged, positions, runs
from ...backend.contract.settings import QUALITY_CHOICES
from ..file_stamp import Stamp, changed, stamp_of
from ..scene.timeline import Timeline, footage_rate, make_timeline

INTEREST_TIMEOUT: Final = 5.0
"""Seconds after the last question for which a file is looked at again and again."""


@dataclass(frozen=True)
class TrackFacts:
    """What the disk says of a track file.

    Attributes:
        path: As asked for.
        stamp: Of what is in it; None where there is no such file.
        changed: Size and time of change (ns), by which earlier versions told files apart.
        quality: Frame by frame; None where it cannot be read.
        flags: Ranges to look at.
        failure: Why it cannot be read.
        report, overlay: What the engine wrote beside it, None where there is none.
        folder: Whether its folder is there.
        made: When and of what it was made, in words; empty where it cannot be read.
    """

    path: Path
    stamp: Stamp | None
    changed: tuple[int, int] | None = field(compare=False)
    # The stamp tells whether these are the same.
    quality: Quality | None = field(compare=False)
    flags: tuple[FlaggedRange, ...] = field(compare=False)
    failure: Failure | None
    report: Path | None
    overlay: Path | None
    folder: bool
    made: str = field(default="", compare=False)


@dataclass(frozen=True)
class BadRange:
    """Neighbouring frames that someone should look at, for whatever reasons.

    Attributes:
        first, last: Scene frames, both included.
        reasons: Keys of `LABELS`, the worst first.
        words: For people.
    """

    first: int
    last: int
    reasons: tuple[str, ...]
    words: str


def next_around(frames: Sequence[int], frame: int, direction: int) -> int | None:
    """Return the next (1) or previous (-1) of some frames, in their order; at the end it begins again; None of none."""
    if direction > 0:
        return next((each for each in frames if each > frame), frames[0] if frames else None)
    return next((each for each in reversed(frames) if each < frame), frames[-1] if frames else None)


@dataclass(frozen=True)
class Review:
    """A track over the frames of the scene. N keys.

    Attributes:
        frame: Scene frames (N,) float64, increasing.
        confidence: 0..1, 0 where there is no face (N,).
        error: Pixels, NaN where there is none (N,).
        ranges: In the order of time.
        bad: How many frames of the footage lie in them, of `total`.
        usual_error, largest_error: Median and maximum in pixels, None where no frame has one.
        pinned: Frames that were pinned by hand, where the scene shows them.
    """

    frame: NDArray[np.float64]
    confidence: NDArray[np.float64]
    error: NDArray[np.float64]
    ranges: tuple[BadRange, ...]
    bad: int
    total: int
    usual_error: float | None
    largest_error: float | None
    pinned: tuple[float, ...] = ()

    @property
    def first(self) -> int:
        """First scene frame of the clip."""
        return int(np.ceil(self.frame[0]))

    @property
    def last(self) -> int:
        """Last scene frame of the clip."""
        return int(np.ceil(self.frame[-1]))

    def at(self, frame: float) -> tuple[float, float | None] | None:
        """Return (confidence, error) of what the scene shows on a frame, None outside of the clip."""
        if not self.first <= frame <= self.last:
            return None
        key = int(np.searchsorted(self.frame, frame, side="right")) - 1
        error = float(self.error[max(key, 0)])
        return float(self.confidence[max(key, 0)]), error if np.isfinite(error) else None

    def bad_at(self, frame: int) -> BadRange | None:
        """Return the bad range in which a scene frame lies."""
        return next((each for each in self.ranges if each.first <= frame <= each.last), None)

    def next_bad(self, frame: int, direction: int) -> int | None:
        """Return the start of the next (1) or previous (-1) bad range; at the end it begins again at the other side."""
        return next_around([each.first for each in self.ranges], frame, direction)

    @property
    def summary(self) -> str:
        """How much there is to look at, in words."""
        if not self.ranges:
            return f"No bad frames among {self.total}" if self.total > 1 else "Nothing looks wrong"
        count = len(self.ranges)
        return f"{count} bad range{'s' if count > 1 else ''}, {self.bad} of {self.total} frames"


@dataclass(frozen=True)
class Placement:
    """How a track lies in the scene: what `make_timeline` is asked. Fields as in `SceneSettings` and `Record`."""

    start_at: int = 1
    first_frame: int = -1
    last_frame: int = -1
    played: Fraction | None = None


def look_at(path: Path) -> TrackFacts:
    """Return what the disk says of a track file. It is read again only when it has changed."""
    stamp = stamp_of(path)
    quality, flags, failure = _read(path, stamp)
    report, overlay = path.with_name(PLOT), path.with_name(OVERLAY)
    return TrackFacts(
        path,
        stamp,
        changed(path),
        quality,
        flags,
        failure,
        report if is_file(report) else None,
        overlay if is_file(overlay) else None,
        is_folder(path.parent),
        _made(quality, changed(path)) if quality is not None else "",
    )


def _made(quality: Quality, written: tuple[int, int] | None) -> str:
    """Say when a track was written and what it holds: an earlier one that lies beside the clip is offered."""
    said = []
    face, others = quality.report.get("face"), quality.report.get("others")
    if isinstance(face, int) and isinstance(others, list) and others:
        said.append(f"face {face + 1}")
    said.append(
        f"frames {quality.frame_index[0] + 1} to {quality.frame_index[-1] + 1}" if len(quality) else "no frames"
    )
    landmarks = quality.settings.get("landmarks")
    chosen = landmarks.get("quality") if isinstance(landmarks, dict) else None
    if isinstance(chosen, str) and chosen in QUALITY_CHOICES:
        said.append(f"quality {chosen.capitalize()}")
    when = f" on {datetime.fromtimestamp(written[1] / 1e9):%Y-%m-%d at %H:%M}" if written is not None else ""
    return f"Tracked{when}: {', '.join(said)}."


_Content = tuple[Quality | None, tuple[FlaggedRange, ...], Failure | None]
_READ: Final[dict[Path, tuple[Stamp | None, _Content]]] = {}
_MOST_READ: Final = 16


def _read(path: Path, stamp: Stamp | None) -> _Content:
    known = _READ.get(path)
    if known is not None and known[0] == stamp:
        return known[1]
    quality = read_quality(path)
    content: _Content = (
        (None, (), quality) if isinstance(quality, Failure) else (quality, tuple(flagged(quality)), None)
    )
    while len(_READ) >= _MOST_READ:
        _READ.pop(next(iter(_READ)), None)
    _READ[path] = (stamp, content)
    return content


def review_of(facts: TrackFacts, placement: Placement) -> Review | None:
    """Return the track over the frames of the scene, None where there is nothing to see. Cached."""
    if facts.quality is None:
        return None
    key = (facts.path, facts.stamp, placement)
    if key not in _REVIEWS:
        while len(_REVIEWS) >= _MOST_READ:
            _REVIEWS.pop(next(iter(_REVIEWS)), None)
        _REVIEWS[key] = _review(facts.quality, facts.flags, placement)
    return _REVIEWS[key]


_REVIEWS: Final[dict[Any, Review | None]] = {}


def _review(quality: Quality, flags: tuple[FlaggedRange, ...], placement: Placement) -> Review | None:
    placed = placed_rows(quality.frame_index, quality.time, quality.rate, placement)
    if placed is None:
        return None
    rows, timeline = placed
    shown = rows[timeline.row]
    bad = positions(list(flags), len(quality))
    error = quality.error[rows]
    known = error[np.isfinite(error)]
    pinned = [each.frame for each in quality.pinned]
    return Review(
        frame=timeline.frame,
        confidence=quality.confidence[shown],
        error=quality.error[shown],
        ranges=_bad_ranges(flags, bad, shown, timeline.frame),
        bad=int(bad[rows].sum()),
        total=len(rows),
        usual_error=float(np.median(known)) if len(known) else None,
        largest_error=float(known.max()) if len(known) else None,
        pinned=tuple(timeline.frame[np.isin(quality.frame_index[shown], pinned)].tolist()),
    )


def placed_rows(
    frame_index: NDArray[np.int64], time: NDArray[np.float64], rate: Fraction, placement: Placement
) -> tuple[NDArray[np.int64], Timeline] | None:
    """Return which rows of a track are in the scene, and where they lie there; None where none is."""
    inside = np.ones(len(frame_index), dtype=bool)
    if placement.first_frame >= 0:
        inside &= frame_index >= placement.first_frame
    if placement.last_frame >= 0:
        inside &= frame_index <= placement.last_frame
    rows = np.flatnonzero(inside)
    if len(rows) == 0:
        return None
    nominal = footage_rate(frame_index, time, rate)
    return rows, make_timeline(frame_index[rows], time[rows], nominal, placement.played, placement.start_at)


def _bad_ranges(
    flags: tuple[FlaggedRange, ...], bad: NDArray[np.bool_], shown: NDArray[np.int64], frame: NDArray[np.float64]
) -> tuple[BadRange, ...]:
    """Flagged ranges that touch or overlap are one; each is placed where the scene shows it."""
    ranges = []
    for first, last in runs(bad[shown]):
        here = {flag.reason: flag for flag in flags if flag.first <= shown[last] and flag.last >= shown[first]}
        reasons = tuple(reason for reason in LABELS if reason in here)
        end = frame[last + 1] - 1 if last + 1 < len(frame) else frame[last]
        start = int(np.ceil(frame[first]))
        words = " ".join(here[reason].sentence for reason in reasons)
        ranges.append(BadRange(start, max(start, int(np.floor(max(end, frame[last])))), reasons, words))
    return tuple(ranges)


class Watch:
    """Looks at files in a thread while somebody asks for them, at most every `interval` seconds."""

    def __init__(self, look: Callable[[Path], TrackFacts] = look_at, interval: float = 1.0) -> None:
        self._look = look
        self._interval = interval
        self._asked: dict[Path, float] = {}
        self._known: dict[Path, TrackFacts] = {}
        self._looked: dict[Path, float] = {}
        self._thread: threading.Thread | None = None
        self._changed = False

    def facts(self, path: Path) -> TrackFacts | None:
        """Return what is known of a file, None before it has been looked at. Returns at once."""
        self._asked[path] = time.monotonic()
        return self._known.get(path)

    @property
    def wanted(self) -> bool:
        """Whether somebody asked of late."""
        return any(time.monotonic() - moment < INTEREST_TIMEOUT for moment in self._asked.values())

    def poll(self) -> bool:
        """Look at what is due, in a thread; return whether there is news since the last call. Returns at once."""
        if self._thread is not None and self._thread.is_alive():
            return False
        news = self._thread is not None and self._changed
        now = time.monotonic()
        self._asked = {path: moment for path, moment in self._asked.items() if now - moment < INTEREST_TIMEOUT}
        due = [path for path in self._asked if now - self._looked.get(path, -INTEREST_TIMEOUT) >= self._interval]
        self._thread, self._changed = None, False
        if due:
            self._thread = threading.Thread(target=self._look_at, args=(due,), name="flame-review", daemon=True)
            self._thread.start()
        return news

    def learn(self, path: Path) -> TrackFacts:
        """Look at a file now, for those who can wait."""
        facts = self._known[path] = self._look(path)
        self._looked[path] = time.monotonic()
        return facts

    def forget(self) -> None:
        """Let everything go."""
        self._asked.clear()
        self._known.clear()
        self._looked.clear()

    def _look_at(self, paths: list[Path]) -> None:
        for path in paths:
            before = self._known.get(path)
            if self.learn(path) != before:
                self._changed = True
