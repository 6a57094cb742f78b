"""Pin tool while it is used: the shot, the view in which it works, and what is drawn there. There is one at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import bpy
import gpu
from bpy.app.handlers import persistent

from ...backend.contract.failure import Failure
from ..handlers import add_handlers, remove_handlers
from ..nodes.pin_parts import PIN_PARTS
from ..nodes.scene_state import flame_of
from ..scene.parts import Parts, parts_of
from .drawing import RADIUS, REACH, HeadDrawing, draw_pins
from .shot import ShotPinning
from .view import CameraView, camera_view


@dataclass(frozen=True)
class WorkArea:
    """Where the tool works: a 3D view and its main region, with its view."""

    area: Any
    space: Any
    region: Any

    @property
    def region_3d(self) -> Any:
        """How the region looks at the scene."""
        return self.space.region_3d

    def holds(self, x: int, y: int) -> bool:
        """Whether a point of the window lies in the region, and under no bar that lies over it."""
        over = [each for each in self.area.regions if each != self.region and min(each.width, each.height) > 1]
        return _inside(self.region, x, y) and not any(_inside(each, x, y) for each in over)


def _inside(region: Any, x: int, y: int) -> bool:
    return region.x <= x < region.x + region.width and region.y <= y < region.y + region.height


@dataclass(frozen=True)
class _Before:
    """What the view was like before the tool began."""

    camera: Any
    own_camera: bool
    locked: bool


class PinTool:
    """One use of the pin tool.

    Args:
        shot: Whose frames are put right.
        scene: That has the import.
        area: 3D view in which it is done.
    """

    def __init__(self, shot: ShotPinning, scene: bpy.types.Scene, area: bpy.types.Area) -> None:
        self.shot = shot
        self.drawing = HeadDrawing(shot.track.faces, shot.pickable)
        self._scene = scene.name
        self._area = area.as_pointer()
        self._handle: Any = None
        self._before: _Before | None = None

    @property
    def scene(self) -> bpy.types.Scene | None:
        """The scene, None where it is gone."""
        return bpy.data.scenes.get(self._scene)

    @property
    def is_dragging(self) -> bool:
        """Whether a pin is held."""
        return self.shot.edit is not None and self.shot.edit.is_dragging

    @property
    def moves(self) -> frozenset[str]:
        """What a drag moves."""
        return PIN_PARTS[flame_of(self.scene).pin_part].moves

    def work_area(self, window: Any) -> WorkArea | None:
        """Return where the tool works in a window, None where that is gone or shows something else."""
        if window is None or window.scene.name != self._scene:
            return None
        area = next((each for each in window.screen.areas if each.as_pointer() == self._area), None)
        if area is None or area.type != "VIEW_3D":
            return None
        region = next((each for each in area.regions if each.type == "WINDOW"), None)
        return None if region is None else WorkArea(area, area.spaces.active, region)

    def view(self, work_area: WorkArea) -> CameraView | None:
        """Return where the footage lies in the view, None while it does not look through the camera."""
        parts, edit = self.shot.parts, self.shot.edit
        if parts is None or edit is None:
            return None
        return camera_view(work_area.region, work_area.region_3d, parts.camera, edit.intrinsics)

    def pixel_at(self, work_area: WorkArea, x: int, y: int) -> tuple[tuple[float, float], float] | None:
        """Return the pixel of the footage at a point of the window, and within how many pixels of it a pin is."""
        view = self.view(work_area)
        if view is None:
            return None
        reach = RADIUS * REACH * bpy.context.preferences.system.ui_scale
        return view.pixel_at(x - work_area.region.x, y - work_area.region.y), reach / view.scale

    def begin(self, work_area: WorkArea, parts: Parts) -> None:
        """Look through the camera, hide the head, and draw."""
        space = work_area.space
        self._before = _Before(
            space.camera,
            space.use_local_camera,
            space.lock_camera,
        )
        # Locked, the camera itself would go along with the view.
        space.lock_camera = False
        if self.scene is not None and self.scene.camera != parts.camera:
            space.use_local_camera, space.camera = True, parts.camera
        work_area.region_3d.view_perspective = "CAMERA"
        self.hide_head()
        if not bpy.app.background:
            self._handle = bpy.types.SpaceView3D.draw_handler_add(self._draw, (), "WINDOW", "POST_PIXEL")
        add_handlers(_HANDLERS)
        _RUNNING.append(self)

    def end(self, work_area: WorkArea | None) -> None:
        """Draw no longer, and leave view and head as they were."""
        if self in _RUNNING:
            _RUNNING.remove(self)
        remove_handlers(_HANDLERS)
        if self._handle is not None:
            bpy.types.SpaceView3D.draw_handler_remove(self._handle, "WINDOW")
            self._handle = None
        self.show_head()
        before, self._before = self._before, None
        if work_area is not None and before is not None:
            work_area.space.lock_camera = before.locked
            if work_area.space.use_local_camera != before.own_camera:
                work_area.space.use_local_camera, work_area.space.camera = before.own_camera, before.camera

    def show_head(self) -> None:
        """Show the head as it was shown before."""
        parts = self.shot.parts
        if parts is not None:
            _show_again(parts)

    def hide_head(self) -> None:
        """Hide the head behind its wires, also where undo has shown it again."""
        parts = self.shot.parts
        if parts is not None and _is_in_layer(parts.head) and not parts.head.hide_get():
            parts.collection[_HIDDEN] = True
            parts.head.hide_set(True)

    def follow(self) -> Failure | None:
        """Go on with what the scene has become: another frame, other corrections after an undo."""
        scene = self.scene
        if scene is None or self.shot.parts is None:
            return Failure("import-gone", "The import is no longer there.", "")
        if self.shot.is_outdated():
            problem = self.shot.renew()
            if problem is not None:
                return problem
        if not self.shot.changed:
            self.shot.go_to(scene.frame_current)
            self.hide_head()
        return None

    def must_key(self) -> bool:
        """Whether the scene has left a frame to which something was done."""
        scene, edit = self.scene, self.shot.edit
        if scene is None or edit is None or not edit.changed:
            return False
        return self.shot.placed.frame_at(scene.frame_current) != edit.frame

    def go_back(self) -> None:
        """Show the frame that is worked on again."""
        scene, frame = self.scene, self.shot.scene_frame
        if scene is not None and frame is not None:
            scene.frame_set(frame)

    def header(self) -> str:
        """Say what is worked on and how well it fits."""
        edit, scene = self.shot.edit, self.scene
        if edit is None or scene is None:
            return ""
        if edit.now.problem is not None:
            return f"Pin Head: {edit.now.problem}"
        count = len(edit.now.pins)
        state = "not keyed yet" if edit.changed else "keyed" if edit.is_keyed else "not pinned"
        pins = f"{count} pin{'' if count == 1 else 's'}" + (f", error {edit.now.error:.1f} px" if count else "")
        part = PIN_PARTS[flame_of(scene).pin_part].label
        return f"Pin Head: frame {scene.frame_current}, {state}    {pins}    Drags move: {part}"

    def _draw(self) -> None:
        context = bpy.context
        if context.area is None or context.area.as_pointer() != self._area:
            return
        work_area, scene = self.work_area(context.window), self.scene
        if work_area is None or scene is None or self.shot.parts is None:
            return
        if not self.shot.changed:
            self.shot.go_to(scene.frame_current)
        view, edit = self.view(work_area), self.shot.edit
        if view is None or edit is None:
            return
        size, scale = (work_area.region.width, work_area.region.height), context.preferences.system.ui_scale
        gpu.state.blend_set("ALPHA")
        self.drawing.draw(edit, view, size, scale)
        draw_pins(edit, view, size, scale)
        gpu.state.blend_set("NONE")


def _is_in_layer(thing: bpy.types.Object) -> bool:
    layer = bpy.context.view_layer
    return layer is not None and thing.name in layer.objects


def _show_again(parts: Parts) -> None:
    """Show a head that the tool has hidden."""
    if _HIDDEN in parts.collection:
        del parts.collection[_HIDDEN]
        if _is_in_layer(parts.head):
            parts.head.hide_set(False)


_HIDDEN: Final = "flame_pin_hidden"
"""Custom property of the collection whose head the tool has hidden."""
_RUNNING: Final[list[PinTool]] = []


def running() -> PinTool | None:
    """Return the tool that is used at the moment, or None."""
    return _RUNNING[-1] if _RUNNING else None


@persistent
def _saving(*_: Any) -> None:
    for tool in _RUNNING:
        tool.show_head()


@persistent
def _saved(*_: Any) -> None:
    for tool in _RUNNING:
        tool.hide_head()


@persistent
def _loading(*_: Any) -> None:
    end_all()


def end_all() -> None:
    """End what is used, where nobody else does: another file is opened, or the add-on is switched off."""
    for tool in list(_RUNNING):
        tool.end(None)


@persistent
def _undone(*_: Any) -> None:
    """Going to another frame is a step of undo too: such a step, made while the tool was used, has the head hidden."""
    if _RUNNING:
        return
    for collection in bpy.data.collections:
        parts = parts_of(collection) if _HIDDEN in collection and collection.library is None else None
        if isinstance(parts, Parts):
            _show_again(parts)


_HANDLERS: Final = (("save_pre", _saving), ("save_post", _saved), ("load_pre", _loading))
"""While the tool is used alone: what is saved then has the head to be seen."""
_ALWAYS: Final = (("undo_post", _undone), ("redo_post", _undone))

CLASSES: Final = ()


def register() -> None:
    """Follow undo and redo."""
    add_handlers(_ALWAYS)


def unregister() -> None:
    """End what is used, and take the handlers back."""
    end_all()
    remove_handlers(_ALWAYS)
