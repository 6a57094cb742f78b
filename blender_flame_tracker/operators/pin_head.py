"""Operator that pins the head in the 3D view: click a point of it, drag it to where the footage shows it, key."""

from __future__ import annotations

from typing import Any, ClassVar, Final

import bpy

from ...backend.contract.failure import Failure
from ..nodes.pin_parts import PIN_PARTS
from ..nodes.scene_state import flame_of
from ..own_operators import own_operators
from ..pinning.hearing import FINISHED, PAN, PASSED, PIE, PUT_BACK, Heard, heard
from ..pinning.shot import start_pinning
from ..pinning.tool import PinTool, WorkArea, running
from ..results import selection
from .pins import pinnable_for, said_of

PIE_MENU: Final = "FLAME_MT_pin_part"
_AROUND_MOUSE: Final = ("right_lid", "left_lid", "jaw", "gaze", "head", "expression")
"""Left, right, below, above, then the upper corners: as they lie in a face that looks into the camera."""
_STATUS: Final = (
    ("MOUSE_LMB_DRAG", "Pin and Drag"),
    ("MOUSE_RMB", "Remove Pin"),
    ("EVENT_Q", "Choose Part"),
    ("EVENT_CTRL", ""),
    ("EVENT_Z", "Step Back"),
    ("EVENT_LEFT_ARROW", ""),
    ("EVENT_RIGHT_ARROW", "Key, Next Frame"),
    ("EVENT_RETURN", "Key and Finish"),
    ("EVENT_ESC", "  Put Frame Back"),
)


class PinHead(bpy.types.Operator):
    """Put the head right on this frame: click a point of its surface and drag it to where the footage shows it"""

    bl_idname = "flame.pin_head"
    bl_label = "Pin Head"
    # No UNDO: each keyed frame is a step of its own.
    bl_options: ClassVar[set[Any]] = set()

    _tool: PinTool
    _timer: Any = None
    _said: str = ""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need an import of a track file in object mode, and a 3D view."""
        if running() is not None:
            cls.poll_message_set("The head is being pinned already")
            return False
        return pinnable_for(cls, context) is not None

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Begin in the 3D view of the context, or else in one of the window; a click there is the first pin."""
        area = _view_of(context)
        found = selection.chosen(context)
        if area is None or found is None or context.scene is None:
            return _refuse(self, Failure("no-view", "Pins are dragged in a 3D view.", "Open one in this window."))
        shot = start_pinning(found)
        if isinstance(shot, Failure):
            return _refuse(self, shot)
        self._tool = PinTool(shot, context.scene, area)
        work_area, parts = self._tool.work_area(context.window), shot.parts
        if work_area is None or parts is None:
            return _refuse(self, Failure("no-view", "Pins are dragged in a 3D view.", "Open one in this window."))
        shot.go_to(context.scene.frame_current)
        self._tool.begin(work_area, parts)
        self._timer = context.window_manager.event_timer_add(0.1, window=context.window)
        context.window_manager.modal_handler_add(self)
        context.workspace.status_text_set(_draw_status)
        if context.area == area and event.type == "LEFTMOUSE" and event.value == "PRESS":
            heard(self._tool, work_area, event)
        self._tell(work_area)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Hear the mouse and keys over the view; what is over another editor or a bar goes there."""
        work_area = self._tool.work_area(context.window)
        if work_area is None or context.mode != "OBJECT" or self._tool.shot.parts is None:
            return self._finish(context, work_area, {"FINISHED"})
        if self._tool.must_key():
            self._key()
        problem = self._tool.follow()
        if problem is not None:
            self.report({"ERROR"}, str(problem))
            return self._finish(context, work_area, {"CANCELLED"})
        if event.type == "TIMER":
            self._tell(work_area)
            return {"PASS_THROUGH"}
        if not work_area.holds(event.mouse_x, event.mouse_y) and not self._tool.is_dragging:
            return {"PASS_THROUGH"}
        if work_area.region_3d.view_perspective != "CAMERA":
            work_area.region_3d.view_perspective = "CAMERA"
        return self._answer(context, work_area, heard(self._tool, work_area, event))

    def _answer(self, context: bpy.types.Context, work_area: WorkArea, done: Heard) -> set[str]:
        """Do what the tool cannot do itself, and tell Blender."""
        if done.said:
            self.report({"INFO"}, done.said)
        if done.meaning in (FINISHED, PUT_BACK):
            return self._finish(context, work_area, {"FINISHED" if done.meaning == FINISHED else "CANCELLED"})
        with context.temp_override(area=work_area.area, region=work_area.region):
            if done.meaning == PAN:
                bpy.ops.view3d.move("INVOKE_DEFAULT")
            elif done.meaning == PIE:
                bpy.ops.wm.call_menu_pie(name=PIE_MENU)
        self._tell(work_area)
        work_area.region.tag_redraw()
        return {"PASS_THROUGH" if done.meaning == PASSED else "RUNNING_MODAL"}

    def cancel(self, context: bpy.types.Context) -> None:
        """Leave everything as it was where Blender ends the tool: another file is opened, or the window closed."""
        self._clean_up(context, self._tool.work_area(context.window))

    def _key(self) -> None:
        """Key the frame as a step of undo of its own; where that fails, go back to it, so that no work is lost."""
        if not self._tool.shot.changed:
            return
        try:
            own_operators().key_pins("EXEC_DEFAULT", True)
        except RuntimeError as error:  # What the operator has reported.
            self.report({"ERROR"}, str(error).removeprefix("Error: ").strip())
            self._tool.go_back()

    def _tell(self, work_area: WorkArea) -> None:
        """Say what is worked on, where that is another than before."""
        text = self._tool.header()
        if text != self._said:
            self._said = text
            work_area.area.header_text_set(text)
            work_area.region.tag_redraw()

    def _finish(self, context: bpy.types.Context, work_area: WorkArea | None, answer: set[str]) -> set[str]:
        """Key what was done if that is possible still, and end."""
        if context.mode == "OBJECT" and self._tool.shot.parts is not None:
            self._key()
        elif self._tool.shot.changed:
            why = "Object Mode was left" if self._tool.shot.parts is not None else "the import is no longer there"
            self.report({"WARNING"}, f"The frame was not keyed, because {why}")
        self._clean_up(context, work_area)
        return answer

    def _clean_up(self, context: bpy.types.Context, work_area: WorkArea | None) -> None:
        self._tool.end(work_area)
        if self._timer is not None:
            context.window_manager.event_timer_remove(self._timer)
            self._timer = None
        if context.workspace is not None:
            context.workspace.status_text_set(None)
        if work_area is not None:
            work_area.area.header_text_set(None)
            work_area.area.tag_redraw()


class KeyPins(bpy.types.Operator):
    """Key the frame that is being pinned: the track goes through it"""

    bl_idname = "flame.key_pins"
    bl_label = "Pin Frame"
    bl_options: ClassVar = {"UNDO", "INTERNAL"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need the tool."""
        return running() is not None and context.mode == "OBJECT"

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Write the track with the pinned frame, and bring it into the scene."""
        tool = running()
        assert tool is not None and context.scene is not None
        tool.show_head()  # As the step of undo shall have it.
        made = tool.shot.key(context.scene)
        if made is None:
            return {"CANCELLED"}
        return said_of(self, made)


class PinPartPie(bpy.types.Menu):
    """What a drag moves"""

    bl_idname = PIE_MENU
    bl_label = "Drags Move"
    layout: Any

    def draw(self, context: bpy.types.Context | None) -> None:
        """Offer the parts around the mouse."""
        assert context is not None
        pie, flame = self.layout.menu_pie(), flame_of(context.scene)
        for name in _AROUND_MOUSE:
            pie.prop_enum(flame, "pin_part", name)


class PinHeadTool(bpy.types.WorkSpaceTool):
    """The same in the toolbar: a click begins, and is the first pin"""

    bl_space_type = "VIEW_3D"
    bl_context_mode = "OBJECT"
    bl_idname = "flame.pin_head_tool"
    bl_label = "Pin Head"
    bl_description = "Click a point of a tracked head and drag it to where the footage shows it"
    bl_icon = "ops.curve.pen"
    bl_keymap = (("flame.pin_head", {"type": "LEFTMOUSE", "value": "PRESS"}, None),)

    @staticmethod
    def draw_settings(context: bpy.types.Context, layout: Any, _tool: Any) -> None:
        """Show in the header what a drag moves."""
        layout.prop(flame_of(context.scene), "pin_part", text="")


def _view_of(context: bpy.types.Context) -> bpy.types.Area | None:
    """Return the 3D view of the context, else the largest one of its window."""
    if context.area is not None and context.area.type == "VIEW_3D":
        return context.area
    screen = None if context.window is None else context.window.screen
    views = [] if screen is None else [each for each in screen.areas if each.type == "VIEW_3D"]
    return max(views, key=lambda area: area.width * area.height, default=None)


def _draw_status(header: Any, _context: bpy.types.Context) -> None:
    """Say in the status bar what the keys do."""
    for icon, text in _STATUS:
        header.layout.label(text=text, icon=icon)
    names = "  ".join(f"{number} {part.label}" for number, part in enumerate(PIN_PARTS.values(), start=1))
    header.layout.label(text=names)


def _refuse(operator: bpy.types.Operator, failure: Failure) -> set[str]:
    operator.report({"ERROR"}, str(failure))
    return {"CANCELLED"}


CLASSES: Final = (PinHead, KeyPins, PinPartPie)


def register() -> None:
    """Offer the tool in the toolbar of the 3D view; without windows there is none."""
    if not bpy.app.background:
        bpy.utils.register_tool(PinHeadTool, separator=True)


def unregister() -> None:
    """Take the tool out of the toolbar."""
    if not bpy.app.background:
        bpy.utils.unregister_tool(PinHeadTool)
