"""Sentences fit the panel, and times are said as people say them."""

import blf
import pytest
from flame_extension.blender_flame_tracker.text import duration, wrapped

PATH = "/home/josé/a_very_long_folder_name_without_any_blank/another_folder_of_that_kind/take.npz"
TEXT = f"The track {PATH} cannot be read. Track the video again."


@pytest.mark.parametrize("width", [60, 140, 300])
def test_lines_fit_and_no_letter_is_lost(width):
    lines = wrapped(TEXT, width, 11.0)
    blf.size(0, 11.0)
    assert all(blf.dimensions(0, line)[0] <= width for line in lines)
    assert "".join(lines).replace(" ", "") == TEXT.replace(" ", "")
    assert len(lines) > 1


def test_line_breaks_stay():
    assert wrapped("One.\nTwo.", 500, 11.0) == ("One.", "Two.")


def test_durations_as_people_say_them():
    assert [duration(seconds) for seconds in (0, 7.6, 65, 3700)] == ["0 s", "8 s", "1 min 05 s", "1 h 01 min"]
    assert [duration(seconds, tenths_below=10.0) for seconds in (0.44, 9.94, 12.3)] == ["0.4 s", "9.9 s", "12 s"]
