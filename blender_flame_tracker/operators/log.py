"""Log of a run: opened, or copied for a report."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import bpy

from ..engine.session import Run
from ..nodes import run_registry
from ..nodes.scene_state import active_tree

LINES: Final = 200
"""Of the end of a log that are copied."""

_BYTES: Final = 1 << 17


def _has_run(cls: type[bpy.types.Operator], context: bpy.types.Context) -> bool:
    if run_registry.run_of(active_tree(context)) is None:
        cls.poll_message_set("Nothing was tracked since this file was opened")
        return False
    return True


class OpenLog(bpy.types.Operator):
    """Open the log of the latest run in a text editor"""

    bl_idname = "flame.open_log"
    bl_label = "Open Log"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need a run."""
        return _has_run(cls, context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Open the file."""
        run = run_registry.run_of(active_tree(context))
        assert run is not None
        log = run.log
        if not log.is_file():
            self.report({"ERROR"}, "The engine has not written a log. Copy says what is known.")
            return {"CANCELLED"}
        return set(bpy.ops.wm.path_open(filepath=str(log)))


class CopyLog(bpy.types.Operator):
    """Copy what happened and the end of the log, to paste it into a message to somebody who can help"""

    bl_idname = "flame.copy_log"
    bl_label = "Copy"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need a run."""
        return _has_run(cls, context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Put it onto the clipboard."""
        run = run_registry.run_of(active_tree(context))
        assert run is not None
        context.window_manager.clipboard = report_of(run)
        self.report({"INFO"}, "Copied.")
        return {"FINISHED"}


def report_of(run: Run) -> str:
    """Return what is known of a run as text."""
    lines = [
        f"FLAME Head Tracker, Blender {bpy.app.version_string}, engine {run.version or 'unknown'} on "
        f"{run.device or 'unknown'}",
        f"State: {run.state.value}",
    ]
    lines += [f"{run.failure} [{run.failure.code}]"] if run.failure is not None else []
    lines += [
        f"{stage.label}: {stage.state} {stage.done}/{stage.total} {stage.summary}" for stage in run.stages.values()
    ]
    lines += [f"{notice.sentence} {notice.advice} [{notice.code}]" for notice in run.notices]
    return "\n".join([*lines, "", *(end_of(run.log) or ["(no log)"])]) + "\n"


def end_of(log: Path) -> list[str]:
    """Return the last lines of a log, none where there is no log; of a long one only the end is read."""
    try:
        with log.open("rb") as stream:
            stream.seek(max(0, log.stat().st_size - _BYTES))
            return stream.read().decode("utf-8", errors="replace").splitlines()[-LINES:]
    except OSError:
        return []


CLASSES: Final = (OpenLog, CopyLog)
