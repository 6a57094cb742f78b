"""`install_deps.py` as users start it: set up, again, broken, half-made, interrupted, without the network."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from install_helpers import CHECK, ROOT, Installation, write_wheel

from backend.contract.failure import Failure
from backend.contract.installation import Layout, current_environment
from backend.setup.install.verify import run_check
from backend.setup.layout import remove_leftovers
from backend.setup.plan.requirements import Purpose, read_purpose

WAITING = "import os, sys, time\nopen(os.environ['STARTED'], 'w').write(str(os.getpid()))\ntime.sleep(120)\n"


def test_sets_up_and_the_program_starts_from_any_folder(installed: Installation) -> None:
    assert installed.answer() == "42 backend"


def test_a_second_run_finds_everything_and_makes_nothing(installed: Installation) -> None:
    before = installed.environments()
    run = installed.install()
    assert run.returncode == 0
    assert "everything was there already and is whole" in run.stdout
    assert installed.environments() == before


def test_a_missing_file_is_repaired_and_what_an_interrupted_run_left_is_removed(installed: Installation) -> None:
    (environment,) = installed.environments()
    (module,) = (installed.target / "envs" / environment).glob("**/flame_fake/__init__.py")
    module.unlink()
    (installed.target / "envs" / "engine-00000000-1" / "bin").mkdir(parents=True)
    run = installed.install()
    assert run.returncode == 0
    assert "flame_fake/__init__.py is missing or damaged" in run.stdout
    assert installed.answer() == "42 backend"
    assert len(installed.environments()) == 1


def test_a_broken_launcher_is_repaired_without_a_new_environment(installed: Installation) -> None:
    before = installed.environments()
    installed.python.unlink()
    assert installed.install().returncode == 0
    assert installed.answer() == "42 backend"
    assert installed.environments() == before


def test_a_package_that_is_not_to_be_had_is_named_and_nothing_is_lost(installed: Installation) -> None:
    before = installed.environments()
    installed.require("flame_fake==9.9")
    run = installed.install()
    assert run.returncode == 1
    assert "lacks flame-fake 9.9" in run.stderr
    assert len(run.stderr.strip().splitlines()) == 1
    assert installed.environments() == before
    assert installed.answer() == "42 backend"


def test_what_a_package_asks_for_has_to_be_there_unless_only_its_files_are_read(installation: Installation) -> None:
    write_wheel(installation.wheels, "flame_networks", "1.0", {"flame_networks.py": ""}, requires="flame_huge>=2")
    pins = ("flame_fake==1.0", "flame_networks==1.0")
    installation.require(*pins)
    run = installation.install()
    assert run.returncode == 1
    assert "flame-networks 1.0 requires flame-huge, which is not installed" in run.stderr
    installation.require(*pins, files_only=("flame_networks",))
    assert installation.install().returncode == 0
    assert installation.answer() == "42 backend"


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (
            "libGL.so.1: cannot open shared object file: No such file or directory",
            "system-library-missing",
            "libGL.so.1",
        ),
        ("DLL load failed while importing cv2", "check-failed", "ImportError: DLL load failed while importing cv2."),
    ],
)
def test_what_does_not_import_is_told_in_one_sentence(
    installed: Installation, error: str, code: str, sentence: str
) -> None:
    layout = Layout(installed.target)
    environment = current_environment(layout, "engine")
    assert environment is not None
    installed.require("flame_fake==1.0", check=f"raise ImportError('{error}')")
    purpose = read_purpose(installed.requirements, "engine")
    assert isinstance(purpose, Purpose)
    failure = run_check(layout, environment, environment / "lib", purpose)
    assert isinstance(failure, Failure)
    assert failure.code == code
    assert sentence in failure.sentence


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_an_interrupted_run_leaves_the_old_environment_and_no_process(
    installed: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (before,) = installed.environments()
    started = tmp_path / "started"
    monkeypatch.setenv("STARTED", str(started))
    for how, code in ((signal.SIGINT, 130), (signal.SIGKILL, -9)):
        installed.require_more(check=WAITING)
        run = installed.start()
        wait_for(lambda: started.exists() and started.read_text() != "")
        child = int(started.read_text())
        started.unlink()
        if how == signal.SIGKILL:
            run.kill()
        else:
            os.killpg(run.pid, how)
        run.communicate(timeout=60)
        assert run.returncode == code
        wait_for(lambda child=child: not alive(child))
        assert before in installed.environments()
        assert installed.answer() == "42 backend"
    installed.require_more()
    assert installed.install().returncode == 0
    assert len(installed.environments()) == 1
    assert before not in installed.environments()


@pytest.mark.skipif(os.name == "nt", reason="Windows protects files in use by itself")
def test_an_update_keeps_what_a_running_engine_imports_from(installed: Installation) -> None:
    (before,) = installed.environments()
    with subprocess.Popen(
        [str(installed.python), "-I", "-c", "print('up', flush=True); input(); import flame_fake; print('late')"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as engine:
        assert engine.stdout is not None
        assert engine.stdout.readline() == "up\n"
        installed.require_more()
        assert installed.install().returncode == 0
        assert before in installed.environments()
        assert engine.communicate("\n")[0] == "late\n"
    assert remove_leftovers(Layout(installed.target)) == []
    assert before not in installed.environments()


def test_settings_of_python_and_of_pip_do_not_leak_in(installation: Installation) -> None:
    evil = installation.folder / "evil"
    evil.mkdir()
    trap = f"open({str(installation.folder / 'leaked')!r}, 'w')\n"
    for name in ("pip", "ensurepip", "flame_fake", "venv"):
        (evil / f"{name}.py").write_text(trap, encoding="utf-8")
    run = installation.install(
        PYTHONPATH=str(evil),
        PYTHONUSERBASE=str(evil),
        PYTHONDONTWRITEBYTECODE="1",
        PIP_TARGET=str(installation.folder / "elsewhere"),
        PIP_USER="1",
        PIP_NO_BINARY=":all:",
    )
    assert run.returncode == 0, run.stderr
    assert not (installation.folder / "leaked").exists()
    assert not (installation.folder / "elsewhere").exists()
    assert installation.answer() == "42 backend"


def test_a_folder_of_somebody_else_is_left_alone(installation: Installation) -> None:
    installation.target.mkdir()
    (installation.target / "thesis.txt").write_text("years of work")
    run = installation.install()
    assert run.returncode == 1
    assert "was not made by this installer" in run.stderr
    assert [path.name for path in installation.target.iterdir()] == ["thesis.txt"]


@pytest.mark.skipif(os.name == "nt", reason="flock of POSIX")
def test_two_installers_do_not_meet(installed: Installation) -> None:
    import fcntl

    with (installed.target / "install.lock").open("a+b") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        run = installed.install()
    assert run.returncode == 1
    assert "is under way" in run.stderr


def test_without_network_a_folder_is_needed(installation: Installation) -> None:
    run = subprocess.run(
        [sys.executable, str(ROOT / "install_deps.py"), "--no-network"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 2
    assert "--no-network needs --wheelhouse DIR" in run.stderr
    run = installation.install("--wheelhouse", str(installation.folder / "nowhere"))
    assert run.returncode == 1
    assert "There is no folder" in run.stderr


def test_a_full_disk_is_told_before_anything_is_fetched(installation: Installation) -> None:
    installation.require("flame_fake==1.0", gigabytes=9000000)
    run = installation.install()
    assert run.returncode == 1
    assert "GB are needed" in run.stderr
    assert installation.environments() == []


def test_torch_comes_in_the_build_for_the_processor_and_is_checked(installation: Installation) -> None:
    write_wheel(installation.wheels, "torch", "7.0+cpu", {"torch.py": "", "flame_torch.py": ""})
    good = CHECK.replace("'flame_fake': 1", "'torch': '7.0+cpu', 'torch_cuda': None, 'cuda_works': False")
    installation.require("flame_fake==1.0", "torch==7.0", check=good)
    run = installation.install("--torch", "cpu")
    assert run.returncode == 0, run.stderr
    (environment,) = installation.environments()
    assert json.loads((installation.target / "envs" / environment / "stamp.json").read_text())["torch"] == "cpu"

    write_wheel(installation.wheels, "flame_more", "1.0", {"flame_more.py": ""})
    bad = good.replace("'torch_cuda': None", "'torch_cuda': '13.0'")
    installation.require("flame_fake==1.0", "torch==7.0", "flame_more==1.0", check=bad)
    run = installation.install("--torch", "cpu")
    assert run.returncode == 1
    assert "is not the cpu build" in run.stderr
    assert installation.environments() == [environment]


def test_what_was_asked_for_once_stays(installation: Installation) -> None:
    write_wheel(installation.wheels, "flame_blender", "4.5", {"flame_blender.py": ""})
    installation.require("flame_blender==4.5", purpose="blender-4.5", check="import flame_blender\nprint('{}')\n")
    demo = installation.install("--demo")
    # The demo itself needs the real packages; the environment is there all the same.
    assert "Ready: engine set up." in demo.stdout
    again = installation.install()
    assert again.returncode == 0
    assert "is whole" in again.stdout
    (environment,) = installation.environments()
    stamp = json.loads((installation.target / "envs" / environment / "stamp.json").read_text())
    assert sorted(stamp["purposes"]) == ["blender-4.5", "engine"]


def wait_for(condition, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


def alive(process: int) -> bool:
    """Tell whether a process runs; one that ended but was not collected does not."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"
