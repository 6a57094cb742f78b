"""Areas of the picture that shall not count, drawn in a 3D view through the camera as outlines of a mask, and keyed."""

from __future__ import annotations

from typing import Any, ClassVar, Final

import bpy
import gpu
import numpy as np
from gpu_extras.batch import batch_for_shader

from ..nodes.exclusion import look_at_mask, size_of
from ..scene.camera.camera_frame import camera_frame
from ..scene.footage.masks import add_outline, key_mask, select_points
from ..scene.footage.straight_footage import lens_behind, on_footage
from .exclude import can_change, ensured, ensured_mask, exclude_node


class KeyArea(bpy.types.Operator):
    """Key the outlines of the mask as they are on this frame: move them on another one, and key them again"""

    bl_idname = "flame.key_area"
    bl_label = "Key Areas"
    bl_options: ClassVar = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need a mask with an outline."""
        node = exclude_node(context)
        if node is None or node.mask is None or not any(layer.splines for layer in node.mask.layers):
            cls.poll_message_set("Draw an area first")
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Key every point."""
        mask = ensured_mask(context)
        select_points(mask, True)
        if not key_mask(mask, context.area):
            self.report({"ERROR"}, "Blender could not key the mask: press I in the Movie Clip editor")
            return {"CANCELLED"}
        look_at_mask(ensured(context), context.scene)
        return {"FINISHED"}


class DrawArea(bpy.types.Operator):
    """Draw around what shall not count, such as a hand: click the corners, with Enter as the end"""

    bl_idname = "flame.draw_area"
    bl_label = "Draw Area"
    bl_options: ClassVar = {"REGISTER", "UNDO", "BLOCKING"}
    corners: Any
    name: str
    __annotations__ = {
        "corners": bpy.props.StringProperty(
            name="Corners",
            description="Corners as x y pairs with commas between, in shares of the shown picture from top left",
            options={"HIDDEN", "SKIP_SAVE"},
        ),
        "name": bpy.props.StringProperty(name="Name", description="What is left out", default="Area"),
    }

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need a tree that can be changed."""
        return can_change(cls, context)

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Begin to take clicks, in a view that looks through the scene's camera."""
        space: Any = context.space_data
        region = context.region if context.region is not None and context.region.type == "WINDOW" else None
        if region is None and context.area is not None:
            region = next((each for each in context.area.regions if each.type == "WINDOW"), None)
        self._region: Any = region
        self._view = getattr(space, "region_3d", None)
        frame = camera_frame(self._region, self._view, context.scene) if region is not None else None
        if frame is None:
            self.report({"ERROR"}, "Look through the camera first (View > Cameras > Active Camera)")
            return {"CANCELLED"}
        self._points: list[tuple[float, float]] = []
        self._pointer: tuple[float, float] | None = None
        self._handle = bpy.types.SpaceView3D.draw_handler_add(self._draw_line, (context,), "WINDOW", "POST_PIXEL")
        context.window_manager.modal_handler_add(self)
        context.workspace.status_text_set(
            "Click: corner    Backspace: one back    Enter or Right Click: done    Esc: cancel"
        )
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Take a corner, or finish; the view can be moved meanwhile."""
        frame = camera_frame(self._region, self._view, context.scene)
        at = event.mouse_x - self._region.x, event.mouse_y - self._region.y
        inside = 0 <= at[0] < self._region.width and 0 <= at[1] < self._region.height
        self._pointer = frame.share_at(*at) if frame is not None else None
        self._region.tag_redraw()
        if event.type == "ESC" or frame is None:
            return self._ended(context, {"CANCELLED"})
        if event.type in ("RET", "NUMPAD_ENTER", "RIGHTMOUSE") and event.value == "PRESS":
            if len(self._points) < 3:
                self.report({"ERROR"}, "An area needs three corners")
                return self._ended(context, {"CANCELLED"})
            self.corners = ", ".join(f"{x:.5f} {y:.5f}" for x, y in self._points)
            self._ended(context, set())
            return self.execute(context)
        if event.type == "BACK_SPACE" and event.value == "PRESS":
            del self._points[-1:]
            return {"RUNNING_MODAL"}
        if event.type == "LEFTMOUSE" and event.value == "PRESS" and inside and self._pointer is not None:
            self._points.append(self._pointer)
            return {"RUNNING_MODAL"}
        return {"RUNNING_MODAL"} if event.type in ("LEFTMOUSE", "MOUSEMOVE") else {"PASS_THROUGH"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Add the outline to the mask, with a key on this frame."""
        try:
            points = np.array([[float(each) for each in pair.split()] for pair in self.corners.split(",")])
        except ValueError:
            points = np.zeros((0, 2))
        if points.ndim != 2 or points.shape[1] != 2 or len(points) < 3 or not np.isfinite(points).all():
            self.report({"ERROR"}, "An area needs three corners")
            return {"CANCELLED"}
        mask, node = ensured_mask(context), ensured(context)
        select_points(mask, False)
        # The mask is that of the footage as it was filmed, behind the camera it may be straightened.
        filmed = on_footage(points, lens_behind(context.scene.camera))
        add_outline(mask, self.name, filmed, size_of(node, context.scene))
        if not key_mask(mask, context.area):
            self.report({"WARNING"}, "The area has no key: press I in the Movie Clip editor if it shall move")
        look_at_mask(node, context.scene)
        return {"FINISHED"}

    def _ended(self, context: bpy.types.Context, result: set[str]) -> set[str]:
        bpy.types.SpaceView3D.draw_handler_remove(self._handle, "WINDOW")
        context.workspace.status_text_set(None)
        self._region.tag_redraw()
        return result

    def _draw_line(self, context: bpy.types.Context) -> None:
        """Draw the corners so far, and the way to the pointer."""
        frame = camera_frame(self._region, self._view, context.scene)
        points = [*self._points, *([self._pointer] if self._pointer is not None else [])]
        if frame is None or bpy.context.region != self._region or len(points) < 2:
            return
        draw_outline(frame.in_region(np.array(points)), (1.0, 0.45, 0.2, 1.0), bpy.context.region, closed=False)


def draw_outline(points: Any, colour: tuple[float, ...], region: Any, *, closed: bool) -> None:
    """Draw a line through points of a region (N, 2)."""
    line = gpu.shader.from_builtin("POLYLINE_UNIFORM_COLOR")
    corners = [(*each, 0.0) for each in np.asarray(points, dtype=float).tolist()]
    batch = batch_for_shader(line, "LINE_STRIP", {"pos": [*corners, corners[0]] if closed else corners})
    gpu.state.blend_set("ALPHA")
    line.uniform_float("viewportSize", (region.width, region.height))
    line.uniform_float("lineWidth", 2.0)
    line.uniform_float("color", colour)
    batch.draw(line)
    gpu.state.blend_set("NONE")


CLASSES: Final = (DrawArea, KeyArea)
