"""The command ``batch`` on bad days: manifests of others, folders that cannot be written, stops in the middle."""

from __future__ import annotations

import contextlib
import json
import signal
import sys
import time
from pathlib import Path

import pytest
from fake_batch import FakeBatch

from backend.batch import driver
from backend.batch.keys import Keys
from backend.batch.plan import planned
from backend.batch.shot import Shot
from backend.cli import batch as command
from backend.contract.job import STAGES

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="signals and modes are POSIX's")


@pytest.fixture
def batch(tmp_path: Path) -> FakeBatch:
    return FakeBatch(tmp_path)


def edited(batch: FakeBatch, change: str, to: str) -> None:
    file = batch.out / "batch.json"
    file.write_text(file.read_text("utf-8").replace(change, to), "utf-8")


def only_sentence(batch: FakeBatch, *flags: str, source: Path | None = None) -> str:
    code, _, error = batch(*flags, source=source)
    assert code == 1 and error.count("\n") == 1 and "Traceback" not in error, error
    return error


def test_a_manifest_of_a_newer_version_stays_as_it_is(batch: FakeBatch) -> None:
    batch.add("anna")
    assert batch()[0] == 0
    edited(batch, '"schema": 1', '"schema": 2')
    before = (batch.out / "batch.json").read_bytes()
    for flags in ((), ("--overwrite",)):
        assert "was written by a newer version" in only_sentence(batch, *flags)
    assert "newer version" in only_sentence(batch, source=batch.out / "batch.json")
    assert (batch.out / "batch.json").read_bytes() == before


def test_a_manifest_that_was_edited_counts_once_that_is_allowed(batch: FakeBatch) -> None:
    batch.add("anna")
    batch.add("ben")
    assert batch()[0] == 0
    batch.worked_on()
    edited(batch, '"seconds"', '"minutes"')
    assert "was changed after this program wrote it" in only_sentence(batch)
    assert batch("--overwrite")[0] == 0
    assert batch.states() == {"anna": "done", "ben": "done"}, "their entries are not whole any more"
    assert batch.worked_on() == set(), "the cache has them all the same"


def test_names_in_an_edited_manifest_lead_nowhere_else(batch: FakeBatch) -> None:
    batch.add("anna")
    assert batch()[0] == 0
    edited(batch, '"name": "anna"', '"name": "../anna"')
    assert batch("--overwrite")[0] == 0
    assert batch.states() == {"anna": "done"} and not (batch.folder / "anna").exists()


@POSIX
def test_a_folder_that_is_a_file_is_named(batch: FakeBatch) -> None:
    batch.add("anna")
    batch.out.write_text("mine", "utf-8")
    assert "The results cannot be written" in only_sentence(batch)


@POSIX
def test_the_page_is_there_after_ctrl_c_too(batch: FakeBatch) -> None:
    batch.add("anna")
    batch.add("slow", seconds=60.0)
    process = batch.start("--workers", "1")
    batch.wait_for("anna/report.txt", "slow/job.json")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    page = (batch.out / "batch.html").read_text("utf-8")
    assert "Stopped before all was done" in page and "1 done" in page and "1 waiting" in page


def test_a_disk_that_is_full_ends_the_batch_with_a_sentence_and_a_page(
    batch: FakeBatch, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    batch.add("gone")
    batch.clips["gone"].unlink()
    written = driver.write_manifest
    calls = []

    def full(*arguments: object) -> Path:
        calls.append(arguments)
        if len(calls) > 1:
            raise OSError(28, "No space left on device")
        return written(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(driver, "write_manifest", full)
    arguments = [str(batch.list), "--out", str(batch.out), "--cache", str(batch.folder / "cache")]
    assert command.main(arguments) == 1
    assert "No space left on device" in capfd.readouterr().err
    assert "Ended before all was done: No space left on device." in (batch.out / "batch.html").read_text("utf-8")


def test_a_clip_that_vanishes_in_the_middle_fails_alone(batch: FakeBatch) -> None:
    batch.add("anna")
    batch.add("gone", seconds=0.1)
    process = batch.start("--workers", "1", "--events")
    assert process.stdout is not None
    for line in process.stdout:
        event = json.loads(line)
        if event["event"] == "stage" and event["name"] == "anna" and event["state"] == "running":
            batch.clips["gone"].unlink()
    assert process.wait(timeout=60) == 1
    assert batch.states() == {"anna": "done", "gone": "failed"}
    assert "There is no file" in batch.shots()["gone"]["failure"]["sentence"]


def test_what_a_list_says_of_people_is_read_and_contradictions_are_refused(batch: FakeBatch) -> None:
    batch.add("anna")
    batch.write_list("clips/anna/anna.clip\tAnna")
    assert batch()[0] == 0
    assert batch.shots()["anna"]["person"] == "Anna"
    assert "one person is named" in only_sentence(batch, "--all-faces")
    assert "a person is named" in only_sentence(batch, "--identity-track", "other.npz")
    batch.write_list("clips/anna/anna.clip\tAnna\tBen")
    assert "Line 3 of clips.txt" in only_sentence(batch)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks /proc who works on a shot")
def test_without_the_program_that_started_it_nothing_goes_on(batch: FakeBatch) -> None:
    batch.add("slow", seconds=60.0)
    process = batch.start("--events")
    batch.wait_for("slow/job.json")
    assert process.stdin is not None
    process.stdin.close()
    process.wait(timeout=30)
    job = str(batch.out / "slow" / "job.json").encode()
    for _ in range(1000):
        if not _somebody_has(job):
            break
        time.sleep(0.01)
    assert not _somebody_has(job)
    assert batch.states()["slow"] in ("waiting", "running"), "it goes on with the next command"


def _somebody_has(argument: bytes) -> bool:
    """Whether a process has this among its arguments."""
    lines = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            lines.append(file.read_bytes())
    return any(argument in line.split(b"\0") for line in lines)


def test_the_plan_of_a_thousand_shots_reads_no_footage(tmp_path: Path) -> None:
    settings = {kind: spec.settings() for kind, spec in STAGES.items()}
    shots = [Shot(tmp_path / f"{number}.mp4", settings) for number in range(1000)]
    plan = planned(shots, tmp_path / "out", Keys(tmp_path / "models"), False)
    assert len({record.name for record in plan.records}) == 1000 and len(plan.waiting) == 1000
