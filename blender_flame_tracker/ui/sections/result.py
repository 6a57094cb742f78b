"""The panel's last part: how good the track is, where to look, and bringing it into the scene."""

from __future__ import annotations

from typing import Any

import bpy

from ...nodes.scene_state import active_tree, node_of
from ...nodes.state import NodeState, status_of
from ...operators import result as operators
from ...results import selection
from ...results.review import Review, TrackFacts, review_of
from ...scene.camera.motion import HEAD_MOVES, motion_of
from ...scene.fitting_scene import is_faithful
from ...scene.fitting_scene import notices as fit_notices
from ...scene.footage.plate import background_of
from ...scene.head.texture import PICTURE
from ...scene.loose import loose_objects
from ...scene.parts import Parts
from ...scene.record import read_record
from ...scene.stored import stored
from ...text import paragraph
from ..graph_picture import draw_graph
from .rig import draw_rig
from .versions import draw_versions, shown_name


def missing(context: bpy.types.Context) -> str:
    """Return why there is nothing to show, empty where there is."""
    found = selection.chosen(context)
    if found is None:
        return "Track a video, or import a track file with File > Import"
    if found.collection is None:
        facts = selection.facts_of(found)
        if facts is None:  # For a moment, while the disk is asked: else the part would open and close again.
            return "Looking for a track of this clip"
        if facts.stamp is None:
            return "Nothing is tracked yet"
    return ""


def draw(layout: Any, context: bpy.types.Context) -> None:
    """Draw the part."""
    found = selection.chosen(context)
    if found is None:
        return
    layout.use_property_split = True
    layout.use_property_decorate = False
    facts = selection.facts_of(found)
    review = None if facts is None else review_of(facts, found.placement)
    layout.label(
        text=": ".join(filter(None, (found.name, shown_name(found.collection)))),
        icon="OUTLINER_COLLECTION" if found.collection is not None else "FILE",
        translate=False,
    )
    if found.collection is None and facts is not None and facts.made:
        paragraph(layout, context, facts.made, icon="BLANK1")
    _draw_state(layout, context, found, facts)
    if review is not None:
        _draw_quality(layout, context, review)
    draw_versions(layout, context, found)
    _draw_made(layout, context, found)
    _draw_import(layout, found, facts)
    _draw_scene(layout, context, found)
    _draw_files(layout)


def _draw_state(layout: Any, context: bpy.types.Context, found: selection.Result, facts: TrackFacts | None) -> None:
    """What is wrong with the file, or with what was made of it."""
    problem = operators.file_problem(found, facts)
    if problem:
        paragraph(layout, context, problem, icon="ERROR")
        if found.collection is not None:
            layout.operator("flame.find_track", icon="FILEBROWSER")
    if facts is not None and selection.is_outdated(found, facts):
        paragraph(layout, context, "The track is newer than what is in the scene.", icon="INFO")
    parts = found.parts
    if parts is not None and not isinstance(parts, Parts):
        paragraph(layout, context, str(parts), icon="ERROR")


def _draw_quality(layout: Any, context: bpy.types.Context, review: Review) -> None:
    """Graph, numbers, and the way to the frames that someone should look at."""
    draw_graph(layout, context, review)
    column = layout.column(align=True)
    if review.usual_error is not None and review.largest_error is not None:
        column.label(text=f"Error {review.usual_error:.2f} px, largest {review.largest_error:.2f} px")
    row = column.row(align=True)
    row.label(text=review.summary, icon="CHECKMARK" if not review.ranges else "ERROR")
    if review.total == 1:
        return
    row.operator("flame.jump_to_bad_frame", text="", icon="PREV_KEYFRAME").direction = "PREVIOUS"
    row.operator("flame.jump_to_bad_frame", text="", icon="NEXT_KEYFRAME").direction = "NEXT"
    if review.ranges:
        # Also said of good frames: else all buttons below would jump while the timeline is scrubbed.
        bad = review.bad_at(context.scene.frame_current)
        paragraph(column, context, bad.words if bad is not None else "This frame is good.", icon="BLANK1")
    row = layout.row()
    row.use_property_split = False
    row.prop(context.scene.flame, "show_timeline_graph")


def _draw_made(layout: Any, context: bpy.types.Context, found: selection.Result) -> None:
    """What Appearance, ARKit Weights and Texture have made of it, and the texture itself."""
    tree = active_tree(context) if found.node is not None else None
    for kind in ("appearance", "arkit", "texture"):
        node = node_of(tree, kind, context.scene)
        if node is None or node.mute:
            continue
        status = status_of(node)
        if status.text and status.state in (NodeState.DONE, NodeState.CACHED):
            paragraph(layout, context, f"{node.bl_label}: {status.text}", icon=node.bl_icon)
    picture = stored(found.collection, PICTURE, bpy.types.Image)
    if picture is not None:
        layout.template_icon(icon_value=layout.icon(picture), scale=5.0)


def _draw_import(layout: Any, found: selection.Result, facts: TrackFacts | None) -> None:
    """Options and the button that brings the track into the scene."""
    if found.node is not None:
        fresh = found.collection is None
        name = "flame_import_options" if fresh else "flame_update_options"
        header, body = layout.panel(name, default_closed=not fresh)
        header.label(text="Import Options")
        if body is not None:
            found.node.draw_settings(body.column())
    row = layout.row(align=True)
    row.scale_y = 1.3
    if found.collection is None:
        row.operator("flame.import_result", icon="IMPORT")
        return
    changed = selection.has_other_options(found)
    outdated = facts is not None and selection.is_outdated(found, facts)
    row.operator("flame.update_result", icon="FILE_REFRESH", depress=outdated or changed).ask = False
    if found.node is None:
        row.operator("flame.update_result", text="", icon="PREFERENCES").ask = True
    if changed:
        layout.label(text="Options are not applied yet", icon="INFO")


def _draw_scene(layout: Any, context: bpy.types.Context, found: selection.Result) -> None:
    """What can be done with what is in the scene."""
    parts = found.parts
    if not isinstance(parts, Parts):
        return
    _draw_comparison(layout, parts)
    moving = motion_of(parts.camera)
    text = "Switch to Camera Motion" if moving == HEAD_MOVES else "Switch to Head Motion"
    layout.operator("flame.switch_motion", text=text, icon="CON_CAMERASOLVER" if moving == HEAD_MOVES else "USER")
    draw_rig(layout, parts)
    if loose_objects(parts):
        layout.operator("flame.parent_loose_objects", icon="LINKED")
    layout.operator_menu_enum("flame.set_up_render", "head", icon="RENDER_STILL")
    layout.operator("flame.make_review", icon="RENDER_ANIMATION")
    layout.operator_menu_enum("flame.export_take", "target", icon="EXPORT")
    layout.operator_menu_enum("flame.export_performance", "target", icon="EXPORT")
    _draw_fit(layout, context, parts)
    for notice in read_record(parts.collection).notices:
        paragraph(layout, context, notice, icon="INFO")


def _draw_fit(layout: Any, context: bpy.types.Context, parts: Parts) -> None:
    """Ways to give the scene what the clip wants, where it has something else."""
    fit = read_record(parts.collection).fit
    column = layout.column(align=True)
    for notice in () if fit is None else fit_notices(context.scene, parts.camera, fit):
        paragraph(column, context, notice.sentence, icon="INFO")
        column.operator("flame.fit_scene", icon="SCENE_DATA")
    if not is_faithful(context.scene):
        column.operator("flame.use_standard_view", icon="COLOR")


def _draw_comparison(layout: Any, parts: Parts) -> None:
    """Ways to see whether the head fits: the footage laid over it, and its wires."""
    row = layout.row(align=True)
    row.use_property_split = False
    camera: Any = parts.camera.data
    front = background_of(camera, parts.clip, "FRONT")
    if front is not None:
        row.prop(front, "show_background_image", text="", icon="HIDE_OFF" if front.show_background_image else "HIDE_ON")
        slider = row.row(align=True)
        slider.active = front.show_background_image
        slider.prop(front, "alpha", text="Footage over Head", slider=True)
    row.prop(parts.head, "show_wire", text="Wireframe" if front is None else "", icon="MOD_WIREFRAME", toggle=True)


def _draw_files(layout: Any) -> None:
    row = layout.row(align=True)
    row.operator("flame.show_report", icon="GRAPH")
    row.operator("flame.play_overlay", icon="PLAY")
    layout.operator("flame.open_folder", icon="FILE_FOLDER")
