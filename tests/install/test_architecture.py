"""The page on the architecture shows the code as it is."""

from __future__ import annotations

from tests.test_floors import FLOORS
from tools.draw_architecture import PICTURE, present_drawing


def test_the_picture_shows_the_present_floors() -> None:
    assert PICTURE.read_text(encoding="utf-8") == present_drawing(FLOORS), "run: python -m tools.draw_architecture"
