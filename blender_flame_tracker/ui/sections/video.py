"""The panel's first part: which video or photographs, which of the frames, and which face in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import bpy

from ....backend.contract.failure import Failure
from ...engine.quick_look import QuickLook, SeenFace
from ...nodes.scene_state import active_tree, node_of, source_of
from ...nodes.stages.photographs import draw_names, files_of
from ...text import duration, paragraph, room_in, scale_of
from ...tracking import footage
from ...tracking.footage import VideoFacts
from .. import thumbnails

FACES_SHOWN: Final = 9
"""Faces with a picture; a crowd is followed better by its number in the Face node."""

_SAME_PLACE: Final = 1e-4


def title(context: bpy.types.Context) -> str:
    """Return what the part is called: by what the head is made from."""
    source = source_of(active_tree(context), context.scene)
    return "Photographs" if source is not None and footage.is_photographs(source) else "Video"


def missing(_context: bpy.types.Context) -> str:
    """Choosing a video is always possible."""
    return ""


def draw(layout: Any, context: bpy.types.Context) -> None:
    """Draw the part."""
    path = footage.path_of(context)
    if path is None:
        _draw_empty(layout, context)
        return
    video = source_of(active_tree(context), context.scene)
    if footage.is_photographs(video):
        _draw_photographs(layout, context, path, video)
        return
    row = layout.row(align=True)
    row.prop(video, "path", text="")
    row.operator("flame.use_active_clip", text="", icon="TRACKER")
    row.operator("flame.choose_photographs", text="", icon="IMAGE_DATA")
    facts = footage.facts_of(path)
    if isinstance(facts, Failure):
        alert = layout.column()
        alert.alert = True
        paragraph(alert, context, str(facts), icon="ERROR")
        return
    _draw_facts(layout, path, facts, video)
    _draw_range(layout, video, facts)
    _draw_faces(layout, context, path)


def _draw_empty(layout: Any, context: bpy.types.Context) -> None:
    column = layout.column(align=True)
    column.scale_y = 1.4
    column.operator("flame.choose_video", text="Choose Video...", icon="FILE_MOVIE")
    column.operator("flame.use_active_clip", icon="TRACKER")
    column.operator("flame.choose_photographs", text="Choose Photographs...", icon="IMAGE_DATA")
    hint = layout.column()
    hint.active = False
    where = "here" if context.space_data is not None and context.space_data.type == "CLIP_EDITOR" else "the 3D view"
    drop = "" if where == "here" else f" Or drop a video or pictures onto {where}."
    paragraph(hint, context, f"A video of a face, or one or several photographs of one person.{drop}")


def _draw_photographs(layout: Any, context: bpy.types.Context, path: Path, node: Any) -> None:
    """The first picture, the names, and the way to others or back to a video."""
    row = layout.row(align=True)
    row.operator("flame.choose_photographs", text="Choose Photographs...", icon="IMAGE_DATA")
    row.operator("flame.choose_video", text="", icon="FILE_MOVIE")
    facts = footage.facts_of(path)
    split = layout.split(factor=0.45)
    picture, words = split.column(), split.column()
    look = footage.faces_of(path).found if footage.faces_can_be_shown(node) else None
    icon = thumbnails.icon_of(look.thumbnail) if look is not None else 0
    picture.template_icon(icon_value=icon or thumbnails.icon_of_video(path), scale=5.0)
    words.separator(factor=0.5)
    draw_names(words, node.path)
    if isinstance(facts, Failure):
        alert = layout.column()
        alert.alert = True
        paragraph(alert, context, str(facts), icon="ERROR")
        return
    several = len(files_of(node.path)) > 1
    if several:
        hint = layout.column()
        hint.active = False
        words = "Each becomes a frame of one head, scaled to one size so that they share a camera."
        paragraph(hint, context, words, icon="INFO")
    if footage.faces_can_be_shown(node):
        _draw_faces(layout, context, path)
        return
    face = node_of(active_tree(context), "face", context.scene)
    if face is not None:
        _draw_choice(layout, face, still=True)


def _draw_facts(layout: Any, path: Path, facts: VideoFacts | None, video: Any) -> None:
    """The picture of the video, and beside it what it is."""
    faces = footage.faces_of(path)
    icon = thumbnails.icon_of(faces.found.thumbnail) if faces.found is not None else 0
    icon = icon or thumbnails.icon_of_video(path)
    split = layout.split(factor=0.45)
    picture, words = split.column(), split.column(align=True)
    picture.template_icon(icon_value=icon, scale=5.0)
    words.scale_y = 0.85
    words.separator(factor=1.8)
    if facts is None:
        words.label(text="Reading...")
        return
    for line in fact_lines(facts, video):
        words.label(text=line, translate=False)


def fact_lines(facts: VideoFacts, video: Any) -> tuple[str, ...]:
    """Return what a video is, in a few short lines."""
    rate = facts.rate if facts.rate is not None else video.sequence_rate
    frames = f"{facts.frames} frame{'' if facts.frames == 1 else 's'}"
    lines = (f"{facts.width} × {facts.height}", f"{rate:.5g} fps", frames)  # noqa: RUF001 - the sign that people know
    return (*lines, duration(facts.frames / rate, tenths_below=60.0)) if rate > 0 else lines


def _draw_range(layout: Any, video: Any, facts: VideoFacts | None) -> None:
    layout.prop(video, "range")
    if video.range == "custom":
        column = layout.column(align=True)
        column.prop(video, "first_frame", text="First")
        column.prop(video, "last_frame", text="Last")
    if facts is not None and facts.rate is None:
        layout.prop(video, "sequence_rate")


# Faces.


def _draw_faces(layout: Any, context: bpy.types.Context, path: Path) -> None:
    face = node_of(active_tree(context), "face", context.scene)
    if face is None:
        return
    faces = footage.faces_of(path)
    if faces.going:
        row = layout.row()
        row.progress(factor=faces.fraction, text="Looking for faces")
    elif faces.found is not None:
        _draw_found(layout, context, faces.found, face)
    else:
        if faces.failure is not None:
            paragraph(layout, context, str(faces.failure), icon="ERROR")
        layout.operator("flame.find_faces", icon="VIEWZOOM")
        _draw_choice(layout, face)


def _draw_found(layout: Any, context: bpy.types.Context, look: QuickLook, face: Any) -> None:
    if not look.faces:
        words = "No face was seen in the frames that were looked at. Tracking looks at every frame and may find one."
        paragraph(layout, context, words, icon="INFO")
        layout.operator("flame.find_faces", icon="VIEWZOOM")
        return
    followed = followed_face(look, face)
    row = layout.row()
    row.label(text="One face" if len(look.faces) == 1 else "Which face?")
    row.operator("flame.find_faces", text="", icon="FILE_REFRESH")
    _draw_grid(layout, context, look.faces[:FACES_SHOWN], followed)
    if len(look.faces) > 1:
        layout.operator("flame.track_all_faces", icon="COMMUNITY")
    if followed is None:
        _draw_choice(layout, face)


def _draw_grid(layout: Any, context: bpy.types.Context, faces: tuple[SeenFace, ...], followed: SeenFace | None) -> None:
    columns = min(3, len(faces)) if len(faces) != 4 else 2
    scale = scale_of(context)
    room = room_in(context.region, scale) / (20.0 * scale)
    grid = layout.grid_flow(row_major=True, columns=columns, even_columns=True, even_rows=True)
    for seen in faces:
        cell = grid.column(align=True)
        side = max(2.0, min(5.0, room / columns))
        cell.template_icon(icon_value=thumbnails.icon_of(seen.picture), scale=side)
        chosen = followed is not None and seen.number == followed.number
        cell.operator("flame.choose_face", text=f"Face {seen.number + 1}", depress=chosen).number = seen.number
    for _empty in range(-len(faces) % columns):
        grid.column()


def _draw_choice(layout: Any, face: Any, still: bool = False) -> None:
    """The Face node's own way to say whom to follow."""
    layout.prop(face, "choose")
    if face.choose == "number":
        layout.prop(face, "face")
    elif face.choose == "nearest":
        column = layout.column(align=True)
        column.prop(face, "point_x")
        column.prop(face, "point_y")
        if not still:
            column.prop(face, "point_frame")


def followed_face(look: QuickLook, face: Any) -> SeenFace | None:
    """Return which of the faces that were found the Face node follows, None where it says something else."""
    if face.choose == "largest":
        return look.faces[0]
    if face.choose == "number":
        return next((each for each in look.faces if each.number == face.number), None)
    near = [
        each
        for each in look.faces
        if each.frame == face.point_frame
        and abs(each.point[0] - face.point_x) < _SAME_PLACE
        and abs(each.point[1] - face.point_y) < _SAME_PLACE
    ]
    return near[0] if near else None
