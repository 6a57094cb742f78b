"""Preferences of the add-on: the engine, its folders, and the model files."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final

import bpy

from ...backend.contract.failure import Failure
from ...backend.contract.installation import WINDOWS_LONGEST_PATH, Layout, longest_path_below
from ...backend.contract.supervision.process import Engine
from ..engine.environment import chosen_folder, engine_in
from ..engine.installer import Request
from ..paths import ROOT_PACKAGE, absolute, user_folder
from ..polling import Poller
from . import engine_state
from .drawing import draw_preferences

TORCH_BUILDS: Final = {
    "auto": ("Automatic", "NVIDIA GPU where its driver answers, else the processor"),
    "cpu": ("Processor", "The small download; tracking runs on the processor"),
    "cuda": ("NVIDIA GPU", "The large download, for NVIDIA GPUs"),
}


def _look_again(_owner: Any, _context: bpy.types.Context) -> None:
    look()


class FlamePreferences(bpy.types.AddonPreferences):
    """What a user sets once for all files."""

    bl_idname = ROOT_PACKAGE

    engine_folder: str
    wheel_folder: str
    python_file: str
    torch_build: str
    model_folder: str
    show_advanced: bool
    show_models_to_add: bool

    __annotations__: ClassVar = {
        "engine_folder": bpy.props.StringProperty(
            name="Engine Folder",
            description="Folder that the tracking engine is installed into, or one in which it is already: the .venv "
            "that install_deps.py made from a terminal. Empty: a folder of its own in your user settings",
            subtype="DIR_PATH",
            update=_look_again,
        ),
        "wheel_folder": bpy.props.StringProperty(
            name="Wheel Folder",
            description="Folder with the engine's packages as .whl files, for a computer without network; nothing is "
            "downloaded then. Empty: packages are downloaded",
            subtype="DIR_PATH",
        ),
        "python_file": bpy.props.StringProperty(
            name="Python",
            description="Python 3.11 or 3.12 to make the engine with. Empty: one is looked for on this computer, and "
            "downloaded where there is none. Blender's own is never used",
            subtype="FILE_PATH",
        ),
        "torch_build": bpy.props.EnumProperty(
            name="Graphics Processor",
            description="What the engine computes on; change it when an NVIDIA GPU is not found, or not wanted",
            items=[(name, title, text) for name, (title, text) in TORCH_BUILDS.items()],
            default="auto",
        ),
        "model_folder": bpy.props.StringProperty(
            name="Model Folder",
            description="Folder with your FLAME files and other model files. Empty: the folder models beside an engine "
            "made from a terminal, else one in your user settings. "
            "The built-in head needs no file",
            subtype="DIR_PATH",
        ),
        "show_advanced": bpy.props.BoolProperty(
            name="Without Network, Other Python", description="Show what is seldom needed", default=False
        ),
        "show_models_to_add": bpy.props.BoolProperty(
            name="Models That Can Be Added", description="Show what there is to be had, and where", default=True
        ),
    }

    def draw(self, context: bpy.types.Context) -> None:
        """Show state, folders and models."""
        draw_preferences(self.layout, context, self, str(usual_models_folder()))


@dataclass
class Defaults:
    """Stands in where the add-on's code runs without being an enabled add-on, as in tests."""

    engine_folder: str = ""
    wheel_folder: str = ""
    python_file: str = ""
    torch_build: str = "auto"
    model_folder: str = ""
    show_advanced: bool = False
    show_models_to_add: bool = True


_defaults = Defaults()


def preferences() -> FlamePreferences | Defaults:
    """Return the preferences; defaults that can be changed where Blender has none for us."""
    addon = bpy.context.preferences.addons.get(ROOT_PACKAGE)
    return addon.preferences if addon is not None and addon.preferences is not None else _defaults


def engine_folder() -> Path:
    """Return the folder of the engine."""
    text = preferences().engine_folder
    return chosen_folder(absolute(text)) if text else usual_engine_folder(user_folder("engine"), os.environ)


def usual_engine_folder(ours: Path, environment: Any, windows: bool | None = None) -> Path:
    """Return where the engine is installed unless the user says otherwise.

    Args:
        ours: Folder in the user's Blender settings. On Windows it is usually too deep for the paths of torch.
        environment: Variables; LOCALAPPDATA is used there.
        windows: Whether this is Windows; asked from the system when None.
    """
    windows = sys.platform == "win32" if windows is None else windows
    local = environment.get("LOCALAPPDATA")
    if not windows or not local or longest_path_below(Layout(ours)) <= WINDOWS_LONGEST_PATH:
        return ours
    return Path(local) / "flame"


def models_folder() -> Path:
    """Return the folder of the model files."""
    text = preferences().model_folder
    return absolute(text) if text else usual_models_folder()


def usual_models_folder() -> Path:
    """Return where model files are looked for unless the user says otherwise.

    Someone whose engine was made in a folder of the program has put the model files into that folder, as its README
    says.
    """
    beside = engine_folder().parent / "models"
    return beside if (beside / "README.md").is_file() else user_folder("models")


def wheel_folder() -> Path | None:
    """Return the folder that packages are taken from instead of the network, or None."""
    text = preferences().wheel_folder
    return absolute(text) if text else None


def engine() -> Engine | Failure:
    """Return the engine to run, looked at afresh, or why there is none."""
    return engine_in(engine_folder())


def request() -> Request:
    """Return what the installer is to do with, as it is set here."""
    chosen = preferences()
    python = str(absolute(chosen.python_file)) if chosen.python_file else ""
    return Request(engine_folder(), wheel_folder(), python, chosen.torch_build)


def look() -> None:
    """Look at the engine's folder, unless something is at work in it."""
    if not engine_state.installer.busy:
        engine_state.environment.folder = engine_folder()
        engine_state.environment.plan = {}
        engine_state.environment.look()


_LOOK_SOON: Final = Poller(look)

CLASSES: Final[tuple[type[Any], ...]] = (FlamePreferences,)


def register() -> None:
    """Look at the engine as soon as Blender has time; without a window there are no timers."""
    if bpy.app.background:
        look()
    else:
        _LOOK_SOON.start()


def unregister() -> None:
    """Look no more."""
    _LOOK_SOON.stop()
