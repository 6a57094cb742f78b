"""The panel's part Calibration: from which face weights count, and how strongly each region and channel answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import bpy

from ....backend.contract.performance.calibration import AS_IT_IS, PRESETS
from ....backend.contract.performance.channels import CHANNELS, INDEX, REGIONS, mirrored, region_of
from ....backend.contract.performance.performance import (
    APERTURE,
    FILE,
    GEOMETRY,
    GEOMETRY_AND_SCORE,
    HAND,
    JOINT,
    NOT_TRACKED,
    SCORE,
    Performance,
)
from ...calibration import live, presets
from ...calibration.properties import CalibrationProperties
from ...calibration.subject import subject_of
from ...calibration.takes import Take
from ...text import paragraph

SOURCE_WORDS: Final[Mapping[str, str]] = {
    GEOMETRY: "Solved from the shape of the face",
    JOINT: "From the rotation of jaw or eye",
    APERTURE: "From the gap between the lids",
    SCORE: "From the landmarker's scores",
    GEOMETRY_AND_SCORE: "From the shape of the face and the landmarker's scores",
    FILE: "From the file",
    HAND: "Changed by hand on the rig",
}
_DETAILS: Final = ("offset", "curve", "low", "high")


def missing(context: bpy.types.Context) -> str:
    """Return why it cannot be used yet."""
    return "" if subject_of(context) is not None else "Import a track first"


def draw(layout: Any, context: bpy.types.Context) -> None:
    """Draw the part."""
    subject = subject_of(context)
    assert subject is not None
    properties, take = subject.properties, subject.known()
    performance = take.performance if take is not None else None
    if not live.has_player(context.scene):
        paragraph(layout, context, "No character plays it yet. What is exported follows it, too.", icon="INFO")
    _draw_neutral(layout, context, properties, take)
    row = layout.row(align=True)
    row.prop(properties, "master", slider=True)
    row.menu(FLAME_MT_calibration_presets.bl_idname, text="", icon="PRESET")
    row.operator("flame.reset_calibration", text="", icon="LOOP_BACK").region = "all"
    layout.prop(properties, "both_sides")
    column = layout.column(align=True)
    for region in REGIONS:
        _draw_region(column, properties, region, performance)


def _draw_neutral(
    layout: Any, context: bpy.types.Context, properties: CalibrationProperties, take: Take | None
) -> None:
    frames = properties.neutral_frames()
    paragraph(layout, context, neutral_words(frames, take), icon="USER")
    row = layout.row(align=True)
    row.operator("flame.set_neutral", text="Use This Frame as Neutral").how = "CURRENT"
    row.operator("flame.set_neutral", text="", icon="ADD").how = "ADD"
    row.operator("flame.set_neutral", text="", icon="VIEWZOOM").how = "PROPOSED"
    if frames:
        row.operator("flame.set_neutral", text="", icon="X").how = "NONE"


def neutral_words(frames: tuple[int, ...], take: Take | None) -> str:
    """Return from where weights count, in words."""
    if not frames:
        counted = take.neutral_frame if take is not None else None
        return f"Resting face: as tracked{'' if counted is None else f', frame {counted} of the clip, from 0'}."
    numbers = ", ".join(map(str, frames))
    text = f"Resting face: frame{'s' if len(frames) > 1 else ''} {numbers} of the clip, from 0."
    if take is not None and len(take.rows_of(frames)) < len(frames):
        return f"{text} Not all of them are in the track any more."
    return text


def _draw_region(layout: Any, properties: CalibrationProperties, region: str, performance: Performance | None) -> None:
    response = properties.region(region)
    header, body = layout.panel(f"flame_calibration_{region}", default_closed=True)
    header.label(text=region.title())
    header.prop(response, "gain", text="", slider=True)
    header.operator("flame.reset_calibration", text="", icon="LOOP_BACK", emboss=False).region = region
    if body is None:
        return
    body.use_property_split = True
    for name in _DETAILS:
        body.prop(response, name, slider=True)
    for channel in CHANNELS:
        if region_of(channel) == region and not (properties.both_sides and channel.endswith("Right")):
            _draw_channel(body, properties, channel, performance)


def _draw_channel(
    layout: Any, properties: CalibrationProperties, channel: str, performance: Performance | None
) -> None:
    both = properties.both_sides and mirrored(channel) != channel
    response = properties.channel(channel)
    header, body = layout.panel(f"flame_calibration_{channel}", default_closed=True)
    tracked = performance is None or performance.source[INDEX[channel]] != NOT_TRACKED
    header.active = tracked
    changed = response.response() != AS_IT_IS
    header.label(text=channel_label(channel, both), icon="DOT" if changed else "NONE")
    if not tracked:
        header.label(text="not tracked")
    header.prop(response, "gain", text="", slider=True)
    if body is None:
        return
    body.use_property_split = True
    body.active = tracked
    if performance is not None:
        body.label(text=source_words(performance, channel))
    for name in _DETAILS:
        body.prop(response, name, slider=True)


def channel_label(channel: str, both: bool) -> str:
    """Return how a channel is called in the panel, its side left out where it stands for both."""
    name = channel.removesuffix("Left").removesuffix("Right") if both else channel
    if name == region_of(channel):  # Of mouthLeft and jawRight nothing but the region would be left.
        name += "Aside"
    return "".join(f" {letter}" if letter.isupper() else letter for letter in name).capitalize()


def source_words(performance: Performance, channel: str) -> str:
    """Return where a channel comes from and how far it can be trusted."""
    source = performance.source[INDEX[channel]]
    if source == NOT_TRACKED:
        return "Not tracked: nothing tells it"
    return f"{SOURCE_WORDS.get(source, source)}, trust {100 * float(performance.trust[INDEX[channel]]):.0f} %"


class FLAME_MT_calibration_presets(bpy.types.Menu):  # noqa: N801 - Blender's rule for names
    """Calibrations to begin with, and your own"""

    bl_idname = "FLAME_MT_calibration_presets"
    bl_label = "Calibration Presets"

    def draw(self: Any, _context: bpy.types.Context) -> None:
        """Draw the presets; those of the user can be removed."""
        layout = self.layout
        for name in PRESETS:
            layout.operator("flame.use_calibration_preset", text=name).name = name
        own = presets.names()
        if own:
            layout.separator()
        for name in own:
            row = layout.row()
            row.operator("flame.use_calibration_preset", text=name).name = name
            row.operator("flame.remove_calibration_preset", text="", icon="REMOVE").name = name
        layout.separator()
        layout.operator_context = "INVOKE_DEFAULT"
        layout.operator("flame.save_calibration_preset", text="Save as Preset...", icon="ADD")


CLASSES: Final = (FLAME_MT_calibration_presets,)
