"""Drawing of the preferences: the engine with its one button, what is seldom needed, and the model files."""

from __future__ import annotations

import textwrap
from typing import Any, Final

import bpy

from ..engine.environment import EngineState, Environment
from ..engine.model_files import ModelFile
from ..text import duration, paragraph
from . import engine_state

_BOX: Final = 22.0
"""Pixels, at a scale of 1, that a box takes from the width of its text."""

_BUTTONS: Final = {
    EngineState.NOT_INSTALLED: ("flame.install_engine", "Install Engine...", "IMPORT"),
    EngineState.READY: ("flame.check_engine", "Check Engine", "CHECKMARK"),
    EngineState.OUTDATED: ("flame.install_engine", "Update Engine...", "FILE_REFRESH"),
    EngineState.BROKEN: ("flame.install_engine", "Repair Engine...", "TOOL_SETTINGS"),
    EngineState.CANCELLED: ("flame.install_engine", "Resume Installation...", "PLAY"),
    EngineState.CHECKING: ("flame.cancel_install", "Cancel", "X"),
    EngineState.INSTALLING: ("flame.cancel_install", "Cancel", "X"),
}

_ICONS: Final = {
    EngineState.NOT_INSTALLED: "INFO",
    EngineState.READY: "CHECKMARK",
    EngineState.OUTDATED: "FILE_REFRESH",
    EngineState.BROKEN: "ERROR",
    EngineState.CANCELLED: "CANCEL",
    EngineState.CHECKING: "SORTTIME",
    EngineState.INSTALLING: "SORTTIME",
}

_LARGE: Final = 10
"""Packages that are listed one by one in the plan."""

_MANY: Final = 50
"""Packages from which on their rows are drawn lower, to fit the screen."""

_LETTERS: Final = 100
"""That fit into a line of the plan."""

_SHOWN: Final = {"torch": "torch", "mediapipe": "MediaPipe", "opencv-python": "OpenCV", "numba": "numba"}


def draw_preferences(layout: Any, context: bpy.types.Context, owner: Any, usual_models: str) -> None:
    """Draw everything.

    Args:
        layout: Where to draw.
        context: For the width of the region.
        owner: Has the properties.
        usual_models: Folder of the model files where none is chosen.
    """
    _engine(layout.box(), context, owner)
    _models(layout.box(), context, owner, usual_models)


def online() -> bool:
    """Whether Blender lets add-ons use the network."""
    return bool(bpy.app.online_access)


def sentence_of(environment: Environment) -> str:
    """Return the state in words."""
    if environment.state is EngineState.NOT_INSTALLED and environment.reason:
        return environment.reason
    if environment.state is EngineState.NOT_INSTALLED:
        return "The tracking engine is not installed yet. Videos are tracked with it; tracks are imported without."
    if environment.state is EngineState.CANCELLED:
        return "The installation was cancelled. What was downloaded is kept."
    if environment.state is EngineState.READY:
        found = {name: environment.versions.get(key, "").partition("+")[0] for key, name in _SHOWN.items()}
        versions = [f"Python {environment.python}", *(f"{name} {each}" for name, each in found.items() if each)]
        return f"{'Checked and ready' if environment.checked else 'Ready'}: {', '.join(versions)}."
    if environment.state is EngineState.BROKEN:
        return f"Broken: {environment.reason}" if environment.versions else f"Not installed: {environment.reason}"
    return f"Outdated: {environment.reason}" if environment.state is EngineState.OUTDATED else environment.progress.what


def _engine(box: Any, context: bpy.types.Context, owner: Any) -> None:
    environment = engine_state.environment
    row = box.row()
    row.label(text="Tracking Engine", icon="PREFERENCES")
    _button(row, environment)
    if environment.state in (EngineState.INSTALLING, EngineState.CHECKING):
        _progress(box, environment)
    else:
        text = " ".join(part for part in (sentence_of(environment), environment.advice) if part)
        alert = box.column()
        alert.alert = environment.state is EngineState.BROKEN
        paragraph(alert, context, text, _ICONS[environment.state], narrower=_BOX)
        if environment.state is EngineState.READY:
            paragraph(box, context, f"Computes on: {environment.device}.", "BLANK1", narrower=_BOX)
            if environment.reason:
                paragraph(box, context, f"{environment.reason} {environment.advice}", "ERROR", narrower=_BOX)
    for notice in environment.notices:
        paragraph(box, context, notice, "INFO", narrower=_BOX)
    _what_is_in_the_way(box, context, owner, environment)
    _folders(box, owner, environment)


def _button(row: Any, environment: Environment) -> None:
    name, text, icon = _BUTTONS[environment.state]
    side = row.row()
    side.alignment = "RIGHT"
    if engine_state.installer.stopping:
        side.enabled = False
        text = "Stopping"
    elif environment.state is EngineState.BROKEN and not environment.versions:
        text = "Try Again..."
    side.operator(name, text=text, icon=icon)


def _progress(box: Any, environment: Environment) -> None:
    progress = environment.progress
    if environment.state is EngineState.CHECKING:
        box.label(text=f"{progress.what} ({duration(progress.seconds)})", icon="SORTTIME")
        return
    left = f", about {duration(progress.seconds_left)} left" if progress.seconds_left is not None else ""
    box.progress(factor=progress.fraction, text=f"{progress.fraction:.0%}")
    row = box.row()
    row.label(text=progress.what, icon="IMPORT")
    side = row.row()
    side.alignment = "RIGHT"
    side.label(text=f"{duration(progress.seconds)}{left}")


def _what_is_in_the_way(box: Any, context: bpy.types.Context, owner: Any, environment: Environment) -> None:
    wants_download = environment.state in (
        EngineState.NOT_INSTALLED,
        EngineState.OUTDATED,
        EngineState.BROKEN,
        EngineState.CANCELLED,
    )
    if wants_download and not online() and not owner.wheel_folder:
        text = (
            "To download the engine, Blender must be allowed to use the network: "
            "Preferences > System > Network > Allow Online Access."
        )
        paragraph(box, context, text, "INTERNET_OFFLINE", narrower=_BOX)
        row = box.row()
        row.alignment = "LEFT"
        row.operator("screen.userpref_show", text="Show That Setting", icon="INTERNET").section = "SYSTEM"
    notice = engine_state.sandbox_notice
    if notice is not None:
        paragraph(box, context, f"{notice.sentence} {notice.advice}", "INFO", narrower=_BOX)


def _folders(box: Any, owner: Any, environment: Environment) -> None:
    column = box.column()
    column.use_property_split = True
    column.use_property_decorate = False
    column.enabled = not environment.busy
    column.prop(owner, "engine_folder", placeholder=str(environment.folder))
    row = box.row()
    _fold(row, owner, "show_advanced")
    side = row.row()
    side.alignment = "RIGHT"
    side.operator("flame.open_install_log", text="Open Log", icon="TEXT")
    side.operator("flame.copy_install_log", text="Copy Log", icon="COPYDOWN")
    if owner.show_advanced:
        column = box.column()
        column.use_property_split = True
        column.use_property_decorate = False
        column.enabled = not environment.busy
        column.prop(owner, "wheel_folder", placeholder="Packages are downloaded")
        column.prop(owner, "python_file", placeholder="Found, or downloaded")
        column.prop(owner, "torch_build")


def _fold(row: Any, owner: Any, name: str) -> None:
    left = row.row()
    left.alignment = "LEFT"
    left.prop(owner, name, icon="TRIA_DOWN" if getattr(owner, name) else "TRIA_RIGHT", emboss=False)


def _models(box: Any, context: bpy.types.Context, owner: Any, usual_folder: str) -> None:
    row = box.row()
    row.label(text="Model Files", icon="OUTLINER_OB_MESH")
    side = row.row()
    side.alignment = "RIGHT"
    side.operator("flame.open_models_folder", text="Open Folder", icon="FILE_FOLDER")
    side.operator(
        "flame.check_models", text="Checking" if engine_state.models.busy else "Check Models", icon="FILE_REFRESH"
    )
    for each in engine_state.models.found:
        _model(box, context, each)
    if engine_state.models.problem is not None:
        paragraph(box, context, str(engine_state.models.problem), "ERROR", narrower=_BOX)
    row = box.row()
    row.use_property_split = True
    row.use_property_decorate = False
    row.prop(owner, "model_folder", placeholder=usual_folder)
    more = engine_state.models.to_be_had
    if more:
        _fold(box.row(), owner, "show_models_to_add")
        if owner.show_models_to_add:
            for each in more:
                _model(box, context, each)


def _model(box: Any, context: bpy.types.Context, model: ModelFile) -> None:
    to_be_had = not model.usable and not model.problem
    icon = "CHECKMARK" if model.usable else "ADD" if to_be_had else "ERROR"
    file = model.file.replace("\\", "/").rpartition("/")[2]
    row = box.row()
    words = row.column(align=True)
    words.label(
        text=f"{model.name}  ({file})" if file not in ("", model.name) else model.name, icon=icon, translate=False
    )
    adds = f"{model.adds}. " if model.adds else ""
    paragraph(words, context, f"{adds[:1].upper()}{adds[1:]}{model.licence}", "BLANK1", narrower=_BOX + 120)
    if model.problem:
        paragraph(words, context, f"{model.problem} {model.advice}", "BLANK1", narrower=_BOX + 120)
    if model.url:
        side = row.column()
        side.alignment = "RIGHT"
        side.operator("wm.url_open", text="Website", icon="URL").url = model.url


def draw_plan(layout: Any, plan: dict[str, Any], everything: bool) -> None:
    """Draw what installing would do, or why it cannot be done.

    Args:
        layout: That of a dialog; how wide it is, only `_LETTERS` tells.
        plan: As `install_deps.py --plan` says it.
        everything: List the small packages too.
    """
    problems = plan.get("problems") or []
    for problem in problems:
        column = layout.column(align=True)
        column.alert = True
        column.scale_y = 0.85
        for number, line in enumerate(textwrap.wrap(f"{problem['sentence']} {problem['advice']}", _LETTERS - 5)):
            column.label(text=line, icon="BLANK1" if number else "ERROR", translate=False)
    if "packages" in plan:
        _facts(layout, plan)
        if not problems:
            _packages(layout, plan["packages"], everything)


def megabytes(size: float) -> str:
    """Return a size in words: ``600 MB``, ``2.4 GB``."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB" if size >= 1e6 else f"{size / 1e3:.0f} kB"


def _facts(layout: Any, plan: dict[str, Any]) -> None:
    column = layout.column(align=True)
    packages, python = plan["packages"], plan["python"]
    torch = "an NVIDIA GPU" if plan["build"] == "cuda" else "the processor"
    rows = [("What", f"{len(packages)} packages; the engine computes on {torch}")]
    kept = f", of which up to {megabytes(plan['kept'])} are here already" if plan["kept"] > 1e7 else ""
    size = f"{megabytes(plan['download'])}{kept}" if plan["download"] else "Nothing: the packages are in your folder"
    rows.append(("Download", size))
    rows.append(("From", ", ".join(plan["sources"])))
    rows.append(("Into", plan["folder"]))
    rows.append(("Room", f"{megabytes(plan['disk'])}; {megabytes(plan['free'])} are free"))
    where = f"{python['version']}, downloaded from {python['from']}" if python["fetched"] else python["path"]
    rows.append(("Python", where))
    if plan["graphics"]:
        rows.append(("GPU", ", ".join(plan["graphics"])))
    for name, text in rows:
        line = column.split(factor=0.13)
        left = line.row()
        left.alignment = "RIGHT"
        left.active = False
        left.label(text=name)
        line.label(text=text, translate=False)


def _packages(layout: Any, packages: list[dict[str, Any]], everything: bool) -> None:
    box = layout.box()
    column = box.column(align=True)
    shown = packages if everything else packages[:_LARGE]
    column.scale_y = 0.85 if len(shown) < _MANY else 0.6
    for package in shown:
        line = column.split(factor=0.31)
        line.label(text=f"{package['name']} {package['version']}", translate=False)
        rest = line.split(factor=0.13)
        size = rest.row()
        size.alignment = "RIGHT"
        size.label(text=megabytes(package["size"]) if package["size"] else "")
        rest.label(text=package["licence"], translate=False)
    rest = packages[len(shown) :]
    if rest:
        size = megabytes(sum(package["size"] for package in rest))
        licences = sorted({package["licence"] for package in rest if package["licence"]})
        column.label(text=f"and {len(rest)} smaller ones, {size}. Their licences:")
        for line in textwrap.wrap(", ".join(licences), _LETTERS):
            column.label(text=line, translate=False)
