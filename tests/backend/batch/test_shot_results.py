"""Results that other computers leave beside a shot: whole ones count, damaged ones count as absent."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from backend.batch.keys import Keys
from backend.batch.manifest import write_manifest
from backend.batch.plan import Plan, key_of, planned
from backend.batch.shot import FAILED, WAITING, Shot
from backend.batch.shot_file import RESULT, forget_results, write_result
from backend.contract.failure import Failure
from backend.contract.job import STAGES
from backend.contract.targets import Targets

SETTINGS = {kind: spec.settings() for kind, spec in STAGES.items()}


def _plan(folder: Path) -> Plan:
    return planned([Shot(folder / "anna.mp4", SETTINGS)], folder / "out", Keys(folder / "models"), False)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """The folder of a batch whose manifest knows one shot, which waits."""
    plan, folder = _plan(tmp_path), tmp_path / "out"
    plan.records[0].key = key_of(plan.records[0], folder, Keys(tmp_path / "models"))
    write_manifest(folder, plan.records, (), 1, Targets())
    (folder / "anna").mkdir()
    return folder


def test_what_became_of_a_shot_elsewhere_is_in_the_next_plan(out: Path) -> None:
    record = _plan(out.parent).records[0]
    record.key = key_of(record, out, Keys(out.parent / "models"))
    record.state, record.failure = FAILED, Failure("no-face", "No face was found.", "Choose another clip.")
    write_result(record, out)
    assert _plan(out.parent).records[0].state == FAILED
    forget_results(out, ["anna"])
    assert _plan(out.parent).records[0].state == WAITING


@pytest.mark.parametrize("damaged", ["", "[]", "{}", '{"name": 3}', json.dumps({"name": "anna", "state": "done"})])
def test_a_damaged_result_counts_as_absent(out: Path, damaged: str) -> None:
    (out / "anna" / RESULT).write_text(damaged, "ascii")
    assert _plan(out.parent).records[0].state == WAITING
