"""Operator that shows the character's face in the 3D view."""

from __future__ import annotations

from typing import Any, ClassVar, Final

import bpy

from ...backend.contract.failure import Failure
from ..results.first_view import views_of
from ..retarget.face_view import face_in_scene, show_face
from ..retarget.recognising.candidates import character_in
from ..retarget.recognising.recognise import recognise_character


class ViewFace(bpy.types.Operator):
    """Show the character's face from the front in the 3D view"""

    bl_idname = "flame.view_face"
    bl_label = "View Face"
    bl_options: ClassVar = {"REGISTER"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need a character."""
        if character_in(context) is not None:
            return True
        cls.poll_message_set("Choose the character's face or armature first")
        return False

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Turn the view that the button is in; pressed elsewhere, all of the scene."""
        thing: Any = character_in(context)
        recognised = recognise_character(context, [thing])
        face = recognised if isinstance(recognised, Failure) else face_in_scene(recognised)
        if isinstance(face, Failure):
            self.report({"ERROR"}, str(face))
            return {"CANCELLED"}
        views = [(area, space) for _window, area, space in views_of(context.scene)]
        here = [each for each in views if each[0] == context.area]
        for area, space in here or views:
            region = next((each for each in area.regions if each.type == "WINDOW"), None)
            if region is not None and space.region_3d is not None:
                show_face(space, region, face)
        if not views:
            self.report({"ERROR"}, "There is no 3D view. Open one, and press View Face again.")
            return {"CANCELLED"}
        return {"FINISHED"}


CLASSES: Final = (ViewFace,)
