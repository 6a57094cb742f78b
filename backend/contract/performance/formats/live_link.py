"""Live Link Face's CSV, read: columns by name in any order, broken rows left out, gaps as frames without a face."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import numpy as np

from ...arrays import Array
from ...checks import is_number, is_object, parse_json
from ...failure import Failure, Notice
from ..channels import CHANNELS, INDEX
from ..gaze import OUTWARD
from ..performance import Performance
from .assembled import Tell, finite_numbers, of_file, rows_problem, scaled_weights
from .column_names import EYE_COLUMNS, HEAD_COLUMNS, HEADER_START, channel_of_column
from .head_angles import rotation_of
from .time_codes import parts_of, rate_near, rate_of, rising_rows, seconds_of

TAKE: Final = "take.json"
"""File beside a take that tells its rate."""
_LARGEST_ANGLE: Final = 2 * np.pi
_TOO_LARGE: Final = "They are too large for radians, in which the app counts."
_MOST_BYTES: Final = 1 << 20
_GAZE: Final = [EYE_COLUMNS.index(name) for name in ("LeftEyeYaw", "LeftEyePitch", "RightEyeYaw", "RightEyePitch")]


def is_live_link(text: str) -> bool:
    """Whether a text begins as a file of Live Link Face does."""
    names = [name.strip().lower() for name in _values(text.partition("\n")[0], _separator(text))]
    return names[:2] == [name.lower() for name in HEADER_START]


def _separator(text: str) -> str:
    """What parts the values: the app writes commas, and spreadsheets save its files with semicolons or tabs, too."""
    header = text.partition("\n")[0]
    return next((each for each in (";", "\t") if each in header and "," not in header), ",")


def _values(line: str, separator: str) -> list[str]:
    """The values of a row, without quotation marks around them; a comma within one is that of a decimal."""
    if '"' not in line:
        return [each.replace(",", ".") for each in line.split(separator)] if separator != "," else line.split(",")
    try:
        return [each.replace(",", ".") for each in next(csv.reader([line], delimiter=separator))]
    except csv.Error:  # Longer than a row can be.
        return [line]


@dataclass(frozen=True)
class _Rows:
    """Rows that could be read: their time codes, whether each has a face, and their numbers (T, columns)."""

    codes: list[tuple[float, float]]
    has_face: list[bool]
    numbers: Array


def parse_live_link(text: str, path: Path, tell: Tell) -> Performance | Failure:
    """Return the performance of a file of Live Link Face.

    Single rows that are broken, or not later than the one before, are left out with a notice.

    Args:
        text: Content of the file.
        path: Where it lies: its name, and `TAKE` beside it, are used.
        tell: Gets notices.
    """
    separator = _separator(text)
    lines = [_values(line, separator) for line in text.splitlines()]
    names = [name.strip() for name in lines[0]]
    while names[-1] == "":  # Columns of a spreadsheet that are empty all the way.
        names.pop()
    rows = _good_rows(lines, len(names), path, tell)
    if isinstance(rows, Failure):
        return rows
    times = seconds_of(rows.codes)
    played, sorted_anew = rising_rows(times)
    if sorted_anew:
        tell(Notice("performance-order", f"The rows of {path.name} are in another order.", "Their time codes count."))
    elif len(played) < len(times):
        sentence = f"{path.name}: {len(times) - len(played)} rows are not later than the row before."
        tell(Notice("performance-order", sentence, _OUT))
    times = times[played] - times[played[0]]
    numbers, has_face = rows.numbers[played], np.array(rows.has_face)[played]
    channels = {channel: column for column, name in enumerate(names) if (channel := channel_of_column(name))}
    weights = np.full((len(times), len(CHANNELS)), np.nan)
    for channel, column in channels.items():
        weights[:, INDEX[channel]] = numbers[:, column]
    checked = scaled_weights(weights, path, tell)
    if isinstance(checked, Failure):
        return checked
    checked[~has_face] = np.nan
    eyes = _angles(names, numbers, EYE_COLUMNS, path, tell)
    head = _angles(names, numbers, HEAD_COLUMNS, path, tell)
    return of_file(
        path.stem,
        _rate(path, times),
        times,
        checked,
        gaze=None if eyes is None else _without_face(eyes[:, _GAZE].reshape(-1, 2, 2) + OUTWARD, has_face),
        head_rotation=None if head is None else _without_face(rotation_of(head), has_face),
    )


_OUT: Final = "They are left out."


def _good_rows(lines: Sequence[Sequence[str]], width: int, path: Path, tell: Tell) -> _Rows | Failure:
    """Return the rows that are whole; a failure where most are not, or none is there."""
    codes, has_face, numbers, broken = [], [], [], []
    for number, cells in enumerate(lines[1:], start=2):
        if not any(cells):
            continue
        line = cells if any(each.strip() for each in cells[width:]) else cells[:width]
        code = parts_of(line[0])
        # Without a face a row need not have values.
        without = len(line) > 1 and line[1].strip() == "0" and not any(each.strip() for each in line[2:])
        values = [0.0] * (width - 1) if without else finite_numbers(line[1:])
        if (len(line) != width and not without) or code is None or values is None:
            broken.append(number)
            continue
        codes.append(code)
        has_face.append(values[0] != 0)
        numbers.append([np.nan, *values])
    problem = rows_problem(path, len(codes), broken, tell)
    if problem is not None:
        return problem
    return _Rows(codes, has_face, np.array(numbers))


def _angles(names: Sequence[str], numbers: Array, wanted: Sequence[str], path: Path, tell: Tell) -> Array | None:
    """Return columns of angles (T, N) in radians, or None where some are missing or all are zero: not streamed."""
    index = {name.lower(): column for column, name in enumerate(names)}
    if not all(name.lower() in index for name in wanted):
        return None
    angles = numbers[:, [index[name.lower()] for name in wanted]]
    if not angles.any():
        return None
    if np.abs(angles).max() > _LARGEST_ANGLE:
        tell(Notice("performance-degrees", f"{wanted[0]} and the like of {path.name} are read as degrees.", _TOO_LARGE))
        return np.radians(angles)
    return angles


def _without_face(values: Array, has_face: Array) -> Array:
    return np.where(has_face.reshape(-1, *[1] * (values.ndim - 1)), values, np.nan)


def _rate(path: Path, times: Array) -> Fraction:
    """Return the take's rate: from the file beside it where that is there, otherwise from the rows."""
    take = _take_beside(path)
    if is_number(take.get("videoTargetFrameRate"), 1, 1000):
        return rate_near(float(take["videoTargetFrameRate"]))
    return rate_of(times) or Fraction(30)


def _take_beside(path: Path) -> dict[str, Any]:
    beside = path.with_name(TAKE)
    try:
        content = beside.read_bytes()[:_MOST_BYTES] if beside.is_file() else b""
    except OSError:
        return {}
    return parse_json(content, is_object) or {}
