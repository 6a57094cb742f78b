"""Events for people: a bar per stage with the time left on a terminal, plain lines elsewhere."""

from __future__ import annotations

import contextlib
import shutil
import textwrap
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final, TextIO

BAR: Final = 24
SHORT: Final = 0.2
"""Seconds below which a stage that has nothing to say is not worth a line."""

PLAIN_INTERVAL: Final = 5.0
"""Seconds between two lines of progress where there is no terminal."""


class Console:
    """Draws events on standard error."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._terminal = stream.isatty()
        encoding = (stream.encoding or "ascii").lower()
        self._full, self._empty = ("█", "·") if "utf" in encoding else ("#", ".")
        self._labels: dict[str, str] = {}
        self._last = 0.0
        self._open = False
        self._lock = threading.RLock()  # a signal may interrupt a line, and say the last words

    def emit(self, event: Mapping[str, Any]) -> None:
        """Show one event."""
        show = {
            "job": self._job,
            "stage": self._stage,
            "progress": self._progress,
            "notice": self._notice,
            "error": self._error,
            "cancelled": self._cancelled,
        }.get(event["event"])
        if show is not None:
            with self._lock:
                show(event)

    def say(self, text: str) -> None:
        """Write a line."""
        with self._lock:
            self._line(text)

    def _job(self, event: Mapping[str, Any]) -> None:
        self._labels = {stage["name"]: stage["label"] for stage in event["stages"]}

    def _label(self, event: Mapping[str, Any]) -> str:
        width = max((len(label) for label in self._labels.values()), default=0)
        return str(self._labels.get(event["name"], event["name"])).ljust(width)

    def _stage(self, event: Mapping[str, Any]) -> None:
        label = self._label(event)
        if event["state"] == "running":
            self._last = time.monotonic()
            if self._terminal:
                self._draw(f"{label}  …")
            return
        seconds = float(event["seconds"])
        if not event.get("summary") and seconds < SHORT:
            return
        how = {"cached": "reused", "failed": "failed"}.get(event["state"], clock(seconds, tenths=True))
        self._line(f"{label}  {how:>7}  {event.get('summary', '')}".rstrip())

    def _progress(self, event: Mapping[str, Any]) -> None:
        done, total = float(event["done"]), max(int(event["total"]), 1)
        left = event.get("seconds_left")
        share = min(done / total, 1.0)
        ending = f"   {clock(float(left))} left" if left is not None else ""
        details = f"   {event['text']}" if event.get("text") else ""
        numbers = f"{round(100 * share):3d} %  {int(done)}/{total}{ending}{details}"
        if self._terminal:
            full = round(BAR * share)
            self._draw(f"{self._label(event)}  {self._full * full}{self._empty * (BAR - full)} {numbers}")
        elif time.monotonic() - self._last >= PLAIN_INTERVAL:
            self._last = time.monotonic()
            self._line(f"{self._label(event)}  {numbers}")

    def _notice(self, event: Mapping[str, Any]) -> None:
        self._paragraph(f"Note: {event['sentence']} {event.get('advice', '')}")

    def _error(self, event: Mapping[str, Any]) -> None:
        self._paragraph(f"{event['sentence']} {event['advice']}")
        if event["code"] == "internal" and event.get("log"):  # of an expected failure the log knows no more
            self._line(f"Log: {event['log']}")

    def _cancelled(self, _event: Mapping[str, Any]) -> None:
        self._line("Stopped. Finished work is kept; run the same command again to continue.")

    def _paragraph(self, text: str) -> None:
        width = shutil.get_terminal_size().columns if self._terminal else 1000
        for line in textwrap.wrap(text.strip(), max(width - 1, 40), subsequent_indent="  "):
            self._line(line)

    def _draw(self, text: str) -> None:
        width = shutil.get_terminal_size().columns - 1
        self._write(f"\r\x1b[K{text[:width]}")
        self._open = True

    def _line(self, text: str) -> None:
        cleared = "\r\x1b[K" if self._open else ""
        self._open = False
        self._write(f"{cleared}{text}\n")

    def _write(self, text: str) -> None:
        with contextlib.suppress(OSError):  # A full disk, or nobody reads any more: that is no reason to stop the work.
            self._stream.write(text)
            self._stream.flush()


def clock(seconds: float, *, tenths: bool = False) -> str:
    """Return seconds as people read them: 3.2 s, 0:42, 12:05, 1:02:03."""
    if tenths and seconds < 60:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return lines in which the cells of a column begin below each other."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
