"""Words from files of others, made fit to be shown: short, on one line, and without codes that steer a terminal."""

from __future__ import annotations

import re
from typing import Final

LONGEST_NAME: Final = 60
"""Letters of a name from a file that a sentence repeats."""
LONGEST_SENTENCE: Final = 1000
"""Letters of a whole sentence, which may hold a long path."""
LONGEST_REASON: Final = 200
"""Letters of what a library says of a file."""
_MARK: Final = "\N{REPLACEMENT CHARACTER}"
_BREAKS: Final = re.compile("[\t\n\v\f\r\x85\u2028\u2029]+")
_STEERING: Final = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Codes of terminals, marks that turn the direction of what follows, and halves of letters."""


def shown(text: object, longest: int = LONGEST_NAME) -> str:
    """Return a name or message from a file as a sentence may repeat it.

    Line breaks become spaces, steering codes a mark, and of a long text only the start stays.

    Args:
        text: Whatever the file says; what is no text is shown as Python writes it.
        longest: Letters that may stay.
    """
    words = text if isinstance(text, str) else str(text)
    start = _STEERING.sub(_MARK, _BREAKS.sub(" ", words[: 4 * longest]))
    if len(start) <= longest and len(words) <= 4 * longest:
        return start
    return start[:longest].rstrip() + "\N{HORIZONTAL ELLIPSIS}"


def reason(error: Exception) -> str:
    """Return why a file cannot be read, from what a reader of foreign files raised: half a sentence, without its end.

    The readers of numpy, zipfile and torch raise dozens of kinds; whatever it was, the file is not what it should be.
    """
    if isinstance(error, MemoryError):
        return "it needs more memory than there is"
    lines = str(error).strip().splitlines()
    return shown(lines[0], LONGEST_REASON).rstrip(".: ") if lines else "it is not what its name says"
