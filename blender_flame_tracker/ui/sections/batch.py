"""The panel's part for many clips: how far they are, what became of each, and their results."""

from __future__ import annotations

from typing import Any, Final

import bpy

from ....backend.contract.batch_files import SOME_FAILED
from ....backend.contract.supervision.run_state import RunState
from ...engine.batch_run import BatchRun, ShotProgress
from ...paths import ROOT_PACKAGE
from ...text import duration, paragraph
from ...tracking import availability, batch
from .batch_list import draw_list

MOST_SHOWN: Final = 60
"""Shots that the panel lists; the page has all."""

_ICONS: Final = {
    "waiting": "RADIOBUT_OFF",
    "running": "PLAY",
    "cached": "CHECKMARK",
    "done": "CHECKMARK",
    "failed": "ERROR",
}


def title(_context: bpy.types.Context) -> str:
    """Return the title, with how far a batch is that goes on while the part is closed."""
    run = batch.current()
    return f"Batch ({100 * run.fraction:.0f} %)" if run is not None and not run.over else "Batch"


def missing(_context: bpy.types.Context) -> str:
    """Return why it cannot be used yet."""
    problem = availability.problem()
    return problem.sentence if problem is not None else ""


def draw_remedy(layout: Any, _context: bpy.types.Context) -> None:
    """Draw the way to the engine."""
    layout.operator("preferences.addon_show", text="Show Preferences", icon="PREFERENCES").module = ROOT_PACKAGE


def draw(layout: Any, context: bpy.types.Context) -> None:
    """Draw the part."""
    run = batch.current()
    if run is None or run.over:
        column = layout.column(align=True)
        column.operator_context = "INVOKE_DEFAULT"
        column.operator("flame.batch", text="Batch...", icon="FILE_FOLDER")
        if batch.can_resume():
            column.operator("flame.resume_batch", text="Resume", icon="FILE_REFRESH")
        if run is None:
            paragraph(layout, context, "Tracks many clips with the settings of this scene.", icon="INFO")
        draw_list(layout, context.scene)
    if run is None:
        return
    if run.over:
        _draw_outcome(layout, context, run)
    else:
        _draw_going(layout, run)
    _draw_shots(layout, context, run)


def _draw_going(layout: Any, run: BatchRun) -> None:
    row = layout.row()
    row.enabled = run.state is not RunState.CANCELLING
    row.operator("flame.cancel_batch", text="Cancel" if row.enabled else "Cancelling...", icon="CANCEL")
    left = f", about {duration(run.seconds_left)} left" if run.seconds_left is not None else ""
    layout.progress(factor=run.fraction, text=f"{100 * run.fraction:.0f} %{left}")
    for shot in run.shots.values():
        if shot.state == "running":
            layout.progress(factor=shot.fraction, text=f"{shot.name}: {shot.words}" if shot.words else shot.name)


def _draw_outcome(layout: Any, context: bpy.types.Context, run: BatchRun) -> None:
    whole = run.failure is not None and run.failure.code != SOME_FAILED
    box = layout.column()
    box.alert = whole
    paragraph(box, context, batch.outcome(run), icon="ERROR" if whole or run.failure is not None else "CHECKMARK")
    for notice in run.notices:
        paragraph(layout, context, f"{notice.sentence} {notice.advice}".strip(), icon="INFO")
    if run.shots:
        layout.operator("flame.open_batch_page", icon="URL")


def _draw_shots(layout: Any, context: bpy.types.Context, run: BatchRun) -> None:
    """List the shots, folded away at first: what failed first, then in their order."""
    if not run.shots:
        return
    header, body = layout.panel("flame_batch_shots", default_closed=True)
    header.label(text=f"Shots ({run.count('done', 'cached')} of {len(run.shots)} Done)")
    if body is None:
        return
    column = body.column(align=True)
    shots = sorted(run.shots.values(), key=lambda shot: shot.state != "failed")
    for shot in shots[:MOST_SHOWN]:
        _draw_shot(column, context, shot)
    if len(shots) > MOST_SHOWN:
        column.label(text=f"{len(shots) - MOST_SHOWN} more on the page")


def _draw_shot(layout: Any, context: bpy.types.Context, shot: ShotProgress) -> None:
    text = f"{shot.name}: {shot.words}" if shot.words else shot.name
    if shot.state == "failed":
        paragraph(layout, context, text, icon=_ICONS["failed"])  # a reason that is cut off helps nobody
        return
    row = layout.row(align=True)
    row.label(text=text, icon=_ICONS.get(shot.state, "BLANK1"))
    if shot.state in ("done", "cached"):
        row.operator("flame.import_batch_shot", text="", icon="IMPORT").shot = shot.name
