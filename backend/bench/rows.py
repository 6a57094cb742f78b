"""A benchmark's result: rows of what was measured against what is to be reached, as a table and as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..contract.failure import Failure
from ..contract.targets import TargetRefused, Targets

HEADINGS = ("what", "target", "measured", "met")


@dataclass(frozen=True)
class Row:
    """One measured value.

    Attributes:
        what: What was measured, on what.
        target: What is to be reached, for people; empty where there is no target.
        measured: The number, for people.
        met: Whether it is reached; None where there is no target or nothing was measured.
        value: The number.
        detail: More numbers, for the JSON file.
    """

    what: str
    target: str
    measured: str
    met: bool | None
    value: float | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)


def at_most(what: str, value: float, limit: float, unit: str = "", digits: int = 2, **detail: Any) -> Row:
    """Return a row whose value must not be above a limit."""
    return Row(what, f"≤ {limit:g}{unit}", f"{value:.{digits}f}{unit}", bool(value <= limit), value, detail)


def at_least(what: str, value: float, limit: float, unit: str = "", digits: int = 2, **detail: Any) -> Row:
    """Return a row whose value must not be below a limit."""
    return Row(what, f"≥ {limit:g}{unit}", f"{value:.{digits}f}{unit}", bool(value >= limit), value, detail)


def between(what: str, value: float, low: float, high: float, digits: int = 2, **detail: Any) -> Row:
    """Return a row whose value must lie between two limits."""
    return Row(what, f"{low:g} to {high:g}", f"{value:.{digits}f}", bool(low <= value <= high), value, detail)


def without_target(what: str, value: float, unit: str = "", digits: int = 2, **detail: Any) -> Row:
    """Return a row with a number and no target."""
    return Row(what, "", f"{value:.{digits}f}{unit}", None, value, detail)


def not_measured(what: str, why: Failure) -> Row:
    """Return a row that says why there is no number."""
    return Row(what, "", f"not measured: {why.sentence}", None)


def table(rows: Sequence[Row]) -> str:
    """Return the rows as text in columns."""
    met = {True: "yes", False: "NO", None: ""}
    cells = [HEADINGS, *((row.what, row.target, row.measured, met[row.met]) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(3)]
    lines = [
        "  ".join([*(cell.ljust(width) for cell, width in zip(line, widths, strict=False)), line[3]]).rstrip()
        for line in cells
    ]
    lines.insert(1, "-" * max(len(line) for line in lines))
    return "\n".join(lines)


def write_json(path: Path, content: Mapping[str, Any], targets: Targets | None = None) -> Failure | None:
    """Write the result, whole; a file that is no earlier result stays as it is."""
    text = json.dumps(plain(content), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    try:
        (targets or Targets()).write(path, lambda partial: partial.write_text(text, "utf-8"))
    except TargetRefused as refused:
        return refused.failure
    except OSError as error:
        return Failure(
            "bench-not-written",
            f"The numbers could not be written to {path}: {error.strerror or error}.",
            "Choose a folder that you may write to with --out.",
        )
    return None


def plain(value: Any) -> Any:
    """Return a value as JSON has it; numbers that are not finite become null."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
