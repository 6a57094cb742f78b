"""Corrections from a file of their own or from the track that was made with them: both say the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tracks_to_correct import builtin_track

from backend.contract.corrections.corrections import ENTRY, Corrections, FrameRange, KeyPose, Matte, PinnedFrame
from backend.contract.failure import Failure
from backend.contract.portable import portable_header
from backend.contract.settings import PinsSettings
from backend.contract.track import Track, write_track
from backend.corrections.source import corrections_from
from backend.run.serialise import read, write
from backend.stages import pins

POSE = KeyPose(*[(0.0, 0.1, 0.2)] * 6, (0.0, 1.0), (0.5,) * 3)
ALL = Corrections((PinnedFrame(4, POSE),), (FrameRange(1, 2),), face_regions=("mouth",), matte=Matte("mattes/m.png"))


def written(folder: Path, corrections: Corrections | None) -> Path:
    track: Track = builtin_track(folder, 3)
    header = dict(track.header)
    if corrections is not None:
        header[ENTRY] = corrections.to_plain()
    path = folder / "track.npz"
    assert write_track(path, replace(track, header=header)) is None
    return path


def test_a_file_and_a_track_say_the_same_and_a_matte_is_found_from_their_folder(tmp_path: Path) -> None:
    file = tmp_path / "a.corrections.json"
    file.write_text(ALL.to_json())
    wanted = replace(ALL, matte=Matte(str(tmp_path / "mattes" / "m.png")))
    assert corrections_from(str(file)) == corrections_from(str(written(tmp_path, ALL))) == wanted


def test_a_track_names_its_matte_as_seen_from_its_folder(tmp_path: Path) -> None:
    whole = replace(ALL, matte=Matte(str(tmp_path / "mattes" / "m.png")))
    header = {"video": {}, "settings": {}, ENTRY: whole.to_plain()}
    assert portable_header(header, tmp_path)[ENTRY]["matte"]["path"] == "mattes/m.png"


def test_no_file_means_no_corrections_and_a_track_without_any_is_refused(tmp_path: Path) -> None:
    assert corrections_from("") == Corrections()
    refused = corrections_from(str(written(tmp_path, None)))
    assert isinstance(refused, Failure) and refused.code == "track-without-corrections"


def test_a_job_is_refused_before_any_work_if_its_corrections_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "torn.json").write_text("{")
    for name in ("torn.json", "nowhere.json"):
        assert isinstance(pins.check(PinsSettings(str(tmp_path / name))), Failure)


def test_corrections_are_kept_with_results(tmp_path: Path) -> None:
    path = tmp_path / "kept.npz"
    with path.open("wb") as stream:
        write(stream, ALL, {})
    assert read(path) == ALL
