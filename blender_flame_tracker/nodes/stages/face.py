"""The node Face: whom to follow."""

from __future__ import annotations

from typing import Any, Final

import bpy

from ..base import Group, StageNode, changed


def _face(node: Any) -> int:
    return node.number + 1


def _set_face(node: Any, face: int) -> None:
    node.number = face - 1


def face_folder(number: int) -> str:
    """Return the folder for the results of a face by its number, from 0; empty for the largest."""
    return f"face{number + 1}" if number > 0 else ""


def _point(node: Any) -> str:
    """A place in the clip as text: what a click has set is told from what was typed later."""
    return f"{node.point_x:.5f} {node.point_y:.5f} {node.point_frame}"


class FaceNode(StageNode, bpy.types.Node):
    """Which person to follow when there are several"""

    kind = "face"
    group = Group.INPUT
    bl_icon = "COMMUNITY"
    extras = {  # noqa: RUF012 - read once, when the class is made
        "face": bpy.props.IntProperty(
            name="Face",
            description="Number of the face, counted from 1 by size",
            min=1,
            get=_face,
            set=_set_face,
        ),
        "clicked": bpy.props.StringProperty(options={"HIDDEN"}, update=changed),
    }
    order = ("choose", "face")

    def matters(self: Any, name: str) -> bool:
        """Show what the way of choosing needs. The engine's own number counts from 0, which only scripts see."""
        if name == "face":
            return self.choose == "number"
        return name not in ("number", "clicked") and (not name.startswith("point_") or self.choose == "nearest")

    def follow(self: Any, number: int, point: tuple[float, float], frame: int) -> None:
        """Follow a face that was seen: by the place where it was seen, which holds however faces are counted.

        Args:
            number: Of the face, from 0.
            point: Where it was seen, as shares of the picture.
            frame: In which frame of the video.
        """
        self.number = number
        self.point_x, self.point_y = point
        self.point_frame = frame
        self.choose = "nearest"
        self.clicked = _point(self)

    def folder(self: Any) -> str:
        """Return the folder for the results of this person; empty for the largest face."""
        if self.choose == "largest":
            return ""
        if self.choose == "number" or self.clicked == _point(self):
            return face_folder(self.number)
        at = f"face_at_{100 * self.point_x:.0f}_{100 * self.point_y:.0f}"
        return at if self.point_frame < 0 else f"{at}_frame_{self.point_frame}"


CLASSES: Final = (FaceNode,)
