"""Expected failures as values: a code for programs, a sentence for the user, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass

from .foreign_text import LONGEST_SENTENCE, shown


@dataclass(frozen=True)
class Failure:
    """Why something could not be done.

    Functions that can fail in an expected way return `Result | Failure`; the caller checks with `isinstance`. What is
    said stays on one line and never steers a terminal, whatever the files that it repeats words of hold.

    Attributes:
        code: Stable identifier in kebab-case, e.g. ``video-not-found``.
        sentence: One sentence for the user that says what is wrong.
        advice: One sentence that says what to do about it.
    """

    code: str
    sentence: str
    advice: str

    def __post_init__(self) -> None:
        _make_plain(self)

    def __str__(self) -> str:
        return f"{self.sentence} {self.advice}"


@dataclass(frozen=True)
class Notice:
    """Something to know although the work went on: a fallback, a gap, a guess. Same fields as `Failure`."""

    code: str
    sentence: str
    advice: str = ""

    def __post_init__(self) -> None:
        _make_plain(self)


def _make_plain(message: Failure | Notice) -> None:
    for part in ("sentence", "advice"):
        object.__setattr__(message, part, shown(getattr(message, part), LONGEST_SENTENCE))
