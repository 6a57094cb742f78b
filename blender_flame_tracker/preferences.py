"""The add-on's preferences: the engine, its folders, and the model files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import bpy

from ..backend.contract.failure import Failure
from .environment import engine_in
from .process import Engine

ROOT_PACKAGE: Final = __package__.rpartition(".")[0]
"""Name under which Blender knows the add-on, e.g. ``bl_ext.user_default.blender_flame_tracker``."""


class FlamePreferences(bpy.types.AddonPreferences):
    """What a user sets once for all files."""

    bl_idname = ROOT_PACKAGE

    __annotations__ = {
        "engine_folder": bpy.props.StringProperty(
            name="Engine Folder",
            description="Folder that the tracking engine is installed into, or one in which it is already: the .venv "
            "that install_deps.py made from a terminal. Empty: the add-on's own folder in your Blender settings",
            subtype="DIR_PATH",
        ),
        "wheel_folder": bpy.props.StringProperty(
            name="Wheel Folder",
            description="Folder with the packages of the engine as .whl files, for a computer without network. "
            "Empty: they are downloaded",
            subtype="DIR_PATH",
        ),
        "model_folder": bpy.props.StringProperty(
            name="Model Folder",
            description="Folder with your FLAME files and other model files. Empty: the add-on's own folder in your "
            "Blender settings. The built-in head needs no file",
            subtype="DIR_PATH",
        ),
    }

    def draw(self, context: bpy.types.Context) -> None:
        """Show state, folders and models."""
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.prop(self, "engine_folder")
        layout.prop(self, "wheel_folder")
        layout.prop(self, "model_folder")


@dataclass
class Defaults:
    """Stands in where the add-on's code runs without being an enabled add-on, as in tests."""

    engine_folder: str = ""
    wheel_folder: str = ""
    model_folder: str = ""


_defaults = Defaults()


def preferences() -> FlamePreferences | Defaults:
    """Return the preferences; defaults that can be changed where Blender has none for us."""
    addon = bpy.context.preferences.addons.get(ROOT_PACKAGE)
    return addon.preferences if addon is not None and addon.preferences is not None else _defaults


def user_folder(name: str) -> Path:
    """Return a folder of ours in the user's Blender settings; it is not created."""
    if ROOT_PACKAGE.startswith("bl_ext."):
        return Path(bpy.utils.extension_path_user(ROOT_PACKAGE, path=name))
    return Path(bpy.utils.user_resource("CONFIG")) / "flame_head_tracker" / name


def engine_folder() -> Path:
    """Return the folder of the engine."""
    return _chosen(preferences().engine_folder, "engine")


def models_folder() -> Path:
    """Return the folder of the model files."""
    return _chosen(preferences().model_folder, "models")


def wheel_folder() -> Path | None:
    """Return the folder that packages are taken from instead of the network, or None."""
    text = preferences().wheel_folder
    return Path(bpy.path.abspath(text)) if text else None


def engine() -> Engine | Failure:
    """Return the engine to run, looked at afresh, or why there is none."""
    return engine_in(engine_folder())


def _chosen(text: str, name: str) -> Path:
    return Path(bpy.path.abspath(text)) if text else user_folder(name)


CLASSES: Final[tuple[type[Any], ...]] = (FlamePreferences,)
