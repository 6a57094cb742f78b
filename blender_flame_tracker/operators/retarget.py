"""Operator that puts a performance onto a character, as one step of undo."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Final

import bpy

from ...backend.contract.failure import Failure
from ...backend.contract.options import options_of
from ...backend.contract.retarget_settings import EXISTING_CHOICES, RetargetSettings
from ..paths import absolute
from ..properties import annotations_of, settings_from
from ..results import selection
from ..retarget import playing
from ..retarget.properties import holder_in
from ..retarget.recognising.candidates import character_in
from ..text import paragraph

_DIALOG: Final = 400
"""Width of the question in pixels, at a scale of 1."""
_SETTINGS: Final = tuple(each.name for each in options_of(RetargetSettings))


class Retarget(bpy.types.Operator):
    """Put the performance onto the character's shape keys, controls and bones, then read back what moves"""

    bl_idname = "flame.retarget"
    bl_label = "Apply to Character"
    bl_options: ClassVar = {"REGISTER", "UNDO"}

    layout: Any
    character: str
    track: str
    existing: str
    __annotations__ = {
        "character": bpy.props.StringProperty(
            name="Character",
            description="Name of an object of the character; empty takes that of the panel, or the selected one",
            options={"SKIP_SAVE"},
        ),
        "track": bpy.props.StringProperty(
            name="Track File",
            description="Track file whose performance is taken where no other file is named; empty takes the panel's",
            options={"SKIP_SAVE"},
        ),
        **annotations_of(RetargetSettings),
    }

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need object or pose mode."""
        if context.mode in ("OBJECT", "POSE"):
            return True
        cls.poll_message_set("Go back to Object Mode first")
        return False

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Ask what becomes of what is animated already, else write at once."""
        self._fill(context)
        made = self._ready(context)
        if isinstance(made, Failure):
            return self._refuse(made)
        if not self.character and holder_in(context).character is None:
            # What was proposed stays, whatever is selected next.
            holder_in(context).character = character_in(context)
        if self.existing == "ask" and made.prepared.question is not None:
            self.existing = "layer"
            return context.window_manager.invoke_props_dialog(
                self, width=_DIALOG, title=made.prepared.question.sentence
            )
        return self._write(made, context)

    def draw(self, context: bpy.types.Context) -> None:
        """Show what can become of it, and what the choice means."""
        column = self.layout.column()
        for choice in ("replace", "layer", "leave"):
            column.prop_enum(self, "existing", choice)
        paragraph(self.layout, context, f"{EXISTING_CHOICES[self.existing]}.", icon="INFO", width=_DIALOG - 40.0)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Write with the settings of panel or node, as far as none are given."""
        self._fill(context)
        made = self._ready(context)
        return self._refuse(made) if isinstance(made, Failure) else self._write(made, context)

    def _fill(self, context: bpy.types.Context) -> None:
        holder = holder_in(context)
        for name in _SETTINGS:
            # A track that is named is meant, whatever file the panel names.
            if not self.properties.is_property_set(name) and not (name == "source" and self.track):
                setattr(self, name, getattr(holder, name))

    def _ready(self, context: bpy.types.Context) -> playing.Ready | Failure:
        thing = bpy.data.objects.get(self.character) if self.character else character_in(context)
        if thing is None:
            sentence = f"There is no object '{self.character}'." if self.character else "No character is chosen."
            return Failure("no-character", sentence, "Choose the mesh of its face or its armature.")
        if context.scene.objects.get(thing.name) != thing:
            sentence = f"'{thing.name}' is not in this scene."
            return Failure("no-character", sentence, "Link it into the scene, or go to the scene that it is in.")
        track: Path | selection.Result | None = absolute(self.track) if self.track else selection.chosen(context)
        return playing.ready(thing, settings_from(self, RetargetSettings), track, context)

    def _write(self, made: playing.Ready, context: bpy.types.Context) -> set[str]:
        report = playing.play(made, settings_from(self, RetargetSettings), holder_in(context), context)
        if isinstance(report, Failure):
            return self._refuse(report)
        self.report({"INFO" if report.is_good else "WARNING"}, report.summary)
        for line in report.lines[1:]:
            if line.level == "bad":
                self.report({"WARNING"}, line.text)
        return {"FINISHED"}

    def _refuse(self, failure: Failure) -> set[str]:
        self.report({"ERROR"}, str(failure))
        return {"CANCELLED"}


CLASSES: Final = (Retarget,)
