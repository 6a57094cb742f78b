"""Report on a character after a performance was put onto it: what moves, what does not, what nothing drives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ....backend.contract.performance.characters.report import named
from ..writing.apply import Applied

GOOD: Final = "good"
NOTE: Final = "note"
BAD: Final = "bad"
"""Levels of a line: as wanted, to know, does not do what was wanted."""

_MOST: Final = 9
"""Names that are listed; of more, the rest is counted."""


@dataclass(frozen=True)
class Line:
    """One sentence with its level."""

    level: str
    text: str


@dataclass(frozen=True)
class Report:
    """What came of a performance on a character.

    Attributes:
        shot: Name of the action.
        lines: In the order in which they are shown; the first says the whole in one sentence.
        channels: What becomes of the 52 channels, in words -> their names.
    """

    shot: str
    lines: tuple[Line, ...]
    channels: Mapping[str, tuple[str, ...]]

    @property
    def is_good(self) -> bool:
        """Whether everything moves as wanted."""
        return all(line.level != BAD for line in self.lines)

    @property
    def summary(self) -> str:
        """The whole in one sentence."""
        return self.lines[0].text


def report_of(shot: str, applied: Applied, more: Sequence[str] = ()) -> Report:
    """Return the report on what was applied.

    Args:
        shot: Its name.
        applied: With what was read back.
        more: Further sentences to know, as of the file.
    """
    lines = [_summary(shot, applied), *_of_reading(applied)]
    plan = applied.plan
    if plan.undriven and not plan.driven:
        lines.append(Line(BAD, "Of the face nothing moves: none of its shape keys or controls is known."))
    channels = {"Driven": plan.driven, "Not tracked": plan.not_tracked, "Nothing follows": plan.undriven}
    for label, names in channels.items():
        if names and label != "Driven":
            lines.append(Line(NOTE, f"{label}: {named(names, _MOST)}."))
    if applied.plan.missing:
        lines.append(
            Line(BAD, f"The character does not have {named(applied.plan.missing, _MOST)}; the rest is written.")
        )
    for reason in sorted({reason for _, reason in applied.left}):
        names = [each.label for each, why in applied.left if why == reason]
        lines.append(Line(NOTE, f"Left as it is, because {reason}: {named(names, _MOST)}."))
    lines += [Line(NOTE, f"{each.sentence} {each.advice}".strip()) for each in applied.notices]
    return Report(shot, (*lines, *(Line(NOTE, text) for text in more)), channels)


def _summary(shot: str, applied: Applied) -> Line:
    frame = applied.plan.frame
    count = len(applied.written)
    curves = f"{count} {'curve' if count == 1 else 'curves'}"
    where = f"frame {frame[0]:.0f}" if len(frame) == 1 else f"frames {frame[0]:.0f} to {frame[-1]:.0f}"
    driven = len(applied.plan.driven)
    still = applied.reading is not None and bool(applied.reading.still)
    moves = ", but not all of it moves" if still else ""
    return Line(BAD if still else GOOD, f"'{shot}' plays on {where}: {driven} of 52 channels, {curves}{moves}.")


def _of_reading(applied: Applied) -> list[Line]:
    reading = applied.reading
    if reading is None:
        return []
    lines = []
    if reading.moved:
        moved = named([str(each) for each in reading.moved], _MOST)
        lines.append(Line(GOOD, f"At frame {reading.frame}, where most happens: {moved}."))
    lines += [Line(BAD, f"{name} does not move as written: {why}.") for name, why in reading.still]
    return lines
