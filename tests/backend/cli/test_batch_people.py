"""The command ``batch`` with named people: one identity, solved from all of a person's shots."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from fake_batch import HELPERS, FakeBatch

from backend.cli import batch as command
from backend.contract.identity_file import KnownIdentity, read_identity

STAND_IN = [sys.executable, str(HELPERS / "fake_stages.py")]


@pytest.fixture
def batch(tmp_path: Path) -> FakeBatch:
    made = FakeBatch(tmp_path)
    made.add("a", shape=1.0)
    made.add("b", shape=2.0)
    made.add("c")
    made.write_list("clips/a/a.clip\tAnna", "clips/b/b.clip\tanna", "clips/c/c.clip")
    return made


def identity(batch: FakeBatch, file: str = "people/Anna.npz") -> float:
    known = read_identity(batch.out / file)
    assert isinstance(known, KnownIdentity)
    return float(known.coefficients[0])


def person(batch: FakeBatch) -> dict:
    (entry,) = json.loads((batch.out / "batch.json").read_text("utf-8"))["people"]
    return entry


def identities_asked_for(batch: FakeBatch, name: str) -> list[str]:
    job = json.loads((batch.out / name / "job.json").read_text("utf-8"))
    return [stage["settings"]["identity_track"] for stage in job["stages"] if stage["kind"] == "head"]


def test_all_shots_of_a_person_get_the_identity_that_is_solved_from_them_together(batch: FakeBatch) -> None:
    code, events, error = batch("--events")
    assert code == 0, error
    assert identity(batch) == 3.0, "the sum, as the made solve has it, and not the mean"
    assert set(person(batch)["made_of"]) == {"a", "b"} and person(batch)["notices"] == []
    assert identities_asked_for(batch, "a") == identities_asked_for(batch, "b") == ["../people/Anna.npz"]
    assert identities_asked_for(batch, "c") == [""]
    shares = [event["done"] for event in events if event["event"] == "progress" and event["name"] == "batch"]
    assert shares == sorted(shares) and shares[-1] <= 3
    assert [file.name for file in (batch.out / "people").iterdir()] == ["Anna.npz"]
    assert batch()[0] == 0 and set(batch.states().values()) == {"skipped"}, "it stays"


def test_where_they_cannot_be_solved_together_it_is_the_mean_and_the_page_says_so(batch: FakeBatch) -> None:
    batch.clips["b"].write_text('{"shape": 2.0, "unlike": true}', "utf-8")
    batch.add("torn", no_face=True)
    batch.write_list("clips/a/a.clip\tAnna", "clips/torn/torn.clip\tAnna", "clips/b/b.clip\tAnna")
    code, events, _ = batch("--events")
    assert code == 1 and batch.states() == {"a": "done", "b": "done", "torn": "failed"}
    assert identity(batch) == 1.5, "the mean; the one that cannot be tracked takes no other with it"
    notice = next(event for event in events if event["event"] == "notice")
    assert "They do not go together." in notice["sentence"] and notice["name"] == "batch"
    page = (batch.out / "batch.html").read_text("utf-8")
    assert "Anna: one face shape in 3 shots, found from 2 shots." in page and "They do not go together." in page


def test_tasks_of_a_farm_find_the_identity_in_steps(batch: FakeBatch) -> None:
    assert batch("--openjd", str(batch.folder / "job.yaml"))[0] == 0
    _, template = (batch.folder / "job.yaml").read_text("utf-8").split("\n", 1)
    steps = {step["name"]: step for step in json.loads(template)["steps"]}
    assert {name: [each["dependsOn"] for each in step.get("dependencies", ())] for name, step in steps.items()} == {
        "Survey": [],
        "Identity": ["Survey"],
        "Track": [],
        "Track People": ["Identity"],
        "Page": ["Track", "Track People"],
    }
    for name in ("Survey", "Identity", "Track People", "Page"):
        flag = steps[name]["script"]["actions"]["onRun"]["args"][-1]
        space = steps[name].get("parameterSpace", {"taskParameterDefinitions": [{"range": [""]}]})
        for value in space["taskParameterDefinitions"][0]["range"]:
            assert task(batch, flag.replace("{{Task.Param.Name}}", value)) == 0
    assert batch.states() == {"a": "skipped", "b": "skipped", "c": "waiting"} and identity(batch) == 3.0
    assert identities_asked_for(batch, "a") == identities_asked_for(batch, "b") == ["../people/Anna.npz"]
    assert [file.name for file in (batch.out / "people").iterdir()] == ["Anna.npz"]
    assert batch()[0] == 0 and batch.states() == {"a": "skipped", "b": "skipped", "c": "done"}


def task(batch: FakeBatch, flag: str) -> int:
    """Run what a task of the farm runs, in this process."""
    flags = ["--out", str(batch.out), "--cache", str(batch.folder / "cache"), flag]
    return command.run(command.parser().parse_args([str(batch.out / "batch.json"), *flags]), STAND_IN)
