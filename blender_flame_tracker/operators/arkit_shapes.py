"""Operators that give a head without shapes ARKit's: its points first, then the shape keys."""

from __future__ import annotations

from typing import Any, ClassVar, Final

import bpy
import numpy as np
from bpy_extras.view3d_utils import region_2d_to_origin_3d, region_2d_to_vector_3d

from ...backend.contract.arrays import Array
from ...backend.contract.failure import Failure
from ...backend.contract.performance.transfer.mesh import Mesh
from ...backend.contract.performance.transfer.nearest import nearest_points
from ...backend.contract.performance.transfer.points import NEEDED, POINTS
from ...backend.contract.performance.transfer.proposal import propose_points
from ...backend.contract.performance.transfer.shapes import KnownLandmarks, Shapes, make_shapes
from ..scene.head.arkit_keys import AXES, Gathered, gathered, write_keys
from ..scene.head.face_picking import Picking
from ..scene.head.face_points import place_point, points_of, positions_of, remove_points

_OFF_MESH: Final = 0.15
"""Distance from the mesh at which a point is not on it, as part of the distance of the eyes' outer corners."""
_OUTER_CORNERS: Final = (33, 263)


def head_in(context: bpy.types.Context) -> Any:
    """Return the mesh with the face: the active object, or the one whose point is active; None if there is none."""
    active = context.active_object
    if active is not None and active.type == "EMPTY" and active.parent is not None and points_of(active.parent):
        active = active.parent
    return active if active is not None and active.type == "MESH" else None


def meshes_of(context: bpy.types.Context, head: Any) -> list[Any]:
    """Return the face's mesh and the other selected meshes."""
    others = [thing for thing in context.selected_objects if thing.type == "MESH" and thing != head]
    return [head, *others]


class _OnHead:
    """What both operators need: a mesh in Object Mode."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need a mesh in object mode."""
        if context.mode != "OBJECT":
            cls.poll_message_set("Go back to Object Mode first")  # pyright: ignore[reportAttributeAccessIssue]
            return False
        if head_in(context) is None:
            cls.poll_message_set("Select the mesh of the face")  # pyright: ignore[reportAttributeAccessIssue]
            return False
        return True


class PlaceFacePoints(_OnHead, bpy.types.Operator):
    """Put a point onto each feature of the face, to be dragged to where it belongs.

    Select eyes, teeth, tongue and lashes with the face, the face last. The head has to be upright
    """

    bl_idname = "flame.place_face_points"
    bl_label = "Place Face Points"
    bl_options: ClassVar = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Propose the points and make them."""
        context.view_layer.update()
        head = head_in(context)
        meshes = gathered(meshes_of(context, head))
        if isinstance(meshes, Failure):
            return _refuse(self, meshes)
        proposed = propose_points(meshes.vertices, meshes.faces)
        if isinstance(proposed, Failure):
            return _refuse(self, proposed)
        size = float(np.linalg.norm(proposed[234] - proposed[454]))
        for number, position in proposed.items():
            place_point(head, number, position @ AXES, size)
        self.report({"INFO"}, "Drag each point onto the feature that it names, then press Make ARKit Shapes.")
        return {"FINISHED"}


class PickFacePoints(_OnHead, bpy.types.Operator):
    """Click the features of the face one after the other, as the header of the view names them"""

    bl_idname = "flame.pick_face_points"
    bl_label = "Pick Face Points"
    bl_options: ClassVar = {"REGISTER", "UNDO"}

    _picking: Picking

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Begin; needs a 3D view."""
        if context.area is None or context.area.type != "VIEW_3D":
            return _refuse(self, Failure("no-view", "Points are picked in a 3D view.", "Start it from there."))
        self._picking = Picking(head_in(context))
        context.window_manager.modal_handler_add(self)
        context.window.cursor_modal_set("CROSSHAIR")
        context.area.header_text_set(self._picking.prompt)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Hear clicks and keys; what turns the view passes. Ends where another mode begins, or the head is gone."""
        if context.area is None or context.mode != "OBJECT" or self._picking.head is None:
            return self._end(context, "FINISHED")
        if event.value != "PRESS":
            return {"PASS_THROUGH"}
        if event.type == "ESC":
            self._picking.cancel()
            return self._end(context, "CANCELLED")
        if event.type in {"RET", "NUMPAD_ENTER"}:
            return self._end(context, "FINISHED")
        if event.type == "LEFTMOUSE" and _in_view(context, event):
            at = (event.mouse_region_x, event.mouse_region_y)
            region, view = context.region, context.region_data
            origin = region_2d_to_origin_3d(region, view, at)
            if not self._picking.clicked(np.array(origin), np.array(region_2d_to_vector_3d(region, view, at))):
                self.report({"INFO"}, "That was beside the head.")
        elif event.type == "SPACE":
            self._picking.skip()
        elif event.type == "BACK_SPACE":
            self._picking.back()
        else:
            return {"PASS_THROUGH"}
        if self._picking.done:
            return self._end(context, "FINISHED")
        context.area.header_text_set(self._picking.prompt)
        context.area.tag_redraw()
        return {"RUNNING_MODAL"}

    def _end(self, context: bpy.types.Context, outcome: str) -> set[str]:
        context.window.cursor_modal_restore()
        if context.area is not None:
            context.area.header_text_set(None)
            context.area.tag_redraw()
        return {outcome}


def _in_view(context: bpy.types.Context, event: bpy.types.Event) -> bool:
    """Whether the mouse is in the region that picking was started in."""
    region = context.region
    return 0 <= event.mouse_region_x < region.width and 0 <= event.mouse_region_y < region.height


class MakeArkitShapes(_OnHead, bpy.types.Operator):
    """Give the face ARKit's 51 shape keys, made from the built-in head by the points on the face.

    Eyes, teeth, tongue and lashes that are selected with it get the keys that move them. Keys that are there stay
    """

    bl_idname = "flame.make_arkit_shapes"
    bl_label = "Make ARKit Shapes"
    bl_options: ClassVar = {"REGISTER", "UNDO"}

    replace: bool
    keep_points: bool
    __annotations__ = {
        "replace": bpy.props.BoolProperty(
            name="Replace Keys of the Same Name",
            description="Give shape keys that have ARKit's names already the new shapes, too",
            default=False,
        ),
        "keep_points": bpy.props.BoolProperty(
            name="Keep Points",
            description="Leave the points on the face, to move them and make the shapes again",
            default=True,
        ),
    }

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Make the shapes and write them as keys."""
        context.view_layer.update()
        head = head_in(context)
        positions = positions_of(points_of(head))
        missing = [POINTS[number] for number in NEEDED if number not in positions]
        if missing:
            sentence = f"The face has no point {missing[0]}." if positions else "The face has no points."
            return _refuse(
                self, Failure("points-missing", sentence, "Press Place Face Points or Pick Face Points first.")
            )
        meshes = gathered(meshes_of(context, head))
        if isinstance(meshes, Failure):
            return _refuse(self, meshes)
        known = landmarks_on(meshes, positions)
        shapes = known if isinstance(known, Failure) else make_shapes(meshes.vertices, meshes.faces, known)
        if isinstance(shapes, Failure):
            return _refuse(self, shapes)
        counts, left = write_keys(meshes, shapes.displacements, replace=self.replace)
        if not counts:
            sentence = "The meshes have keys of ARKit's names already."
            return _refuse(self, Failure("keys-there", sentence, "Turn on Replace Keys of the Same Name."))
        if not self.keep_points:
            remove_points(head)
        self._tell(head, shapes, counts, left)
        return {"FINISHED"}

    def _tell(self, head: Any, shapes: Shapes, counts: dict[str, int], left: tuple[str, ...]) -> None:
        meshes = "" if len(counts) == 1 else f" and {len(counts) - 1} other meshes"
        self.report({"INFO"}, f"'{head.name}'{meshes} got ARKit's shapes: {max(counts.values())} keys.")
        if left:
            self.report({"WARNING"}, f"{len(left)} keys were there already and stay as they were, e.g. {left[0]}.")
        if not all(len(ball) for ball in shapes.parts.eyeballs):
            self.report(
                {"WARNING"}, "No eyeballs are among the selected meshes: looking about moves nothing but the lids."
            )


def landmarks_on(meshes: Gathered, positions: dict[int, Array]) -> KnownLandmarks | Failure:
    """Return points in the world as landmarks on the mesh of the face; a failure names the point that is not on it."""
    numbers = np.array(list(positions))
    points = np.array(list(positions.values()), np.float64) @ AXES.T
    mesh = Mesh(meshes.vertices, meshes.faces)
    face = np.zeros(len(mesh), bool)
    face[: meshes.first[1]] = True
    size = float(np.linalg.norm(np.subtract(*(points[numbers == each][0] for each in _OUTER_CORNERS))))
    found = nearest_points(np.asarray(points), mesh, face)
    off = found.distance > _OFF_MESH * size
    if off.any():
        return Failure(
            "point-off-mesh",
            f"The point {POINTS[int(numbers[off.argmax()])]} is not on '{meshes.objects[0].name}'.",
            "Drag it onto the mesh; a Mirror modifier must be applied first.",
        )
    corners = mesh.faces[found.triangle]
    nearest = corners[np.arange(len(numbers)), found.barycentric.argmax(axis=1)]
    return KnownLandmarks(numbers, found.values_of(mesh.faces, mesh.vertices), nearest)


def _refuse(operator: Any, failure: Failure) -> set[str]:
    operator.report({"ERROR"}, str(failure))
    return {"CANCELLED"}


CLASSES: Final = (PlaceFacePoints, PickFacePoints, MakeArkitShapes)
