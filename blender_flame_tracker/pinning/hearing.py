"""Meaning of mouse and keys to the pin tool while they are over its view."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from ..nodes.pin_parts import KEYS
from ..nodes.scene_state import flame_of
from .tool import PinTool, WorkArea

PASSED, TAKEN, FINISHED, PUT_BACK = "passed", "taken", "finished", "put back"
PAN, PIE = "pan", "pie"

_PASSED_ON: Final = frozenset(
    {"WHEELUPMOUSE", "WHEELDOWNMOUSE", "TRACKPADZOOM", "TRACKPADPAN", "MOUSEPAN", "MOUSEZOOM", "MIDDLEMOUSE"}
    | {"LEFT_ARROW", "RIGHT_ARROW", "UP_ARROW", "DOWN_ARROW", "NUMPAD_PLUS", "NUMPAD_MINUS", "NUMPAD_0", "HOME"}
    | {"MEDIA_PLAY", "MEDIA_STOP", "MEDIA_FIRST", "MEDIA_LAST", "N", "T"}
)
"""Events that move the view, go to other frames or open bars: they go on to Blender."""
_MOVES: Final = frozenset({"MOUSEMOVE", "INBETWEEN_MOUSEMOVE"})


@dataclass(frozen=True)
class Heard:
    """What an event has done.

    Attributes:
        meaning: `PASSED`: it is for Blender; `TAKEN`: it has done its work; `FINISHED`, `PUT_BACK`: the tool ends;
            `PAN`, `PIE`: the view is to be moved, the menu of parts to be opened.
        said: For the user.
    """

    meaning: str
    said: str = ""


def heard(tool: PinTool, work_area: WorkArea, event: Any) -> Heard:
    """Do what an event over the view means, and return what that was.

    Args:
        tool: That is used.
        work_area: Where it works.
        event: As Blender gives it.
    """
    if event.type in _MOVES:
        return _moved(tool, work_area, event)
    if event.type == "LEFTMOUSE":
        return _left_button(tool, work_area, event)
    held = event.ctrl or event.shift or event.alt or event.oskey
    if event.type == "MIDDLEMOUSE" and event.value == "PRESS" and not held:
        return Heard(PAN)  # Turned, the view would no longer be the camera's.
    if (event.type in _PASSED_ON and not event.oskey) or (event.type == "SPACE" and not held):
        return Heard(PASSED)
    return _pressed_key(tool, work_area, event) if event.value == "PRESS" else Heard(TAKEN)


def _moved(tool: PinTool, work_area: WorkArea, event: Any) -> Heard:
    edit, at = tool.shot.edit, tool.pixel_at(work_area, event.mouse_x, event.mouse_y)
    if edit is None or at is None:
        return Heard(PASSED)
    if edit.is_dragging:
        edit.drag(at[0], tool.moves)
        return Heard(TAKEN)
    edit.hovered = edit.nearest_pin(*at)
    return Heard(PASSED)


def _left_button(tool: PinTool, work_area: WorkArea, event: Any) -> Heard:
    edit, at = tool.shot.edit, tool.pixel_at(work_area, event.mouse_x, event.mouse_y)
    if edit is None:
        return Heard(TAKEN)
    if event.value == "RELEASE":
        edit.release()
    elif at is not None and event.value in {"PRESS", "DOUBLE_CLICK"}:
        if event.ctrl or event.alt:
            return _removed(tool, work_area, event)
        if not edit.press(*at):
            return Heard(TAKEN, "That was beside the head")
    return Heard(TAKEN)


def _pressed_key(tool: PinTool, work_area: WorkArea, event: Any) -> Heard:
    if event.type in {"RET", "NUMPAD_ENTER"}:
        return Heard(FINISHED)
    if event.type == "ESC":
        tool.shot.put_back()
        return Heard(PUT_BACK)
    if event.type == "Z" and (event.ctrl or event.oskey):
        edit = tool.shot.edit
        if edit is None or not edit.step_back():
            return Heard(TAKEN, "Nothing to step back on this frame; keyed frames can be undone after Enter")
    elif event.type in {"X", "DEL", "RIGHTMOUSE"}:
        return _removed(tool, work_area, event)
    elif event.type == "Q":
        return Heard(PIE)
    elif event.type == "S" and (event.ctrl or event.oskey):
        return Heard(TAKEN, "Press Enter first, then save")
    elif event.type in KEYS:
        flame_of(tool.scene).pin_part = KEYS[event.type]
    return Heard(TAKEN)


def _removed(tool: PinTool, work_area: WorkArea, event: Any) -> Heard:
    """Take off the pin under the mouse; by a key also the one that is selected."""
    edit, at = tool.shot.edit, tool.pixel_at(work_area, event.mouse_x, event.mouse_y)
    if edit is None or at is None:
        return Heard(TAKEN)
    under_mouse = edit.nearest_pin(*at)
    chosen = edit.selected if under_mouse is None and event.type in {"X", "DEL"} else under_mouse
    if chosen is None:
        return Heard(TAKEN, "There is no pin under the mouse")
    edit.remove(chosen)
    return Heard(TAKEN)
