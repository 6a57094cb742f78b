"""Progress on a terminal: one line per step and how far the present one is."""

from __future__ import annotations

import shutil
import sys
import time


class TerminalReporter:
    """Writes progress to the terminal; on a terminal the present line is overwritten, elsewhere it comes rarely."""

    def __init__(self) -> None:
        self._live = sys.stdout.isatty()
        self._started = time.monotonic()
        self._last_rare = 0.0
        self._open_line = False

    def stage(self, name: str) -> None:
        """Stages are not shown: the steps say more."""

    def step(self, text: str) -> None:
        """Begin a step."""
        self._finish_line()
        print(f"[{self._elapsed()}] {text}", flush=True)
        self._last_rare = time.monotonic()

    def progress(self, text: str, done: float = 0, total: float = 0) -> None:
        """Say how far the present step is; may be called as often as one likes."""
        share = f"{min(100, 100 * done // total):.0f} %  " if total else ""
        if self._live:
            width = shutil.get_terminal_size().columns - 1
            print("\r" + f"[{self._elapsed()}]   {share}{text}"[:width].ljust(width), end="", flush=True)
            self._open_line = True
        elif time.monotonic() - self._last_rare >= 10.0:
            self._last_rare = time.monotonic()
            print(f"[{self._elapsed()}]   {share}{text}", flush=True)

    def note(self, text: str) -> None:
        """Say something to know although the work goes on."""
        self._finish_line()
        print(f"        {text}", flush=True)

    def error(self, text: str) -> None:
        """Say why the work ends."""
        self._finish_line()
        print(text, file=sys.stderr, flush=True)

    def _elapsed(self) -> str:
        seconds = int(time.monotonic() - self._started)
        return f"{seconds // 60:d}:{seconds % 60:02d}"

    def _finish_line(self) -> None:
        if self._open_line:
            print(flush=True)
            self._open_line = False
