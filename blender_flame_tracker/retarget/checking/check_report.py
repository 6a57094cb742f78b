"""Report of Check Character: remembered as long as Blender runs, and drawn with what to do about each finding."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import bpy

from ....backend.contract.performance.characters.report import AMBER, GREEN, RED, CharacterReport
from ...text import paragraph
from ..mapping.mapping_group import group_of
from ..recognising.gather import armatures_of

_COLOUR: Final = "STRIP_COLOR_0{}" if bpy.app.version >= (4, 4) else "SEQUENCE_COLOR_0{}"
_ICONS: Final = {GREEN: _COLOUR.format(4), AMBER: _COLOUR.format(3), RED: _COLOUR.format(1)}
"""Blender's coloured squares: green, yellow, red."""
_checked: dict[int, tuple[CharacterReport, str]] = {}
"""`session_uid` of an object -> the last report on its character, and the name of what holds its mapping."""


def remember_report(
    report: CharacterReport, holder: bpy.types.Object, objects: Iterable[bpy.types.Object] = ()
) -> None:
    """Keep the report on a character until it is checked again or Blender ends.

    Args:
        report: On the character.
        holder: Of its mapping.
        objects: Of the character, for each of which it is found again.
    """
    for thing in (holder, *objects):
        _checked[thing.session_uid] = report, holder.name


def report_of(thing: bpy.types.Object) -> CharacterReport | None:
    """Return the last report on the character of an object; None before it was checked."""
    return _checked[thing.session_uid][0] if thing.session_uid in _checked else None


def known_holder(thing: bpy.types.Object) -> bpy.types.Object | None:
    """Return what holds the mapping of an object's character, as far as that needs no search through the scene."""
    named = bpy.data.objects.get(_checked[thing.session_uid][1]) if thing.session_uid in _checked else None
    near = (thing, *armatures_of(thing), *(() if named is None else (named,)))
    return next((each for each in near if len(group_of(each).rows) > 0), None)


def draw_report(layout: Any, report: CharacterReport) -> None:
    """Draw the findings, each with a coloured square, and below it what to do."""
    context = bpy.context
    column = layout.column()
    for row in report.rows:
        paragraph(column, context, f"{row.label}: {row.sentence}", icon=_ICONS[row.level])
        if row.advice:
            below = column.column()
            below.active = False
            paragraph(below, context, row.advice, icon="BLANK1")
