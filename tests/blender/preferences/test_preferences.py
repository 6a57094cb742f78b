"""The preferences in Blender: folders, what is drawn in every state, and the operators from plan to finished engine."""

import os
from pathlib import Path

import bpy
import flame_extension
import pytest
from add_on_folder import use_stand_in
from alive import is_alive
from flame_extension.backend.contract.failure import Failure
from flame_extension.blender_flame_tracker.engine.environment import EngineState, Progress
from flame_extension.blender_flame_tracker.engine.model_files import TO_BE_HAD
from flame_extension.blender_flame_tracker.operators import setup as operators
from flame_extension.blender_flame_tracker.preferences import drawing as page
from flame_extension.blender_flame_tracker.preferences import engine_state, preferences
from recording_layout import RecordingLayout


@pytest.fixture
def owner(addon):
    """The add-on, registered and known to Blender as one that is enabled; gives its preferences."""
    enabled = bpy.context.preferences.addons.new()
    enabled.module = "flame_extension"
    bpy.context.preferences.system.use_online_access = True
    yield enabled.preferences
    bpy.context.preferences.addons.remove(enabled)
    bpy.context.preferences.system.use_online_access = False


@pytest.fixture
def place(owner, tmp_path, monkeypatch):
    """A folder with a stand-in for the installer; the engine's folder is `engine` in it."""
    use_stand_in(tmp_path / "add-on", tmp_path, monkeypatch)
    (tmp_path / "go").touch()
    owner.engine_folder = str(tmp_path / "engine")
    return tmp_path


def drawn(owner):
    layout = RecordingLayout()
    page.draw_preferences(layout, bpy.context, owner, "/models")
    return layout


def buttons(layout):
    """What can be clicked of the engine's own buttons."""
    names = ("flame.install_engine", "flame.check_engine", "flame.cancel_install")
    return [(item.text, item.usable) for item in layout.all("operator") if item.name in names]


def test_without_being_an_enabled_add_on_there_are_defaults():
    assert isinstance(preferences.preferences(), preferences.Defaults)
    assert preferences.engine_folder().name == "engine"
    assert preferences.models_folder().name == "models"
    assert preferences.wheel_folder() is None
    assert isinstance(preferences.engine(), Failure)


def test_an_engine_made_in_a_folder_of_the_program_brings_that_folders_models(owner, tmp_path):
    checkout = tmp_path / "checkout"
    (checkout / ".venv").mkdir(parents=True)
    owner.engine_folder = str(checkout / ".venv")
    assert preferences.models_folder() != checkout / "models"
    (checkout / "models").mkdir()
    (checkout / "models" / "README.md").write_text("models")
    assert preferences.models_folder() == checkout / "models"
    owner.model_folder = str(tmp_path / "mine")
    assert preferences.models_folder() == tmp_path / "mine"


def test_a_folder_that_is_chosen_is_looked_at_at_once(place, owner):
    assert preferences.engine_folder() == place / "engine"
    assert engine_state.environment.state is EngineState.NOT_INSTALLED
    (place / "behaviour").write_text("well")
    bpy.ops.flame.install_engine()
    owner.engine_folder = str(place / "elsewhere")
    assert engine_state.environment.state is EngineState.NOT_INSTALLED
    owner.engine_folder = str(place / "engine")
    assert engine_state.environment.state is EngineState.READY


def test_windows_gets_a_short_folder_where_blenders_own_is_too_deep():
    deep = Path(
        "C:/Users/someone/AppData/Roaming/Blender Foundation/Blender/4.5/extensions/.user/user_default/x/engine"
    )
    variables = {"LOCALAPPDATA": "C:/Users/someone/AppData/Local"}
    assert preferences.usual_engine_folder(deep, variables, windows=True) == Path(variables["LOCALAPPDATA"]) / "flame"
    assert preferences.usual_engine_folder(Path("C:/B/engine"), variables, windows=True) == Path("C:/B/engine")
    assert preferences.usual_engine_folder(deep, variables, windows=False) == deep


STATES = {
    EngineState.NOT_INSTALLED: ("Install Engine...", True, "not installed yet"),
    EngineState.CHECKING: ("Cancel", False, "Looking"),
    EngineState.INSTALLING: ("Cancel", False, "Downloading torch"),
    EngineState.READY: ("Check Engine", True, "Python 3.11, torch 2.13.0"),
    EngineState.OUTDATED: ("Update Engine...", True, "Outdated: Other packages."),
    EngineState.BROKEN: ("Repair Engine...", True, "Broken: A file is gone. Look."),
    EngineState.CANCELLED: ("Resume Installation...", True, "What was downloaded is kept"),
}


@pytest.mark.parametrize("state", STATES)
def test_every_state_says_what_it_is_and_has_one_button(owner, state):
    environment = engine_state.environment
    environment.state, environment.python = state, "3.11"
    environment.versions = {"torch": "2.13.0+cpu"}
    environment.reason, environment.advice = {
        EngineState.OUTDATED: ("Other packages.", ""),
        EngineState.BROKEN: ("A file is gone.", "Look."),
    }.get(state, ("", ""))
    environment.progress = Progress(
        "", "Looking" if state is EngineState.CHECKING else "Downloading torch, 1 of 2 MB", 0.25, 70.0, 130.0
    )
    layout = drawn(owner)
    button, usable, words = STATES[state]
    # Cancel is not usable here because nothing runs.
    assert buttons(layout) == [(button, usable)]
    assert words in layout.text()
    assert bool(layout.all("progress")) == (state is EngineState.INSTALLING)
    if state is EngineState.INSTALLING:
        assert "1 min 10 s, about 2 min 10 s left" in layout.text()


def test_offline_it_says_where_to_allow_the_network_and_a_wheel_folder_needs_none(owner):
    bpy.context.preferences.system.use_online_access = False
    layout = drawn(owner)
    assert buttons(layout) == [("Install Engine...", False)]
    assert "Allow Online Access" in layout.text()
    assert layout.find("screen.userpref_show").options["properties"].section == "SYSTEM"
    owner.wheel_folder = "/wheels"
    layout = drawn(owner)
    assert buttons(layout) == [("Install Engine...", True)]
    assert "Allow Online Access" not in layout.text()


def test_what_is_seldom_needed_is_folded(owner):
    assert drawn(owner).find("wheel_folder") is None
    owner.show_advanced = True
    for name in ("wheel_folder", "python_file", "torch_build"):
        assert drawn(owner).find(name).usable


def test_models_are_listed_with_licences_in_plain_words(owner):
    layout = drawn(owner)
    assert layout.text().index("Built-in head") < layout.text().index("FLAME 2023 Open")
    # Long words are cut where there is little room, as there is without a window.
    words = layout.text().replace(" ", "")
    assert "CCBY4.0:commercialworkisallowed" in words and "non-commercialscientificuseonly" in words
    links = [item.options["properties"].url for item in layout.all("operator") if item.name == "wm.url_open"]
    assert len(links) == len(TO_BE_HAD) and all(link.startswith("https://") for link in links)
    assert not layout.find("flame.check_models").usable, "the engine reads the files"


PLAN = {
    "folder": "/home/me/engine",
    "free": 50e9,
    "disk": 2.4e9,
    "download": 600e6,
    "kept": 200e6,
    "graphics": [],
    "build": "cpu",
    "python": {"version": "3.11", "path": "", "fetched": True, "from": "github.com"},
    "sources": ["pypi.org", "github.com"],
    "packages": [
        {"name": f"package{number}", "version": "1.0", "licence": f"LICENCE-{number}", "size": 10**8 >> number}
        for number in range(14)
    ],
    "problems": [],
}


def test_the_plan_says_what_how_much_from_where_into_which_folder_and_under_which_licence(owner):
    layout = RecordingLayout()
    page.draw_plan(layout, PLAN, everything=False)
    words = layout.text()
    for fact in ("14 packages", "600 MB, of which up to 200 MB are here", "pypi.org, github.com", "/home/me/engine"):
        assert fact in words
    assert "2.4 GB; 50.0 GB are free" in words
    assert "3.11, downloaded from github.com" in words
    assert "package9 1.0" in words and "package10 1.0" not in words
    assert all(f"LICENCE-{number}" in words for number in range(14))
    layout = RecordingLayout()
    page.draw_plan(layout, PLAN, everything=True)
    assert "package13 1.0" in layout.text()


def test_a_plan_with_problems_shows_them_in_red_and_installs_nothing(place, owner):
    problem = {"code": "disk-full", "sentence": "The disk is full.", "advice": "Make room."}
    engine_state.environment.plan = {**PLAN, "problems": [problem]}
    layout = RecordingLayout()
    page.draw_plan(layout, engine_state.environment.plan, everything=False)
    assert layout.items[0].alert and "The disk is full." in layout.items[0].text
    assert "package0 1.0" not in layout.text()
    with pytest.raises(RuntimeError, match=r"The disk is full\. Make room\."):
        bpy.ops.flame.install_engine(planned=True)
    assert not engine_state.installer.busy


posix = pytest.mark.skipif(os.name == "nt", reason="the stand-in for an engine is made for POSIX")


@posix
def test_scripts_install_and_check_by_the_operators(place):
    (place / "behaviour").write_text("no network")
    with pytest.raises(RuntimeError, match=r"The server is away\."):
        bpy.ops.flame.install_engine()
    assert engine_state.environment.state is EngineState.BROKEN
    (place / "behaviour").write_text("well")
    assert bpy.ops.flame.install_engine() == {"FINISHED"}
    assert engine_state.environment.state is EngineState.READY
    assert preferences.engine().python == place / "engine" / "bin" / "python"
    assert bpy.ops.flame.check_engine() == {"FINISHED"}
    assert engine_state.environment.device == "NVIDIA Abacus"
    (place / "behaviour").write_text("broken")
    with pytest.raises(RuntimeError, match=r"libGL\.so\.1 is missing"):
        bpy.ops.flame.check_engine()


def test_disabling_the_add_on_ends_the_installation(place):
    (place / "behaviour").write_text("patient")
    operators._start(operators.Task.INSTALL)
    pid = engine_state.installer.supervisor.pid
    assert engine_state.environment.state is EngineState.INSTALLING
    flame_extension.unregister()
    try:
        assert not is_alive(pid)
        assert engine_state.environment.state is EngineState.CANCELLED
        assert not engine_state.POLLER.running
    finally:
        flame_extension.register()


def test_what_is_copied_for_somebody_who_helps(place, owner):
    (place / "engine").mkdir()
    (place / "engine" / "install.log").write_text("\n".join(f"line {number}" for number in range(999)))
    text = operators.report()
    assert bpy.app.version_string in text
    assert "not installed" in text
    assert "line 998" in text and "line 0\n" not in text


def test_a_log_that_is_not_there_is_said(place):
    assert bpy.ops.flame.open_install_log() == {"CANCELLED"}


def test_drawing_reads_nothing_from_the_disk(owner, monkeypatch):
    def refuse(*_arguments, **_options):
        raise AssertionError("the disk was read while drawing")

    with monkeypatch.context() as patched:
        for name in ("open", "stat", "is_file", "is_dir", "exists", "iterdir", "read_text"):
            patched.setattr(Path, name, refuse)
        patched.setattr(os, "stat", refuse)
        layout = drawn(owner)
    assert layout.all("operator")
