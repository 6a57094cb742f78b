"""Expected failures as values: a code for programs, a sentence for the user, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Failure:
    """Why something could not be done.

    Functions that can fail in an expected way return `Result | Failure`; the caller checks with `isinstance`.

    Attributes:
        code: Stable identifier in kebab-case, e.g. ``video-not-found``.
        sentence: One sentence for the user that says what is wrong.
        advice: One sentence that says what to do about it.
    """

    code: str
    sentence: str
    advice: str

    def __str__(self) -> str:
        return f"{self.sentence} {self.advice}"


@dataclass(frozen=True)
class Notice:
    """Something to know although the work went on: a fallback, a gap, a guess. Same fields as `Failure`."""

    code: str
    sentence: str
    advice: str = ""
