"""Folders of shots."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend.batch.keys import Keys
from backend.batch.manifest import write_manifest
from backend.batch.plan import key_of, planned
from backend.batch.shot import FaceResult, Shot
from backend.contract.job import STAGES
from backend.contract.targets import Targets

SETTINGS = {kind: spec.settings() for kind, spec in STAGES.items()}


def names(folder: Path, *shots: Shot) -> list[str]:
    plan = planned(shots, folder, Keys(folder / "models"), False)
    return [record.name for record in plan.records]


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("day1/interview.mp4", "interview"),
        ("day1/take.2.mov", "take.2"),
        ("plates/sc01_020_0001.png", "sc01_020"),
        ("plates/0001.exr", "plates"),
        ("clips/what: a <face>?.mp4", "what_ a _face_"),
        ("clips/batch.json.mp4", "clips_batch.json"),
        ("clips/....mp4", "shot"),
    ],
)
def test_a_shot_has_the_name_of_its_clip_where_every_system_takes_it(tmp_path: Path, file: str, name: str) -> None:
    assert names(tmp_path, Shot(tmp_path / file, SETTINGS)) == [name]


def test_no_two_shots_share_a_folder_on_any_system(tmp_path: Path) -> None:
    files = ["a/Clip.mp4", "b/clip.mp4", "b/clip.mov", "b/x/clip.mp4"]
    shots = [Shot(tmp_path / file, SETTINGS) for file in files]
    assert names(tmp_path, *shots) == ["Clip", "b_clip", "b_clip-2", "x_clip"]


def test_a_name_that_somebody_gave_comes_first(tmp_path: Path) -> None:
    shots = [Shot(tmp_path / "a" / "clip.mp4", SETTINGS), Shot(tmp_path / "b.mp4", SETTINGS, name="clip")]
    assert names(tmp_path, *shots) == ["a_clip", "clip"]


def test_a_clip_that_an_identity_comes_from_is_part_of_the_key(tmp_path: Path) -> None:
    clips = [tmp_path / name for name in ("a.mp4", "b.mp4", "c.mp4")]
    for clip in clips:
        clip.touch()
    made = Shot(clips[0], SETTINGS).with_settings({"head": {"identity_clips": "b.mp4|c.mp4"}}, tmp_path)
    assert isinstance(made, Shot)
    assert made.settings["head"].identity_clips == f"{clips[1]}|{clips[2]}"
    keys = Keys(tmp_path / "models")
    before = keys.key_of(made)
    clips[2].write_text("another take", "utf-8")
    assert keys.key_of(made) != before


def test_a_batch_that_was_moved_goes_on_where_it_was(tmp_path: Path) -> None:
    for name in ("done", "waiting", "replaced"):
        (tmp_path / "clips" / name).mkdir(parents=True)
        (tmp_path / "clips" / name / "a.mp4").write_text(name, "utf-8")
    keys, out = Keys(tmp_path / "models"), tmp_path / "out"

    def shots(clips: Path) -> list[Shot]:
        return [Shot(clips / name / "a.mp4", SETTINGS) for name in ("done", "waiting", "replaced")]

    plan = planned(shots(tmp_path / "clips"), out, keys, False)
    for record in plan.records:
        (out / record.name).mkdir(parents=True)
        (out / record.name / "track.npz").touch()
        if record is not plan.records[1]:
            record.state, record.key = "done", key_of(record, out, keys)
            record.faces = [FaceResult(record.name, {"track": f"{record.name}/track.npz"})]
    write_manifest(out, plan.records, (), 1, Targets())
    (tmp_path / "elsewhere").mkdir()
    out = out.rename(tmp_path / "elsewhere" / "out")
    clips = (tmp_path / "clips").rename(tmp_path / "footage")
    (clips / "replaced" / "a.mp4").write_text("another take", "utf-8")
    again = planned(shots(clips), out, keys, False)
    assert [(record.name, record.state) for record in again.records] == [
        ("a", "skipped"),
        ("waiting_a", "waiting"),
        ("replaced_a-2", "waiting"),
    ], "the results of a clip that is gone are left alone"
