"""Checks of a farm's computers: what is missing is said in words that name the remedy."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from backend.batch.farm import checks
from backend.batch.farm.checks import NEEDS, Needs, fitness, read_needs, write_needs
from backend.contract.targets import Targets


@pytest.fixture
def needs(tmp_path: Path) -> Needs:
    models, out = tmp_path / "models", tmp_path / "out"
    models.mkdir()
    out.mkdir()
    (models / "face_landmarker.task").write_bytes(b"12345")
    return write_needs(out, models, Targets())


def test_a_computer_that_has_everything_is_fit(needs: Needs) -> None:
    assert read_needs(Path(needs.folder)) == needs
    assert fitness(needs).problem == "" and fitness(needs).shots >= 1


def test_what_a_computer_lacks_is_named(needs: Needs, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "version" in fitness(replace(needs, program_version="0.0.1")).problem
    assert "packages differ" in fitness(replace(needs, code="other")).problem
    assert "does not see the folder" in fitness(replace(needs, token="of another folder")).problem
    assert "model files" in fitness(replace(needs, model_files={"face_landmarker.task": 6})).problem
    assert "does not have the model files" in fitness(replace(needs, models="/nowhere")).problem
    monkeypatch.setattr(checks, "PACKAGES", ("torch", "no_such_package"))
    assert "lacks no_such_package" in fitness(needs).problem


def test_damaged_needs_count_as_none(needs: Needs) -> None:
    (Path(needs.folder) / NEEDS).write_text("{}")
    assert read_needs(Path(needs.folder)) is None
    assert "does not see the folder" in fitness(needs).problem
