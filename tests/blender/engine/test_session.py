"""Runs of the engine: everything an engine can do, and everything that can happen to it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from alive import gone_within, is_alive
from flame_extension.backend.contract.child_environment import child_environment
from flame_extension.backend.contract.failure import Failure
from flame_extension.backend.contract.job import default_job
from flame_extension.backend.contract.supervision import process as engine_process
from flame_extension.backend.contract.supervision.process import OF_BLENDER, Engine
from flame_extension.blender_flame_tracker.engine import session as sessions
from flame_extension.blender_flame_tracker.engine.session import Run, RunState, Session
from project import HELPERS, ROOT, TESTS

posix = pytest.mark.skipif(os.name != "posix", reason="looks at processes by POSIX signals")


@pytest.fixture
def engine(tmp_path):
    """An engine whose package `backend` is the stand-in, in a folder with a difficult name."""
    root = tmp_path / "Jösé Ünï 名 engine"
    (root / "backend").mkdir(parents=True)
    (root / "backend" / "__init__.py").touch()
    shutil.copy(HELPERS / "fake_engine.py", root / "backend" / "__main__.py")
    return Engine(Path(sys.executable), root)


@pytest.fixture
def session():
    session = Session(replace(sessions.TIMEOUTS, final_event=0.2, cancel=1.0))
    yield session
    session.close(0.0)


def make_run(engine, tmp_path, behaviour, name="run", **options):
    folder = tmp_path / f"{name} földer"
    folder.mkdir()
    (folder / "behaviour").write_text(behaviour)
    return Run(default_job({}), engine, folder, **options)


def poll_until(session, condition, seconds=20.0):
    end = time.monotonic() + seconds
    while not condition():
        session.poll()
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


def test_a_run_from_start_to_end(engine, tmp_path, session):
    run = make_run(engine, tmp_path, "usual")
    session.submit(run)
    assert run.state is RunState.WAITING and session.busy
    # What waits has its names for people before the engine tells them.
    assert [stage.label for stage in run.stages.values()][:2] == ["Video", "Face"]
    assert session.wait(run) is RunState.DONE
    assert run.outputs == {"track": Path("/somewhere/track.npz")}
    assert [(stage.label, stage.state, stage.fraction) for stage in run.stages.values()][:2] == [
        ("Video", "cached", 1.0),
        ("Fit", "done", 1.0),
    ]
    assert run.stages["fit"].seconds == 1.5 and run.stages["fit"].summary == "2 px"
    assert (run.device, run.version, run.preview) == ("abacus", "9.9", Path("/tmp/preview.png"))
    assert [notice.code for notice in run.notices] == ["focal-assumed"]
    assert not session.busy and session.current is None


def test_the_engine_gets_a_clean_environment_a_list_of_arguments_and_its_own_folder(
    engine, tmp_path, session, monkeypatch
):
    monkeypatch.setenv("PYTHONPATH", "/blender/lib")
    monkeypatch.setenv("PYTHONHOME_UNUSED", "x")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:3128")
    run = make_run(engine, tmp_path, "usual", cache=tmp_path / "cäche", models=tmp_path / "mödels")
    session.submit(run)
    session.wait(run)
    seen = json.loads((run.folder / "seen.json").read_text())
    python = {name for name in seen["environment"] if name.startswith("PYTHON")}
    assert python == {"PYTHONNOUSERSITE", "PYTHONUTF8"}
    assert seen["environment"]["HTTPS_PROXY"] == "http://proxy:3128"
    assert seen["arguments"] == [
        "run", str(run.folder / "job.json"), "--log", str(run.folder / "engine.log"),
        "--cache", str(tmp_path / "cäche"), "--events", "--models", str(tmp_path / "mödels"),
    ]  # fmt: skip
    assert Path(seen["cwd"]) == engine.root
    assert json.loads((run.folder / "job.json").read_text())["stages"]
    assert not list(engine.root.rglob("__pycache__"))


def test_blenders_own_variables_do_not_leak():
    variables = {"PYTHONPATH": "1", "BLENDER_USER_RESOURCES": "2", "LD_PRELOAD": "3", "PATH": "4", "SSL_CERT_FILE": "5"}
    kept = child_environment(variables, OF_BLENDER)
    assert kept == {"PATH": "4", "SSL_CERT_FILE": "5", "PYTHONNOUSERSITE": "1", "PYTHONUTF8": "1"}


def test_polling_takes_a_few_milliseconds_and_much_talk_is_thinned(engine, tmp_path, session):
    run = make_run(engine, tmp_path, "chatty")
    session.submit(run)
    session.poll()
    time.sleep(1.5)
    process = session.supervisor._process
    # Twenty thousand steps were said; only the latest waits to be read.
    assert len(process._events) < 50
    assert session.wait(run) is RunState.DONE
    assert run.stages["fit"].done == 20_000


def test_garbage_half_lines_and_wrong_fields_do_no_harm(engine, tmp_path, session):
    run = make_run(engine, tmp_path, "garbage")
    session.submit(run)
    assert session.wait(run) is RunState.DONE
    assert run.stages["fit"].state == "done"
    noise = run.log.read_bytes()
    assert b"[not an event]" in noise and len(noise) < 10_000


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [
        ("error", "no-face"),
        ("crash", "engine-died"),
        ("half line", "engine-died"),
        ("other version", "engine-other-version"),
        ("stranger", "engine-not-ours"),
    ],
)
def test_failures_are_sentences(engine, tmp_path, session, behaviour, code):
    run = make_run(engine, tmp_path, behaviour)
    session.submit(run)
    assert session.wait(run) is RunState.FAILED
    assert run.failure.code == code and run.failure.sentence.endswith(".") and run.failure.advice
    if behaviour == "crash":
        assert run.stages["fit"].state == "failed"
        assert "Segmentation fault" in run.log.read_text()


def test_an_engine_that_is_not_there_is_said(engine, tmp_path, session):
    for python, code in (
        (tmp_path / "nowhere" / "python", "engine-missing"),
        (tmp_path / "text", "engine-not-startable"),
    ):
        (tmp_path / "text").write_text("not a program")
        run = make_run(Engine(python, engine.root), tmp_path, "usual", name=code)
        session.submit(run)
        assert session.wait(run) is RunState.FAILED and run.failure.code == code


def test_a_folder_that_cannot_be_written_is_said(engine, tmp_path, session):
    (tmp_path / "file").write_text("in the way")
    run = Run(default_job({}), engine, tmp_path / "file" / "folder")
    session.submit(run)
    assert session.wait(run) is RunState.FAILED and run.failure.code == "job-not-written"


def test_cancelling_asks_and_the_engine_goes(engine, tmp_path, session):
    run = make_run(engine, tmp_path, "patient")
    session.submit(run)
    poll_until(session, lambda: run.answered)
    session.cancel(run)
    assert run.state is RunState.CANCELLING
    assert session.wait(run) is RunState.CANCELLED and not session.busy


@posix
def test_an_engine_that_does_not_listen_is_killed_with_all_that_it_started(engine, tmp_path, session):
    run = make_run(engine, tmp_path, "deaf")
    session.submit(run)
    poll_until(session, lambda: run.answered)
    pids = [session.supervisor.pid, int((run.folder / "child").read_text())]
    session.cancel(run)
    assert session.wait(run) is RunState.CANCELLED
    poll_until(session, lambda: not any(is_alive(pid) for pid in pids))


@posix
def test_killed_from_outside(engine, tmp_path, session):
    run = make_run(engine, tmp_path, "patient")
    session.submit(run)
    poll_until(session, lambda: run.answered)
    os.kill(session.supervisor.pid, signal.SIGKILL)
    assert session.wait(run) is RunState.FAILED and run.failure.code == "engine-died"


@posix
def test_closing_ends_everything_and_empties_the_queue(engine, tmp_path, session):
    first, second = make_run(engine, tmp_path, "deaf", "one"), make_run(engine, tmp_path, "usual", "two")
    session.submit(first)
    session.submit(second)
    poll_until(session, lambda: first.answered)
    pids = [session.supervisor.pid, int((first.folder / "child").read_text())]
    session.close(0.1)
    assert first.state is second.state is RunState.CANCELLED and not session.busy
    poll_until(session, lambda: not any(is_alive(pid) for pid in pids))


def test_two_jobs_run_one_after_the_other_and_a_waiting_one_can_be_cancelled(engine, tmp_path, session):
    runs = [make_run(engine, tmp_path, "patient" if n == 0 else "usual", str(n), owner=f"scene {n}") for n in range(4)]
    for run in runs:
        session.submit(run)
    poll_until(session, lambda: runs[0].answered)
    assert session.current is runs[0] and session.queue == tuple(runs[1:])
    session.cancel(runs[2])
    assert runs[2].state is RunState.CANCELLED
    session.cancel(runs[0])
    assert [session.wait(runs[n]) for n in (0, 1, 3)] == [RunState.CANCELLED, RunState.DONE, RunState.DONE]


def test_silence_is_noticed(engine, tmp_path):
    moment = [100.0]
    session = Session(clock=lambda: moment[0])
    run = make_run(engine, tmp_path, "silent")
    session.submit(run)
    poll_until(session, lambda: run.answered)
    assert session.silent_for(run) == 0
    moment[0] += sessions.SILENCE + 1
    session.poll()
    assert session.silent_for(run) > sessions.SILENCE and run.state is RunState.RUNNING
    session.close(0.0)
    assert session.silent_for(run) == 0


@posix
def test_a_child_that_stays_behind_does_not_hold_up_the_end(engine, tmp_path, session):
    run = make_run(engine, tmp_path, "leaves a child")
    session.submit(run)
    assert session.wait(run) is RunState.DONE and not session.busy


@posix
def test_the_engine_goes_when_its_parent_is_killed(engine, tmp_path):
    run = make_run(engine, tmp_path, "patient")
    parent = subprocess.Popen(
        [sys.executable, str(HELPERS / "orphan_parent.py"), str(engine.root), str(run.folder)],
        stdout=subprocess.PIPE,
        text=True,
    )
    pid = int(parent.stdout.readline())
    assert is_alive(pid)
    parent.kill()
    parent.wait()
    assert gone_within(5, pid), "the engine outlived Blender"


def test_the_real_engine_speaks_this_language(tmp_path, session):
    """Where this interpreter can run the engine: a job without a video fails with the engine's own sentence."""
    pytest.importorskip("torch", reason="the engine is not installed in this environment")
    engine = Engine(Path(sys.executable), ROOT)
    run = Run(default_job({}), engine, tmp_path / "run", cache=tmp_path / "cache")
    session.submit(run)
    assert session.wait(run) is RunState.FAILED
    assert run.answered and run.version and run.failure.code != "engine-died" and run.failure.advice


def test_starting_returns_a_failure_and_not_an_exception_for_an_unwritable_log(engine, tmp_path):
    (tmp_path / "file").write_text("in the way")
    started = engine_process.start_process(engine, [sys.executable, "-c", "pass"], tmp_path / "file" / "engine.log")
    assert isinstance(started, Failure) and started.code == "log-not-writable"


@posix
def test_asking_an_engine_that_has_just_gone_does_not_end_blender():
    """Blender, other than Python, leaves SIGPIPE as it is; so does the program that asks here."""
    script = (
        "import os, signal, subprocess, sys\n"
        f"sys.path.insert(0, {str(TESTS)!r})\n"
        "import conftest\n"
        "from flame_extension.backend.contract.supervision.process import EngineProcess\n"
        "signal.signal(signal.SIGPIPE, signal.SIG_DFL)\n"
        "deaf = 'import os, time; os.close(0); print(0, flush=True); time.sleep(60)'\n"
        "child = subprocess.Popen([sys.executable, '-c', deaf], stdin=-1, stdout=-1, start_new_session=True)\n"
        "child.stdout.readline()\n"
        "engine = EngineProcess(child, open(os.devnull, 'wb'))\n"
        "engine.ask_to_stop()\n"
        "engine.end(0.0)\n"
        "print('alive', flush=True)\n"
        "os._exit(0)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60)
    assert done.stdout.strip() == "alive", (done.returncode, done.stderr)
