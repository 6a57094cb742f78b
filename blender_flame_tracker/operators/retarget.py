"""Operator that puts a performance onto a character, as one step of undo; in a window in steps: ESC stops it."""

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
from ..steps import InSteps, finished
from ..text import paragraph

_DIALOG: Final = 400
"""Width of the question in pixels, at a scale of 1."""
_AT_ONCE: Final = 0.5
"""Seconds for which a click is worked on before a window shows how far it is."""
_SLICE: Final = 0.1
"""Seconds of work between two drawings of the window."""
_PAUSE: Final = 0.01
"""Seconds in which it is drawn."""
_CHANGED: Final = Failure(
    "changed-meanwhile", "Character, track or scene were changed meanwhile; nothing was written.", "Apply it again."
)
_SETTINGS: Final = tuple(each.name for each in options_of(RetargetSettings))


class Retarget(bpy.types.Operator):
    """Put the performance onto the character's shape keys, controls and bones, then read back what moves"""

    bl_idname = "flame.retarget"
    bl_label = "Apply to Character"
    bl_options: ClassVar = {"REGISTER", "UNDO"}

    layout: Any
    _work: InSteps[playing.Ready | Failure]
    _timer: bpy.types.Timer | None
    _scene: int
    _clicked: bool
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
        """Ask what becomes of what is animated already, else begin at once."""
        self._fill(context)
        chosen = self._choose(context)
        if isinstance(chosen, Failure):
            return self._refuse(chosen)
        settings = settings_from(self, RetargetSettings)
        first = finished(playing.ready_in_steps(chosen, settings, context, first_frame=True))
        if isinstance(first, Failure):
            return self._refuse(first)
        self._clicked = True
        if self.existing == "ask" and first.prepared.question is not None:
            self.existing = "layer"
            return context.window_manager.invoke_props_dialog(
                self, width=_DIALOG, title=first.prepared.question.sentence
            )
        return self._begin(chosen, context)

    def draw(self, context: bpy.types.Context) -> None:
        """Show what can become of it, and what the choice means."""
        column = self.layout.column()
        for choice in ("replace", "layer", "leave"):
            column.prop_enum(self, "existing", choice)
        paragraph(self.layout, context, f"{EXISTING_CHOICES[self.existing]}.", icon="INFO", width=_DIALOG - 40.0)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Write with the settings of panel or node, as far as none are given: at once in a script."""
        self._fill(context)
        chosen = self._choose(context)
        if isinstance(chosen, Failure):
            return self._refuse(chosen)
        if getattr(self, "_clicked", False) and not bpy.app.background:
            return self._begin(chosen, context)
        made = finished(playing.ready_in_steps(chosen, settings_from(self, RetargetSettings), context))
        return self._refuse(made) if isinstance(made, Failure) else self._write(made, context)

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Go on for a moment; ESC stops, and nothing is written."""
        if event.type == "ESC":
            self._end(context)
            self.report({"INFO"}, "Stopped; the character is as it was.")
            return {"CANCELLED"}
        if event.type != "TIMER":
            return {"RUNNING_MODAL"}
        more = False
        try:
            more = context.scene.session_uid == self._scene and self._work.work(_SLICE)
        except ReferenceError:  # From another window, or by a script.
            return self._refuse(_CHANGED)
        finally:
            if not more:
                self._end(context)
        if more:
            self._show_progress(context)
            return {"RUNNING_MODAL"}
        return self._conclude(context)

    def cancel(self, context: bpy.types.Context) -> None:
        """Blender closes the window or the file meanwhile."""
        if getattr(self, "_timer", None) is not None:
            self._end(context)

    def _begin(self, chosen: playing.Chosen, context: bpy.types.Context) -> set[str]:
        """Do what is quickly done, and go on from a timer with what is not."""
        settings = settings_from(self, RetargetSettings)
        self._scene = context.scene.session_uid
        self._work = InSteps(playing.ready_in_steps(chosen, settings, context))
        if not self._work.work(_AT_ONCE):
            return self._conclude(context)
        manager = context.window_manager
        self._timer = manager.event_timer_add(_PAUSE, window=context.window)
        manager.progress_begin(0, 100)
        manager.modal_handler_add(self)
        self._show_progress(context)
        return {"RUNNING_MODAL"}

    def _show_progress(self, context: bpy.types.Context) -> None:
        done = 100 * self._work.done
        context.window_manager.progress_update(round(done))
        context.workspace.status_text_set(f"Apply to Character: {done:.0f} %   Esc stops")

    def _end(self, context: bpy.types.Context) -> None:
        """Leave the window as it was, and give up what is not done."""
        self._work.stop()
        context.window_manager.event_timer_remove(self._timer)
        self._timer = None
        context.window_manager.progress_end()
        context.workspace.status_text_set(None)

    def _conclude(self, context: bpy.types.Context) -> set[str]:
        made, self._clicked = self._work.made, False  # Adjusted afterwards, it is done at once.
        if made is None:  # It was not ended: this is another scene.
            return self._refuse(_CHANGED)
        if isinstance(made, Failure):
            return self._refuse(made)
        if not self.character and holder_in(context).character is None:
            # What was proposed stays, whatever is selected next.
            holder_in(context).character = character_in(context)
        try:
            return self._write(made, context)
        except ReferenceError:
            return self._refuse(_CHANGED)

    def _fill(self, context: bpy.types.Context) -> None:
        holder = holder_in(context)
        for name in _SETTINGS:
            # A track that is named is meant, whatever file the panel names.
            if not self.properties.is_property_set(name) and not (name == "source" and self.track):
                setattr(self, name, getattr(holder, name))

    def _choose(self, context: bpy.types.Context) -> playing.Chosen | Failure:
        thing = bpy.data.objects.get(self.character) if self.character else character_in(context)
        if thing is None:
            sentence = f"There is no object '{self.character}'." if self.character else "No character is chosen."
            return Failure("no-character", sentence, "Choose the mesh of its face or its armature.")
        if context.scene.objects.get(thing.name) != thing:
            sentence = f"'{thing.name}' is not in this scene."
            return Failure("no-character", sentence, "Link it into the scene, or go to the scene that it is in.")
        track: Path | selection.Result | None = absolute(self.track) if self.track else selection.chosen(context)
        return playing.choose(thing, settings_from(self, RetargetSettings), track, context)

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
