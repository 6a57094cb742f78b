"""Events of an installation for Blender: `install_deps.py` with `--events`, `--plan`, `--state` and `--check`."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest
from install_helpers import ROOT, Installation

from backend.contract.events import decode
from backend.setup.add_on_zip import build_zip

SLOW_CHECK = "import pathlib, time\npathlib.Path(__file__).with_name('started').touch()\ntime.sleep(120)\n"


def listen(installation: Installation, *arguments: str) -> tuple[list[dict[str, Any]], int]:
    """Run the installer to its end and return what it said; every line has to be an event."""
    with begin(installation, *arguments) as process:
        return heard(process), process.wait()


def begin(installation: Installation, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        installation.command("--events", *arguments),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )


def heard(process: subprocess.Popen[str]) -> list[dict[str, Any]]:
    assert process.stdout is not None
    events = []
    for line in process.stdout:
        event = decode(line)
        assert event is not None, line
        events.append(event)
    return events


def last_words(installation: Installation, *arguments: str) -> dict[str, Any]:
    events, _ = listen(installation, *arguments)
    return events[-1]


def everything_in(folder: Path) -> list[tuple[str, int]]:
    return sorted((str(path), path.lstat().st_mtime_ns) for path in folder.rglob("*"))


def test_an_installation_says_its_stages_and_how_far_it_is(installation: Installation) -> None:
    events, code = listen(installation)
    assert code == 0
    assert [events[0]["event"], events[1]["event"], events[-1]["event"]] == ["hello", "job", "done"]
    assert sum(stage["weight"] for stage in events[1]["stages"]) == pytest.approx(1.0)
    began = [event["name"] for event in events if event["event"] == "stage" and event["state"] == "running"]
    ended = [event["name"] for event in events if event["event"] == "stage" and event["state"] == "done"]
    assert began == ended == ["environment", "packages", "check"]
    assert [event["text"] for event in events if event["event"] == "progress" and "flame_fake" in event["text"]]
    assert Path(events[-1]["outputs"]["engine"]) == installation.python
    assert installation.answer() == "42 backend"


def test_an_installation_that_fails_says_why_with_its_log(installation: Installation) -> None:
    installation.require("flame_fake==1.0", check="raise ImportError('DLL load failed')")
    events, code = listen(installation)
    assert code == 1
    assert (events[-1]["event"], events[-1]["code"], events[-1]["name"]) == ("error", "check-failed", "check")
    assert "DLL load failed" in Path(events[-1]["log"]).read_text()
    assert installation.environments() == []


@pytest.mark.parametrize("how", ["cancel", "gone"])
def test_it_ends_when_asked_and_when_blender_is_gone_and_goes_on_from_there(
    installation: Installation, how: str
) -> None:
    installation.require("flame_fake==1.0", check=SLOW_CHECK)
    with begin(installation) as process:
        assert process.stdin is not None
        deadline = time.monotonic() + 60
        while not (installation.requirements / "started").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        if how == "cancel":
            process.stdin.write("what?\ncancel\n")
            process.stdin.flush()
        else:
            process.stdin.close()
        events = heard(process)
        assert process.wait() == 130
    assert events[-1] == {"event": "cancelled"}
    assert installation.environments() == []
    if how == "cancel":
        installation.require("flame_fake==1.0")
        assert last_words(installation)["event"] == "done"


def test_a_plan_says_what_would_be_done_and_changes_nothing(installation: Installation) -> None:
    (installation.requirements / "packages.csv").write_text(
        "name,version,licence,build,linux-x86_64,win32-amd64,darwin-arm64\nflame-fake,1.0,MIT,,7000,7000,7000\n"
    )
    before = everything_in(installation.folder)
    plan = last_words(installation, "--plan")["plan"]
    assert everything_in(installation.folder) == before
    assert plan["packages"] == [{"name": "flame-fake", "version": "1.0", "licence": "MIT", "size": 7000}]
    assert (plan["condition"], plan["problems"], plan["disk"]) == ("not installed", [], 10_000_000)
    assert plan["sources"] == [str(installation.wheels)]
    assert plan["download"] == 0, "a folder of wheels needs no network"
    assert Path(plan["python"]["path"]).is_file() and not plan["python"]["fetched"]


def test_a_plan_names_all_that_is_in_the_way_at_once(installation: Installation) -> None:
    installation.target.mkdir()
    (installation.target / "thesis.txt").touch()
    installation.require("flame_fake==9.9", gigabytes=900000)
    problems = last_words(installation, "--plan")["plan"]["problems"]
    assert [problem["code"] for problem in problems] == ["target-not-ours", "disk-full", "wheels-missing"]
    assert "flame-fake 9.9" in problems[2]["sentence"]


def test_a_standard_input_that_is_closed_from_the_start_stops_it_in_good_order(installation: Installation) -> None:
    command = installation.command("--events")
    run = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert "Traceback" not in run.stderr
    assert run.returncode == 130 and '"cancelled"' in run.stdout.splitlines()[-1]


def test_the_environment_of_another_copy_of_the_program_is_left_to_its_installer(installation: Installation) -> None:
    (installation.folder / "install_deps.py").touch()
    installation.target.mkdir()
    (installation.target / "INSTALLED_BY_FLAME_HEAD_TRACKER.txt").touch()
    (installation.target / "current.json").write_text(json.dumps({"engine": "engine-0-1", "project": ".."}))
    problems = last_words(installation, "--plan")["plan"]["problems"]
    assert [problem["code"] for problem in problems] == ["target-of-another"]


def test_what_is_there_is_told_by_looking_and_by_trying(installed: Installation) -> None:
    state = last_words(installed, "--state")["state"]
    assert (state["state"], state["versions"]["flame-fake"]) == ("complete", "1.0")
    (installed.target / "install.log").unlink()
    (installed.target / "install.log").mkdir()  # as little to be written as in a folder that may only be read
    checked = last_words(installed, "--check")["state"]
    assert (checked["state"], checked["device"]) == ("complete", "processor")
    (installed.target / "install.log").rmdir()

    (installed.requirements / "check_engine.py").write_text("raise ImportError('libGL.so.1: gone')")
    tried = last_words(installed, "--check")["state"]
    assert tried["state"] == "broken"
    assert "libGL.so.1: gone" in tried["reason"]

    (module,) = installed.target.glob("envs/*/**/flame_fake/__init__.py")
    module.write_text("ANSWER = 42, or so")
    broken = last_words(installed, "--state")["state"]
    assert (broken["state"], broken["reason"]) == ("broken", "flame_fake/__init__.py is missing or damaged")

    installed.require_more()
    assert last_words(installed, "--state")["state"]["state"] == "outdated"


def test_a_mistake_of_our_own_is_a_sentence_and_no_traceback(installation: Installation) -> None:
    code = "import sys, pathlib; from backend.setup import command; command.set_up = lambda *a: 1 / 0; "
    code += "sys.exit(command.main(sys.argv[1:], pathlib.Path.cwd()))"
    command = [sys.executable, "-B", "-c", code, *installation.command("--events")[2:]]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        last = heard(process)[-1]
        assert process.stderr is not None
        assert "Traceback" in process.stderr.read(), "the details are in the log"
    assert (last["event"], last["code"]) == ("error", "internal")
    assert "ZeroDivisionError: division by zero" in last["sentence"]


def test_the_same_answers_are_had_without_events(installation: Installation) -> None:
    for flag, name in (("--plan", "plan"), ("--state", "state")):
        run = installation.install(flag)
        assert run.returncode == 0, run.stderr
        assert list(json.loads(run.stdout)) == [name]


def test_nothing_is_written_into_the_add_on(installation: Installation, tmp_path: Path) -> None:
    built = build_zip(ROOT, tmp_path)
    assert isinstance(built, Path)
    add_on = tmp_path / "add-on"
    with zipfile.ZipFile(built) as archive:
        archive.extractall(add_on)
    before = everything_in(add_on)
    for task, expected in (([], None), (["--check"], "complete")):
        command = [
            sys.executable,
            "-I",
            "-B",
            str(add_on / "install_deps.py"),
            *installation.command("--events", *task)[2:],
        ]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            last = heard(process)[-1]
        assert last["event"] == "done", last
        assert last.get("state", {}).get("state") == expected, last
    assert everything_in(add_on) == before
