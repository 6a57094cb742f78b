"""Calibration as a flag of commands: a preset by its name or file, and the frame that shows the resting face."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Final

from ..contract.failure import Failure
from ..contract.foreign_text import shown
from ..contract.performance.calibration import (
    PRESETS,
    Calibration,
    calibrated,
    neutral_problem,
    parse_calibration,
)
from ..contract.performance.formats.writing import Take
from ..contract.performance.neutral import propose_neutral

FIND: Final = "find"
"""Given in place of a frame: the one that is proposed is taken."""
_LARGEST: Final = 1 << 20
"""Bytes of a preset."""


def add_calibration_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags that `calibrated_take` reads."""
    names = ", ".join(f"'{name}'" for name in PRESETS)
    parser.add_argument(
        "--calibration",
        metavar="PRESET",
        help=f"How strongly it is played: {names}, or a file that was saved in Blender",
    )
    parser.add_argument(
        "--neutral",
        type=_neutral,
        metavar="FRAME",
        help=f"Frame, counted from 0, that shows the resting face; '{FIND}' takes the most frontal and still one",
    )


def _neutral(text: str) -> int | str:
    if text == FIND:
        return text
    if not text.isdecimal() or len(text) > 9:
        raise argparse.ArgumentTypeError(f"'{shown(text)}' is neither a frame nor '{FIND}'")
    return int(text)


def calibrated_take(take: Take, parsed: argparse.Namespace) -> Take | Failure:
    """Return a take as it is played with the flags that were given."""
    calibration = _calibration(parsed.calibration) if parsed.calibration else Calibration()
    if isinstance(calibration, Failure) or take.performance is None:
        return calibration if isinstance(calibration, Failure) else take
    if parsed.neutral is not None:
        row = propose_neutral(take.performance) if parsed.neutral == FIND else _row_of(take, parsed.neutral)
        if row is None:
            return Failure("neutral-outside", f"There is no frame {parsed.neutral} in it.", "Choose another one.")
        calibration = replace(calibration, neutral=(row,))
    problem = neutral_problem(take.performance, calibration)
    return problem or replace(take, performance=calibrated(take.performance, calibration))


def _row_of(take: Take, frame: int) -> int | None:
    if take.track is None:
        assert take.performance is not None
        return frame if frame < len(take.performance) else None
    return next((row for row, index in enumerate(take.track.frame_index) if index == frame), None)


def _calibration(text: str) -> Calibration | Failure:
    known = {name.lower(): preset for name, preset in PRESETS.items()}.get(text.lower())
    if known is not None:
        return known
    path = Path(text).expanduser()
    try:
        with path.open("rb") as stream:
            content = stream.read(_LARGEST)
        return parse_calibration(content.decode("utf-8"))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        return Failure(
            "calibration-unreadable", f"{shown(text)} cannot be read: {reason}.", "Name a preset or its file."
        )
