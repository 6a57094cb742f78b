"""The panel's third part: how well to track, the buttons, how far it is, and what happened."""

from __future__ import annotations

from typing import Any, Final

import bpy

from ....backend.contract.failure import Notice
from ....backend.contract.job import STAGES
from ....backend.contract.supervision.run_state import Run, RunState, StageProgress
from ...engine.environment import EngineState
from ...nodes import run_registry
from ...nodes.scene_state import active_tree, node_of, source_of, tracks_of
from ...nodes.state import NodeState, status_of
from ...nodes.tree import FlameTree
from ...operators.stages import is_on
from ...paths import ROOT_PACKAGE
from ...preferences import engine_state
from ...results import selection
from ...text import duration, paragraph, room_in, scale_of
from ...tracking import all_faces, availability, footage, runs
from .. import thumbnails
from ..presets import FLAME_PT_presets
from .excluded import draw_excluded
from .video import followed_face

MORE: Final = (
    "video",
    "photographs",
    "head",
    "landmarks",
    "fit",
    "appearance",
    "smooth",
    "pins",
    "arkit",
    "track",
    "texture",
    "report",
    "export",
)
"""Nodes whose settings are needed rarely."""

SWITCHED: Final = (("appearance", "texture"), ("arkit", "exclude"))
"""Stages with a switch of their own, row by row."""

_TOLD_ELSEWHERE: Final = ("focal-unknown", "cube-hidden")
"""Codes of notices that are not repeated here: *Head and Camera* says what is known of the lens."""

_MARGIN: Final = 1.0
"""Room around the face in the live preview, in sizes of the face: it moves."""


def missing(context: bpy.types.Context) -> str:
    """Return why it cannot be used yet."""
    if footage.path_of(context) is None:
        return "Choose a video first"
    problem = availability.problem()
    return problem.sentence if problem is not None else ""


def title(context: bpy.types.Context) -> str:
    """Return the title, with the number of messages where there are any: they are folded away."""
    run = run_registry.run_of(active_tree(context))
    count = len(worth_telling(run)) if run is not None else 0
    return f"Track ({count} message{'s' if count > 1 else ''})" if count else "Track"


def draw_remedy(layout: Any, context: bpy.types.Context) -> None:
    """Draw the way to the engine where that is what is missing."""
    if footage.path_of(context) is None:
        return
    environment = engine_state.environment
    if environment.state is EngineState.INSTALLING:
        layout.progress(factor=environment.progress.fraction, text=f"{environment.progress.fraction:.0%}")
    text = "Set Up Engine..." if environment.state is not EngineState.INSTALLING else "Show Preferences"
    layout.operator("preferences.addon_show", text=text, icon="PREFERENCES").module = ROOT_PACKAGE


def draw(layout: Any, context: bpy.types.Context) -> None:
    """Draw the part."""
    tree = active_tree(context)
    run = run_registry.run_of(tree)
    going = run is not None and not run.state.final
    if tree is not None and len(tracks_of(tree)) > 1:
        layout.prop(context.scene.flame, "track_node")
    _draw_quality(layout, context, tree, enabled=not going)
    _draw_switches(layout, context, enabled=not going)
    draw_excluded(layout, context, enabled=not going)
    if run is not None and going:
        _draw_going(layout, context, run)
    else:
        source = source_of(tree, context.scene)
        _draw_buttons(layout, context, run, source is not None and footage.is_photographs(source))
        _draw_outcome(layout, context, tree, run)
    if run is not None:
        _draw_messages(layout, context, run)
    _draw_more(layout, context, tree)


def _draw_quality(layout: Any, context: bpy.types.Context, tree: FlameTree | None, enabled: bool) -> None:
    node = node_of(tree, "landmarks", context.scene)
    row = layout.row(align=True)
    row.use_property_split = False
    row.enabled = enabled
    if node is not None:
        row.prop(node, "quality", expand=True)
    row.popover(FLAME_PT_presets.__name__, text="", icon="PRESET")


def _draw_switches(layout: Any, context: bpy.types.Context, enabled: bool) -> None:
    """What takes time, or not everybody needs: part of the work or not."""
    column = layout.column(align=True)
    column.use_property_split = False
    column.enabled = enabled
    for kinds in SWITCHED:
        row = column.row(align=True)
        for kind in kinds:
            on = is_on(context, kind)
            icon = "CHECKBOX_HLT" if on else "CHECKBOX_DEHLT"
            row.operator("flame.switch_stage", text=STAGES[kind].label, icon=icon, depress=on).kind = kind


def _draw_buttons(layout: Any, context: bpy.types.Context, run: Run | None, photographs: bool) -> None:
    stopped = run is not None and run.state in (RunState.CANCELLED, RunState.FAILED)
    column = layout.column(align=True)
    row = column.row(align=True)
    row.scale_y = 1.5
    row.operator("flame.track", icon="PLAY")
    if stopped:
        row.operator("flame.resume", icon="FILE_REFRESH")
    if not photographs:
        column.operator("flame.track_range", icon="PREVIEW_RANGE")
        _draw_joining(column, context)


def _draw_joining(layout: Any, context: bpy.types.Context) -> None:
    """What becomes of a range of a clip that is in the scene already."""
    found = selection.chosen(context)
    if found is None or found.collection is None or found.node is None:
        return
    flame = context.scene.flame
    row = layout.row(align=True)
    row.use_property_split = False
    row.prop(flame, "join_range", text="Join with Track")
    blend = row.row(align=True)
    blend.active = flame.join_range
    blend.prop(flame, "blend_frames", text="Blend")


# While it runs.


def _draw_going(layout: Any, context: bpy.types.Context, run: Run) -> None:
    row = layout.row()
    row.scale_y = 1.5
    row.enabled = run.state is not RunState.CANCELLING
    row.operator("flame.cancel", text="Cancelling..." if not row.enabled else "Cancel (ESC)", icon="CANCEL")
    if run.state is RunState.WAITING:
        paragraph(layout, context, "Waits until the engine has finished another run.", icon="TIME")
        return
    silence = runs.silence_of(run)
    if silence:
        alert = layout.column()
        alert.alert = True
        paragraph(alert, context, f"{silence} Wait a little longer, or cancel and look into the log.", icon="ERROR")
        _draw_log(layout)
    everyone = all_faces.words(active_tree(context))
    if everyone:
        layout.label(text=everyone, icon="COMMUNITY")
    _draw_preview(layout, context, run)
    _draw_progress(layout, run)


def _draw_progress(layout: Any, run: Run) -> None:
    """How far all of it is, what is done just now, and folded away each stage."""
    layout.progress(factor=run.fraction, text=run_words(run))
    header, body = layout.panel("flame_stages", default_closed=True)
    header.label(text=next((stage_words(each) for each in run.stages.values() if each.state == "running"), "Stages"))
    if body is not None:
        column = body.column(align=True)
        for stage in run.stages.values():
            _draw_stage(column, stage)


def run_words(run: Run) -> str:
    """Return what the bar of the whole run says."""
    left = f", about {duration(run.seconds_left)} left" if run.seconds_left is not None else ""
    return f"{100 * run.fraction:.0f} %{left}"


def _draw_stage(layout: Any, stage: StageProgress) -> None:
    row = layout.row()
    row.enabled = stage.state != "waiting"
    row.progress(factor=stage.fraction, text=stage_words(stage))


def stage_words(stage: StageProgress) -> str:
    """Return what the bar of a stage says."""
    if stage.state == "cached":
        return f"{stage.label}: up to date"
    if stage.state == "done":
        brief = stage.seconds is None or stage.seconds < 0.5
        return stage.label if brief else f"{stage.label}: {duration(stage.seconds or 0.0)}"
    if stage.state != "running" or stage.total <= 0:
        return stage.label
    left = f", {duration(stage.seconds_left)} left" if stage.seconds_left is not None else ""
    return f"{stage.label}: {100 * stage.fraction:.0f} %{left}"


def _draw_preview(layout: Any, context: bpy.types.Context, run: Run) -> None:
    icon = (
        thumbnails.icon_of(run.preview, _around_face(context), place="live preview") if run.preview is not None else 0
    )
    if icon:
        scale = scale_of(context)
        thumbnails.draw_picture(layout, icon, room_in(context.region, scale), scale)


def _around_face(context: bpy.types.Context) -> thumbnails.Crop | None:
    """Return the part of the picture in which the face is: Blender shows icons in a square, where a wide one is small.

    None where nobody looked for faces, or where the face is as large as the picture.
    """
    path = footage.path_of(context)
    node = node_of(active_tree(context), "face", context.scene)
    faces = footage.faces_of(path).found if path is not None else None
    face = followed_face(faces, node) if faces is not None and faces.faces and node is not None else None
    if faces is None or face is None:
        return None
    left, top, width, height = face.box
    aspect = faces.width / faces.height
    side = max(width * aspect, height) * (1 + 2 * _MARGIN)
    side = min(1.0, side)
    across = min(1.0, side / aspect)
    x = min(max(0.0, left + width / 2 - across / 2), 1.0 - across)
    y = min(max(0.0, top + height / 2 - side / 2), 1.0 - side)
    return (x, y, across, side)


# When it is over.


def _draw_outcome(layout: Any, context: bpy.types.Context, tree: FlameTree | None, run: Run | None) -> None:
    waiting = runs.waiting_import(tree)
    if waiting:
        paragraph(layout, context, waiting, icon="INFO")
    if run is None or run.state is RunState.DONE:
        _draw_state(layout, context, tree, run)
    elif run.state is RunState.CANCELLED:
        paragraph(layout, context, runs.outcome(run)[-1][1], icon="CANCEL")
    elif run.failure is not None:
        box = layout.box()
        alert = box.column()
        alert.alert = True
        paragraph(alert, context, run.failure.sentence, icon="ERROR", narrower=12.0)
        paragraph(box, context, run.failure.advice, icon="BLANK1", narrower=12.0)
        _draw_log(box)


def _draw_state(layout: Any, context: bpy.types.Context, tree: FlameTree | None, run: Run | None) -> None:
    """Say whether the track is still what the settings ask for."""
    node = node_of(tree, "track", context.scene)
    status = status_of(node) if node is not None else None
    if status is not None and status.state is NodeState.STALE:
        paragraph(layout, context, "Settings were changed since this was tracked.", icon="INFO")
    elif run is not None:
        paragraph(layout, context, runs.outcome(run)[-1][1], icon="CHECKMARK")
    elif status is not None and status.state in (NodeState.CACHED, NodeState.DONE):
        paragraph(layout, context, f"Tracked: {status.text}." if status.text else "Tracked.", icon="CHECKMARK")


def _draw_log(layout: Any) -> None:
    row = layout.row(align=True)
    row.operator("flame.open_log", icon="TEXT")
    row.operator("flame.copy_log", icon="COPYDOWN")


def _draw_messages(layout: Any, context: bpy.types.Context, run: Run) -> None:
    notices = worth_telling(run)
    if not notices:
        return
    header, body = layout.panel_prop(context.scene.flame, "show_messages")
    header.label(text=f"Messages ({len(notices)})")
    if body is None:
        return
    for notice in notices:
        paragraph(body, context, f"{notice.sentence} {notice.advice}".strip(), icon="INFO")


def worth_telling(run: Run) -> list[Notice]:
    """Return what a run has to say, without what stands elsewhere in the panel, or is seen at once."""
    return [notice for notice in run.notices if notice.code not in _TOLD_ELSEWHERE]


# What is rarely needed.


def _draw_more(layout: Any, context: bpy.types.Context, tree: FlameTree | None) -> None:
    header, body = layout.panel_prop(context.scene.flame, "show_more")
    header.label(text="More Settings")
    if body is None:
        return
    body.use_property_split = True
    body.use_property_decorate = False
    for kind in MORE:
        node = node_of(tree, kind, context.scene)
        if node is not None and not node.mute:
            _draw_node(body, node)


def _draw_node(layout: Any, node: Any) -> None:
    """Draw a node's settings below its name, closed at first."""
    header, body = layout.panel(f"flame_settings_{node.kind}", default_closed=True)
    header.label(text=node.label or node.bl_label, icon=node.bl_icon)
    if body is not None:
        body.use_property_split = True
        body.use_property_decorate = False
        node.draw_settings(body.column())
