"""Set up the engine from Blender: plan, confirm, install, cancel, check, and what was written meanwhile."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Final, Literal

import bpy

from ...backend.contract.failure import Failure
from .. import redrawing
from ..engine.environment import EngineState
from ..engine.installer import Task
from ..own_operators import own_operators
from ..paths import user_folder
from ..preferences import engine_state, preferences
from ..preferences.drawing import draw_plan, online, sentence_of
from ..text import scale_of
from .log import end_of

DIALOG_WIDTH: Final = 680


def _log() -> Path:
    return user_folder("logs") / "installer.log"


def _start(task: Task) -> Failure | None:
    failure = engine_state.installer.start(task, preferences.request(), _log())
    engine_state.watch()
    redrawing.PREFERENCES.redraw()
    return failure


def _free(cls: type[bpy.types.Operator]) -> bool:
    if engine_state.installer.busy:
        cls.poll_message_set("Wait until the engine is installed or checked, or cancel that")
        return False
    return True


class InstallEngine(bpy.types.Operator):
    """Show what the tracking engine needs: what is downloaded, how much, from where and under which licence. Nothing is
    downloaded before you agree"""

    bl_idname = "flame.install_engine"
    bl_label = "Install Engine"

    layout: Any
    planned: bool
    everything: bool
    __annotations__: ClassVar = {
        "planned": bpy.props.BoolProperty(options={"HIDDEN", "SKIP_SAVE"}),
        "everything": bpy.props.BoolProperty(
            name="Show All Packages", description="List the small packages too", options={"SKIP_SAVE"}
        ),
    }

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need the network, or a folder of wheels."""
        if not online() and preferences.wheel_folder() is None:
            cls.poll_message_set("Allow online access first: Preferences > System > Network")
            return False
        return _free(cls)

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Ask the installer what it would do, and then the user."""
        if self.planned:
            # The window of the preferences is often narrow, and cuts off what is wider than itself.
            room = int(context.window.width / scale_of(context)) - 40 if context.window is not None else DIALOG_WIDTH
            return context.window_manager.invoke_props_dialog(
                self,
                width=min(DIALOG_WIDTH, room),
                title=_title(engine_state.environment.state),
                confirm_text=_confirm(),
            )
        failure = _start(Task.PLAN)
        if failure is not None:
            self.report({"ERROR"}, str(failure))
            return {"CANCELLED"}
        return {"FINISHED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Show the plan."""
        plan = engine_state.environment.plan
        draw_plan(self.layout, plan, self.everything)
        if plan.get("packages") and not plan.get("problems"):
            self.layout.prop(self, "everything")

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Install: in the background after the dialog, to the end for scripts."""
        problems = engine_state.environment.plan.get("problems") if self.planned else None
        if problems:
            self.report({"ERROR"}, f"{problems[0]['sentence']} {problems[0]['advice']}")
            return {"CANCELLED"}
        failure = _start(Task.INSTALL)
        if failure is not None:
            self.report({"ERROR"}, str(failure))
            return {"CANCELLED"}
        if self.planned:
            return {"FINISHED"}
        return _finish(self, engine_state.installer.wait())


class CancelInstall(bpy.types.Operator):
    """Stop. What was downloaded is kept, so that you can go on later"""

    bl_idname = "flame.cancel_install"
    bl_label = "Cancel"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need something to stop."""
        if not engine_state.installer.busy or engine_state.installer.stopping:
            cls.poll_message_set("Nothing is being installed")
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Ask the installer to stop."""
        engine_state.installer.cancel()
        redrawing.PREFERENCES.redraw()
        return {"FINISHED"}


class CheckEngine(bpy.types.Operator):
    """Import every part of the engine and compute a little with it, to find out whether it works; takes some seconds"""

    bl_idname = "flame.check_engine"
    bl_label = "Check Engine"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Wait for what runs."""
        return _free(cls)

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Check in the background."""
        failure = _start(Task.CHECK)
        if failure is not None:
            self.report({"ERROR"}, str(failure))
            return {"CANCELLED"}
        return {"FINISHED"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Check to the end."""
        failure = _start(Task.CHECK)
        if failure is not None:
            self.report({"ERROR"}, str(failure))
            return {"CANCELLED"}
        return _finish(self, engine_state.installer.wait())


class AnnounceSetup(bpy.types.Operator):
    """Say in the status bar how the installation ended"""

    bl_idname = "flame.announce_setup"
    bl_label = "Announce Setup"
    bl_options: ClassVar = {"INTERNAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Report it."""
        # A warning: reported as an error it would be an exception in the timer that calls this.
        return _finish(self, engine_state.environment.state, "WARNING")


class OpenInstallLog(bpy.types.Operator):
    """Open what was written while the engine was installed"""

    bl_idname = "flame.open_install_log"
    bl_label = "Open Log"

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Open the file."""
        log = engine_state.environment.log
        if not log.is_file():
            self.report({"INFO"}, "Nothing was installed yet, so there is no log.")
            return {"CANCELLED"}
        return set(bpy.ops.wm.path_open(filepath=str(log)))


class CopyInstallLog(bpy.types.Operator):
    """Copy state and log of the engine, to paste them into a message to somebody who can help"""

    bl_idname = "flame.copy_install_log"
    bl_label = "Copy Log"

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Put both onto the clipboard."""
        context.window_manager.clipboard = report()
        self.report({"INFO"}, "Copied.")
        return {"FINISHED"}


class CheckModels(bpy.types.Operator):
    """Look at the files in the model folder: which versions they are, what their licences allow, what is wrong"""

    bl_idname = "flame.check_models"
    bl_label = "Check Models"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need the engine, which reads the files."""
        if engine_state.models.busy:
            cls.poll_message_set("The files are being looked at already")
            return False
        if engine_state.environment.state is not EngineState.READY:
            cls.poll_message_set("Install the engine first: it reads the files")
            return False
        return True

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Look in the background."""
        return self._start()

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Look to the end."""
        result = self._start()
        engine_state.models.supervisor.wait()
        if engine_state.models.problem is not None:
            self.report({"ERROR"}, str(engine_state.models.problem))
            return {"CANCELLED"}
        return result

    def _start(self) -> set[str]:
        engine = preferences.engine()
        failure = engine if isinstance(engine, Failure) else None
        if not isinstance(engine, Failure):
            failure = engine_state.models.start(engine, preferences.models_folder(), _log())
        if failure is not None:
            self.report({"ERROR"}, str(failure))
            return {"CANCELLED"}
        engine_state.watch()
        redrawing.PREFERENCES.redraw()
        return {"FINISHED"}


class OpenModelsFolder(bpy.types.Operator):
    """Open the folder of the model files, to put files into it; it is made where it is not there"""

    bl_idname = "flame.open_models_folder"
    bl_label = "Open Model Folder"

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Open it."""
        folder = preferences.models_folder()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            self.report({"ERROR"}, f"{folder} could not be made: {error.strerror or error}. Choose another folder.")
            return {"CANCELLED"}
        return set(bpy.ops.wm.path_open(filepath=str(folder)))


def report() -> str:
    """Return what somebody who helps must know: state, plan, and the ends of the logs."""
    environment = engine_state.environment
    parts = [
        f"FLAME Head Tracker, Blender {bpy.app.version_string}",
        f"Engine: {environment.state.value}. {sentence_of(environment)} {environment.advice}".rstrip(),
        f"Folder: {environment.folder}",
    ]
    for log in (environment.log, _log()):
        lines = end_of(log)
        parts += ["", str(log), *lines] if lines else []
    return "\n".join(parts) + "\n"


def _title(state: EngineState) -> str:
    return {EngineState.OUTDATED: "Update Engine", EngineState.BROKEN: "Repair Engine"}.get(state, "Install Engine")


def _confirm() -> str:
    return "Close" if engine_state.environment.plan.get("problems") else "Install"


def _finish(operator: bpy.types.Operator, state: EngineState, level: Literal["ERROR", "WARNING"] = "ERROR") -> set[str]:
    """Say how it ended, and whether the operator did what it is for."""
    environment = engine_state.environment
    if state is EngineState.READY and not environment.reason:
        operator.report({"INFO"}, "The tracking engine is ready.")
        return {"FINISHED"}
    if state is EngineState.CANCELLED or not environment.reason:
        operator.report({"INFO"}, sentence_of(environment))
    else:
        operator.report({level}, f"{environment.reason} {environment.advice}".rstrip())
    return {"CANCELLED"}


def _over(task: Task, state: EngineState) -> None:
    """Go on in the window after a task: with the dialog after a plan, with the news after an installation."""
    windows = bpy.context.window_manager.windows
    if bpy.app.background or not windows:
        return
    shown = [window for window in windows if any(area.type == "PREFERENCES" for area in window.screen.areas)]
    with bpy.context.temp_override(window=(shown or list(windows))[0]):
        if task is Task.PLAN:
            if engine_state.environment.plan and not engine_state.environment.busy:
                own_operators().install_engine("INVOKE_DEFAULT", planned=True)
        else:
            own_operators().announce_setup()


CLASSES: Final = (
    InstallEngine,
    CancelInstall,
    CheckEngine,
    AnnounceSetup,
    OpenInstallLog,
    CopyInstallLog,
    CheckModels,
    OpenModelsFolder,
)


def register() -> None:
    """Be told when a task is over."""
    engine_state.listeners.append(_over)


def unregister() -> None:
    """Be told no more."""
    engine_state.listeners.remove(_over)
