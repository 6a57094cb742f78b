"""Nothing that the program did not write is replaced, unless the user says so."""

from __future__ import annotations

import json
import os
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest

from backend.contract.atomic import write_atomically
from backend.contract.failure import Failure
from backend.contract.marks import ENTRY, FOLDER_MARK, is_marked
from backend.contract.targets import TAKEN, TargetRefused, Targets

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="made with calls that Windows lacks")


def png(path: Path, grey: int = 128) -> Path:
    """Write a picture of one pixel as any program does."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(bytes([0, grey])))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + head + pixels + chunk(b"IEND", b""))
    return path


def track(path: Path, **header: object) -> Path:
    """Write what stands at the start of a track file."""
    text = json.dumps({"schema": 1, "program_version": "0.1.0", "intrinsics": {}, **header})
    np.savez(path, header=np.frombuffer(text.encode(), dtype=np.uint8))
    return path


def refused(targets: Targets, path: Path) -> Failure:
    problem = targets.problem(path)
    assert isinstance(problem, Failure)
    before = path.lstat(), path.read_bytes() if path.is_file() else b""
    with pytest.raises(TargetRefused):
        targets.write(path, lambda beside: beside.write_text("ours"))
    assert (path.lstat(), path.read_bytes() if path.is_file() else b"") == before
    assert [each for each in path.parent.iterdir() if "partial" in each.name] == []
    return problem


@pytest.mark.parametrize("name", ["texture.png", "report.json", "overlay.mp4", "track.npz", "head.obj", "batch.html"])
def test_a_file_of_somebody_else_stays_until_the_user_says_so(name: str, tmp_path: Path) -> None:
    place = tmp_path / name
    place.write_bytes(b"{} # holidays")
    problem = refused(Targets(), place)
    assert name in problem.sentence
    assert "--overwrite" in problem.advice
    Targets(overwrite=True).write(place, lambda beside: beside.write_text("ours"))
    assert place.read_text().endswith("ours")


def test_what_the_program_wrote_is_replaced_without_asking(tmp_path: Path) -> None:
    targets = Targets()
    targets.write(tmp_path / "sheet.png", png)
    targets.write(tmp_path / "report.json", lambda beside: beside.write_text(json.dumps({"schema": 1}, indent=1)))
    targets.write(tmp_path / "head.obj", lambda beside: beside.write_text("v 0 0 0\n"))
    targets.write(tmp_path / "batch.html", lambda beside: beside.write_text("<!DOCTYPE html>\n<title>Ours</title>\n"))
    targets.write(tmp_path / "track.npz", track)
    for path in tmp_path.iterdir():
        assert is_marked(path), path.name
        assert Targets().problem(path) is None


def test_a_picture_that_was_painted_on_is_no_longer_ours(tmp_path: Path) -> None:
    ours = Targets().write(tmp_path / "texture.png", png)
    mark = ours.read_bytes()[33:-57]
    painted = png(tmp_path / "painted.png", grey=3).read_bytes()
    ours.write_bytes(painted[:33] + mark + painted[33:])
    assert b"FLAME Head Tracker" in ours.read_bytes()
    assert "texture.png" in refused(Targets(), ours).sentence


@pytest.mark.parametrize(("name", "text"), [("job.json", '{"a": 1}'), ("head.mtl", "newmtl head\n")])
def test_a_text_that_was_edited_is_no_longer_ours(name: str, text: str, tmp_path: Path) -> None:
    ours = Targets().write(tmp_path / name, lambda beside: beside.write_text(text))
    if name.endswith(".json"):
        assert json.loads(ours.read_text())["a"] == 1
    assert Targets().problem(ours) is None
    ours.write_text(ours.read_text().replace("1", "2").replace("head", "hat"))
    assert refused(Targets(), ours).code == TAKEN


@pytest.mark.parametrize("overwrite", [False, True])
def test_an_input_is_never_replaced_by_whatever_name(overwrite: bool, tmp_path: Path) -> None:
    video = Targets().write(tmp_path / "sheet.png", png)
    linked = tmp_path / "hard.png"
    linked.hardlink_to(video)
    targets = Targets(overwrite, inputs=(video, tmp_path / "gone.mp4"))
    for place in (video, linked, tmp_path / "." / "sheet.png"):
        assert "is an input of this run" in refused(targets, place).sentence


@POSIX
@pytest.mark.parametrize("overwrite", [False, True])
def test_folders_pipes_devices_and_links_are_no_targets(overwrite: bool, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "link.npz").symlink_to(track(tmp_path / "track.npz"))
    (tmp_path / "dangling.npz").symlink_to(tmp_path / "nowhere.npz")
    targets = Targets(overwrite)
    assert "is a pipe" in refused(targets, tmp_path / "pipe.mp4").sentence
    assert "is a folder" in refused(targets, tmp_path / "folder.png").sentence
    assert "is a link" in refused(targets, tmp_path / "link.npz").sentence
    assert "is a link" in refused(targets, tmp_path / "dangling.npz").sentence
    problem = targets.problem(Path("/dev/null"))
    assert problem is not None
    assert "is a device" in problem.sentence


def test_a_read_only_result_stays_until_the_user_says_so(tmp_path: Path) -> None:
    kept = track(tmp_path / "track.npz")
    kept.chmod(0o444)
    assert "is read-only" in refused(Targets(), kept).sentence
    assert Targets(overwrite=True).problem(kept) is None


def test_results_that_an_earlier_version_left_beside_its_track_are_replaced(tmp_path: Path) -> None:
    track(tmp_path / "track.npz")
    sheet, holiday = png(tmp_path / "sheet.png"), png(tmp_path / "holiday.png")
    targets = Targets()
    assert targets.problem(sheet) is None
    assert targets.problem(holiday) is not None
    # The new track says that files beside it have marks of their own; what was looked at before goes on being ours.
    track(tmp_path / "track.npz", **{ENTRY: "FLAME Head Tracker"})
    assert targets.problem(sheet) is None
    assert Targets().problem(sheet) is not None
    png(sheet, grey=7)
    assert targets.problem(sheet) is not None


def test_a_record_of_what_was_written_counts_like_a_mark(tmp_path: Path) -> None:
    plain = png(tmp_path / "old.png")
    assert Targets().problem(plain) is not None
    assert Targets(recorded=lambda path: path == plain).problem(plain) is None
    # A file of an earlier version that was changed since is somebody's work.
    track(tmp_path / "track.npz")
    texture = png(tmp_path / "texture.png")
    assert Targets().problem(texture) is None
    assert Targets(recorded=lambda _path: False).problem(texture) is not None


def test_a_folder_is_replaced_where_it_is_ours_or_empty_and_holds_no_input(tmp_path: Path) -> None:
    folder = tmp_path / "frames"
    folder.mkdir()
    assert Targets().problem(folder, folder=True) is None
    (folder / "00001.npz").touch()
    assert Targets().problem(folder, folder=True) is not None
    (folder / FOLDER_MARK).touch()
    assert Targets().problem(folder, folder=True) is None
    assert Targets(True, inputs=(folder / "00001.npz",)).problem(folder, folder=True) is not None


def test_what_appears_while_a_file_is_written_is_not_replaced(tmp_path: Path) -> None:
    place = tmp_path / "overlay.mp4"

    def slow(beside: Path) -> None:
        beside.write_text("ours")
        write_atomically(place, lambda other: other.write_text("theirs"))

    with pytest.raises(TargetRefused, match=r"overlay\.mp4"):
        Targets().write(place, slow)
    assert place.read_text() == "theirs"
