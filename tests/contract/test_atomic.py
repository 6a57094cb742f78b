"""Files and folders appear whole, under names that no other run has."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from backend.contract.atomic import (
    abandon_half_made,
    is_half_made,
    remove_half_made,
    write_atomically,
    write_folder_atomically,
)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_two_writers_of_one_file_do_not_share_a_half_made_one(tmp_path: Path) -> None:
    place, both = tmp_path / "sheet.png", threading.Barrier(2)
    seen: list[Path] = []

    def write(beside: Path) -> None:
        beside.write_bytes(b"whole")
        seen.append(beside)
        both.wait(5)

    threads = [threading.Thread(target=write_atomically, args=(place, write)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(seen)) == 2
    assert {path.suffix for path in seen} == {".png"}
    assert place.read_bytes() == b"whole"
    assert names(tmp_path) == ["sheet.png"]


def test_what_fails_in_the_middle_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    place = tmp_path / "report.json"
    place.write_text("old")

    def fail(beside: Path) -> None:
        beside.write_text("half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_atomically(place, fail)
    assert place.read_text() == "old"
    assert names(tmp_path) == ["report.json"]


def test_a_folder_is_replaced_as_a_whole(tmp_path: Path) -> None:
    place = tmp_path / "frames"
    place.mkdir()
    (place / "old").touch()

    def write(beside: Path) -> None:
        beside.mkdir()
        (beside / "new").touch()

    write_folder_atomically(place, write)
    assert names(place) == ["new"]
    assert names(tmp_path) == ["frames"]


def test_only_half_made_files_of_our_own_form_are_removed(tmp_path: Path) -> None:
    strangers = ["sheet.partial", ".sheet.partial.png", ".sheet.1234.partial.png", "sheet.12-0123abcd.partial.png"]
    strangers.append(".overlay.4711-0123abcd.partial.mp4")
    for name in [*strangers, ".sheet.4711-0123abcd.partial.png"]:
        (tmp_path / name).touch()
    remove_half_made(tmp_path / "sheet.png")
    assert names(tmp_path) == sorted(strangers)


def test_a_process_that_ends_in_the_middle_takes_its_half_made_files_with_it(tmp_path: Path) -> None:
    def stopped(beside: Path) -> None:
        beside.touch()
        assert is_half_made(beside)
        abandon_half_made()
        assert names(tmp_path) == []
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_atomically(tmp_path / "overlay.mp4", stopped)


def test_a_long_name_leaves_room_for_the_half_made_one(tmp_path: Path) -> None:
    place = tmp_path / ("😀" * 60 + ".json")
    write_atomically(place, lambda beside: beside.write_text("{}"))
    assert place.read_text() == "{}"
