"""One shot tracked alone, as a driver on many machines does, and what became of it given back."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from fake_stages import make_clip

from backend.batch.keys import Keys
from backend.batch.manifest import entry_of
from backend.batch.one_shot import record_to_track, take_result, track_one
from backend.batch.plan import key_of, planned
from backend.batch.shot import Record, Shot
from backend.contract.job import STAGES
from backend.contract.supervision.process import Engine
from backend.system.project import PROJECT

SETTINGS = {kind: spec.settings() for kind, spec in STAGES.items()}
STAGES_FILE = Path(__file__).parents[1] / "helpers" / "fake_stages.py"


@pytest.fixture
def records(tmp_path: Path) -> list[Record]:
    clips = [make_clip(tmp_path / name) for name in ("anna", "ben")]
    keys, out = Keys(tmp_path / "models"), tmp_path / "out"
    made = planned([Shot(clip, SETTINGS) for clip in clips], out, keys, False).records
    for record in made:
        record.key = key_of(record, out, keys)
    return list(made)


def tracked(entry: dict, out: Path) -> dict:
    """What a worker elsewhere does with an entry of the manifest."""
    record = record_to_track(json.loads(json.dumps(entry)), out)
    assert isinstance(record, Record)

    def command(job: Path, log: Path) -> list[str]:
        return [sys.executable, str(STAGES_FILE), str(job), "--events", "--cache", str(out / "c"), "--log", str(log)]

    track_one(record, out, Engine(Path(sys.executable), PROJECT), command)
    return json.loads(json.dumps(entry_of(record, out)))


def test_a_shot_is_tracked_from_its_entry_alone_and_its_result_taken(records: list[Record], tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = tracked(entry_of(records[0], out), out)
    assert result["state"] == "done" and (out / records[0].name / "track.npz").is_file()
    assert take_result(records[0], result)
    assert [record.state for record in records] == ["done", "waiting"]
    assert records[0].faces[0].artefacts["track"] == f"{records[0].name}/track.npz"


def test_a_result_that_is_torn_or_of_other_settings_is_passed_over(records: list[Record], tmp_path: Path) -> None:
    whole = entry_of(records[0], tmp_path / "out") | {"state": "done"}
    for wrong in (None, {}, whole | {"key": "other"}, whole | {"name": ".."}, whole | {"faces": "many"}):
        assert not take_result(records[0], wrong)
    assert [record.state for record in records] == ["waiting", "waiting"]
