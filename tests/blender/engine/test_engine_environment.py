"""The engine's environment as the preferences see it, without Blender: states, progress, and what an installer says."""

import json
import os
import signal
import sys
import time
from pathlib import Path

import pytest
from add_on_folder import use_stand_in
from flame_extension.backend.contract.failure import Failure
from flame_extension.backend.contract.supervision.process import Engine, start_process
from flame_extension.backend.contract.supervision.supervisor import Timeouts
from flame_extension.blender_flame_tracker.engine import environment as environment_module
from flame_extension.blender_flame_tracker.engine import installer as installer_module
from flame_extension.blender_flame_tracker.engine.environment import EngineState, Environment, chosen_folder, engine_in
from flame_extension.blender_flame_tracker.engine.installer import Installer, Request, Task
from flame_extension.blender_flame_tracker.engine.model_files import BUILT_IN, ModelFile, ModelList
from flame_extension.blender_flame_tracker.preferences.sandbox import sandbox_notice_of


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with an add-on whose installer is `fake_installer.py`; the engine's folder is `engine` in it."""
    use_stand_in(tmp_path / "add-on with ünï", tmp_path, monkeypatch)
    problem = {"code": "target-not-writable", "sentence": "It cannot be written.", "advice": "Use --target."}
    (tmp_path / "plan.json").write_text(json.dumps({"problems": [problem]}))
    return tmp_path


def install_fake(place):
    """Lay down what an installed engine leaves."""
    (place / "go").touch()
    run(place, "well")


def run(place, behaviour, task=Task.INSTALL):
    """Start a task and wait for its end."""
    installer = begin(place, behaviour, task)
    installer.wait()
    return installer.environment


def begin(place, behaviour, task=Task.INSTALL):
    (place / "behaviour").write_text(behaviour)
    installer = Installer(Environment(place / "engine"), timeouts=installer_module.TIMEOUTS)
    installer.environment.look()
    assert installer.start(task, Request(place / "engine"), place / "installer.log") is None
    return installer


def poll_until(installer, condition):
    until = time.monotonic() + 30
    while not condition() and time.monotonic() < until:
        installer.poll()
        time.sleep(0.01)
    assert condition()


posix = pytest.mark.skipif(os.name == "nt", reason="the stand-in for an engine is made for POSIX")


@posix
def test_from_nothing_to_ready(place):
    environment = Environment(place / "engine")
    environment.look()
    assert environment.state is EngineState.NOT_INSTALLED
    failure = environment_module.engine_in(place / "engine")
    assert isinstance(failure, Failure) and failure.code == "engine-not-installed"

    installer = begin(place, "well")
    environment = installer.environment
    assert environment.state is EngineState.INSTALLING
    assert installer.start(Task.STATE, Request(place / "engine"), place / "log").code == "installer-busy"
    poll_until(installer, lambda: environment.progress.seconds_left is not None)
    assert environment.progress.what == "Downloading torch, 96 of 192 MB"
    # The stage before was not needed and counts as done: a quarter, and half of the half that this one is.
    assert environment.progress.fraction == pytest.approx(0.5)
    assert environment.notices == ["There is an NVIDIA GPU."]
    (place / "go").touch()
    assert installer.wait() is EngineState.READY
    assert (environment.python, environment.device) == ("3.11", "processor")
    assert engine_in(place / "engine") == Engine(place / "engine" / "bin" / "python", environment_module.ROOT)


def test_what_the_user_chose_is_passed_on_as_a_list(place):
    request = Request(place / "engine", place / "wheels", "/usr/bin/python3.11", "cuda")
    (place / "behaviour").write_text("no network")
    installer = Installer(Environment(place))
    installer.start(Task.INSTALL, request, place / "log")
    installer.wait()
    said = json.loads((place / "arguments.json").read_text())
    assert said == [
        *("--events", "--target", str(place / "engine"), "--wheelhouse", str(place / "wheels"), "--no-network"),
        *("--python", "/usr/bin/python3.11", "--torch", "cuda"),
    ]


def test_a_failure_is_told_in_blenders_words(place):
    environment = run(place, "no network")
    assert (environment.state, environment.reason) == (EngineState.BROKEN, "The server is away.")
    assert "--" not in environment.advice and "try again" in environment.advice


@posix
def test_a_failed_update_leaves_the_engine_that_was_there(place):
    install_fake(place)
    environment = run(place, "no network")
    assert (environment.state, environment.reason) == (EngineState.READY, "The server is away.")


def test_cancelling_is_no_failure_and_can_be_resumed(place):
    installer = begin(place, "patient")
    poll_until(installer, lambda: installer.environment.progress.fraction > 0)
    installer.cancel()
    assert installer.stopping
    assert installer.wait() is EngineState.CANCELLED
    assert run(place, "no network").state is EngineState.BROKEN


@pytest.mark.parametrize(("behaviour", "words"), [("crash", "exit status 3"), ("other version", "different versions")])
def test_an_installer_that_does_not_behave_is_given_up_on(place, monkeypatch, behaviour, words):
    monkeypatch.setattr(installer_module, "TIMEOUTS", Timeouts(final_event=0.1))
    environment = run(place, behaviour)
    assert environment.state is EngineState.BROKEN
    assert words in environment.reason


def test_to_look_at_the_plan_changes_nothing(place):
    installer = begin(place, "patient")
    installer.cancel()
    installer.wait()
    assert installer.start(Task.PLAN, Request(place / "engine"), place / "log") is None
    assert installer.environment.state is EngineState.CHECKING
    assert installer.wait() is EngineState.CANCELLED
    (problem,) = installer.environment.plan["problems"]
    assert problem["advice"] == "Choose an engine folder below that you may write to."


@posix
def test_a_check_says_the_device_or_what_is_broken(place):
    install_fake(place)
    environment = run(place, "well", Task.CHECK)
    assert (environment.state, environment.device, environment.checked) == (EngineState.READY, "NVIDIA Abacus", True)
    environment = run(place, "broken", Task.CHECK)
    assert (environment.state, environment.reason, environment.advice) == (
        EngineState.BROKEN,
        "libGL.so.1 is missing.",
        "Install it.",
    )


@posix
def test_outdated_and_broken_engines_are_known_by_their_files(place):
    install_fake(place)
    cases = [
        ("outdated", lambda: (environment_module.ROOT / "requirements" / "engine.txt").write_text("torch==2\n")),
        ("broken", (place / "engine" / "bin" / "python").unlink),
        ("broken", lambda: (place / "engine" / "envs" / "engine-1" / "stamp.json").write_text("{")),
        ("not-installed", lambda: (place / "engine" / "current.json").write_text("{}")),
    ]
    for state, damage in cases:
        damage()
        found = engine_in(place / "engine")
        assert isinstance(found, Failure) and found.code == f"engine-{state}"


@posix
def test_a_new_comment_in_the_list_of_packages_keeps_the_engine(place):
    install_fake(place)
    (environment_module.ROOT / "requirements" / "engine.txt").write_text("# Said better.\n\ntorch==1\r\n")
    assert isinstance(engine_in(place / "engine"), Engine)


def test_the_folder_of_a_checkout_stands_for_the_environment_in_it(tmp_path):
    (tmp_path / ".venv").mkdir()
    assert chosen_folder(tmp_path) == tmp_path
    (tmp_path / ".venv" / "INSTALLED_BY_FLAME_HEAD_TRACKER.txt").touch()
    assert chosen_folder(tmp_path) == tmp_path / ".venv"


@pytest.mark.parametrize(
    ("binary", "environment", "code"),
    [
        (r"C:\Program Files\WindowsApps\BlenderFoundation.Blender_4.5\Blender\blender.exe", {}, "store-blender"),
        ("/app/blender/blender", {"FLATPAK_ID": "org.blender.Blender"}, "flatpak-blender"),
        ("/snap/blender/5000/blender", {"SNAP_NAME": "blender"}, "snap-blender"),
        ("/opt/blender/blender", {}, None),
        # A terminal that is a snap itself says so to all that is started in it.
        ("/opt/blender/blender", {"SNAP_NAME": "code"}, None),
    ],
)
def test_blenders_that_are_kept_apart_are_known(binary, environment, code, tmp_path):
    notice = sandbox_notice_of(binary, environment, tmp_path / "no-flatpak")
    assert (notice.code if notice is not None else None) == code


MODELS = """
import json
models = [
    {"name": "Built-in head", "file": "", "present": True, "usable": True, "licence": "GPL"},
    {"name": "x", "version": "FLAME 2020", "file": "/m/generic_model.pkl", "present": True, "usable": True,
     "licence": "Research only.", "commercial": False, "url": "https://flame.is.tue.mpg.de"},
    {"name": "Scores", "file": "/m/face_landmarker.task", "present": False, "problem": "is not there"},
]
print(json.dumps({"event": "done", "outputs": {}, "models": models}))
"""


def test_a_folder_of_other_files_is_named_as_what_it_is(tmp_path):
    (tmp_path / "letters").mkdir()
    environment = Environment(tmp_path)
    environment.look()
    assert environment.state is EngineState.NOT_INSTALLED and "holds other files" in environment.reason
    assert engine_in(tmp_path).code == "engine-elsewhere"
    assert engine_in(tmp_path / "letters").code == "engine-not-installed", "an empty folder can become one"


def test_model_files_are_listed_with_the_built_in_head_first(tmp_path):
    (tmp_path / "backend.py").write_text(MODELS)
    models = ModelList()
    assert models.found == (BUILT_IN,)
    assert models.start(Engine(Path(sys.executable), tmp_path), tmp_path, tmp_path / "log") is None
    models.supervisor.wait()
    assert [(each.name, each.commercial) for each in models.found] == [("Built-in head", True), ("FLAME 2020", False)]
    names = [each.name for each in models.to_be_had]
    assert "FLAME 2020" not in names and names[0] == "FLAME 2023 Open" and "MediaPipe Face Landmarker" in names
    files = {each.file for each in models.to_be_had if each.licence and each.url}
    assert {"FLAME_texture.npz", "FLAME_albedo_from_BFM.npz", "79999_iter.pth", "mica.tar", "deca_model.tar"} <= files


def test_a_file_under_its_other_name_is_not_offered_again(tmp_path):
    models = ModelList()
    models.found = (BUILT_IN, ModelFile("Scores", "/m/face_landmarker_v2_with_blendshapes.task", usable=True))
    assert "MediaPipe Face Landmarker" not in [each.name for each in models.to_be_had]


def test_an_engine_that_cannot_list_models_is_told(tmp_path):
    (tmp_path / "backend.py").write_text("raise SystemExit(1)")
    models = ModelList()
    models.start(Engine(Path(sys.executable), tmp_path), tmp_path, tmp_path / "log")
    models.supervisor.wait()
    assert models.problem.code == "models-unknown"


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_talking_to_a_process_that_is_gone_does_not_end_blender(tmp_path):
    """Blender does not ignore SIGPIPE as Python does; a child plays Blender here."""
    process = start_process(Engine(Path(sys.executable), tmp_path), [sys.executable, "-c", ""], tmp_path / "log")
    while process.ended is None:
        time.sleep(0.01)
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        process.ask_to_stop()
        process.ask_to_stop()
        os._exit(7)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    process.end(0.0)
