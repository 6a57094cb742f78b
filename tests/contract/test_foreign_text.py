"""Text of foreign files, repeated short, on one line and without codes for the terminal."""

from __future__ import annotations

import pytest

from backend.contract.failure import Failure, Notice
from backend.contract.foreign_text import LONGEST_NAME, LONGEST_SENTENCE, shown


def test_ordinary_names_of_every_language_stay_as_they_are() -> None:
    for name in ("v_template", "Anna's Gesicht, 2. Versuch", "頭部モデル", "👩\u200d🚀", "الرأس"):
        assert shown(name) == name


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("\x1b]0;owned\x07name", "\ufffd]0;owned\ufffdname"),
        ("two\r\nlines\u2028more", "two lines more"),
        ("\u202egnp.exe", "\ufffdgnp.exe"),
        ("half \ud83d", "half \ufffd"),
        ("\x9b31mred", "\ufffd31mred"),
    ],
)
def test_codes_that_steer_a_terminal_or_turn_the_text_are_marked(text: str, plain: str) -> None:
    assert shown(text) == plain


def test_a_name_of_ten_million_letters_keeps_its_start() -> None:
    assert shown("a" * 10_000_000) == "a" * LONGEST_NAME + "…"


@pytest.mark.parametrize("kind", [Failure, Notice])
def test_every_sentence_is_one_plain_line_however_it_was_made(kind: type[Failure | Notice]) -> None:
    said = kind("x", "it holds \x1b[2J" + "y" * 9000, "a\nb")
    assert "\x1b" not in said.sentence
    assert len(said.sentence) == LONGEST_SENTENCE + 1
    assert said.advice == "a b"
