"""The command ``batch`` on a real Dask scheduler: workers, scheduler and driver die, and nothing is lost."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from dask_farm import DaskFarm, dask_farm
from fake_batch import FakeBatch

from backend.contract.identity_file import KnownIdentity, read_identity

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="kills groups of processes, which are POSIX's"),
    pytest.mark.timeout(240),
]
pytest.importorskip("distributed", reason="Dask is not installed")


@pytest.fixture
def farm(tmp_path: Path) -> Iterator[DaskFarm]:
    with dask_farm(tmp_path, 2) as made:
        yield made


@pytest.fixture
def batch(tmp_path: Path) -> FakeBatch:
    return FakeBatch(tmp_path)


def _until(process: subprocess.Popen[str], name: str) -> None:
    """Read what a batch says until a shot is under way."""
    assert process.stdout is not None
    for line in process.stdout:
        event = json.loads(line)
        if event["event"] == "progress" and event["name"] == name and event["done"] > 0:
            return
    raise AssertionError(f"{name} was never under way")


def _end(process: subprocess.Popen[str]) -> str:
    """Read the rest of what a batch says, its standard input open as Blender keeps it."""
    assert process.stdout is not None
    said = process.stdout.read()
    process.wait(timeout=120)
    return said


def test_a_worker_that_is_killed_loses_nothing_and_failures_are_told(batch: FakeBatch, farm: DaskFarm) -> None:
    for number in range(3):
        batch.add(f"shot{number}", seconds=3.0)
    batch.add("nobody", no_face=True)
    process = batch.start("--dask", farm.address, "--events")
    _until(process, "shot1")
    farm.kill(farm.workers[0])
    _end(process)
    assert process.returncode == 1
    assert batch.states() == {"nobody": "failed", "shot0": "done", "shot1": "done", "shot2": "done"}
    assert batch.shots()["nobody"]["failure"]["code"] == "no-face"
    assert max(shot["starts"] for shot in batch.shots().values()) == 2
    assert (batch.out / "batch.html").is_file()
    assert not list(batch.out.glob("*/shot.json")), "what the manifest has lies nowhere else"
    assert not list(batch.out.glob(".batch.stop*"))


def test_workers_find_the_identity_of_a_person_before_the_shots(batch: FakeBatch, farm: DaskFarm) -> None:
    batch.add("a", shape=1.0)
    batch.add("b", shape=2.0)
    batch.write_list("clips/a/a.clip\tAnna", "clips/b/b.clip\tAnna")
    code, _, error = batch("--dask", farm.address)
    assert code == 0, error
    known = read_identity(batch.out / "people" / "Anna.npz")
    assert isinstance(known, KnownIdentity) and known.coefficients[0] == 3.0, "the sum, as the made solve has it"
    assert {shot["identity"] for shot in batch.shots().values()} == {"people/Anna.npz"}


def test_a_scheduler_that_dies_stops_the_batch_and_the_next_run_goes_on(batch: FakeBatch, farm: DaskFarm) -> None:
    batch.add("anna")
    batch.add("ben", seconds=6.0)
    process = batch.start("--dask", farm.address, "--events")
    _until(process, "ben")
    farm.kill(farm.scheduler)
    said = _end(process)
    assert process.returncode == 1 and "dask-lost" in said
    assert batch.states()["ben"] in ("waiting", "done")
    code, _, error = batch()
    assert code == 0, error
    assert set(batch.states().values()) <= {"done", "skipped"}


def test_what_workers_finish_after_the_driver_was_killed_is_not_done_again(batch: FakeBatch, farm: DaskFarm) -> None:
    batch.add("anna", seconds=4.0)
    process = batch.start("--dask", farm.address, "--events")
    _until(process, "anna")
    os.kill(process.pid, signal.SIGKILL)
    process.wait(timeout=20)
    batch.wait_for("anna/shot.json")
    assert batch.worked_on() == {"anna"}
    code, _, error = batch("--dask", farm.address)
    assert code == 0, error
    assert batch.states() == {"anna": "skipped"} and batch.worked_on() == set()


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "render01"])
def test_no_scheduler_is_one_sentence(batch: FakeBatch, address: str) -> None:
    batch.add("anna")
    code, _, error = batch("--dask", address)
    assert code == 1 and f"No Dask scheduler answers at {address}" in error and "Traceback" not in error


@pytest.mark.parametrize("greeting", [b"SSH-2.0-OpenSSH_9.2\r\n", b""], ids=["words", "nothing"])
def test_another_program_at_the_address_is_told_from_a_scheduler(batch: FakeBatch, greeting: bytes) -> None:
    batch.add("anna")
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            connection.sendall(greeting)
            connection.shutdown(socket.SHUT_WR)

        threading.Thread(target=answer, daemon=True).start()
        code, _, error = batch("--dask", f"tcp://127.0.0.1:{server.getsockname()[1]}")
    assert code == 1 and "No Dask scheduler answers" in error and "another program" in error
