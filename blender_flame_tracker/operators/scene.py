"""Settings of the scene that are made for a track when the user asks for it."""

from __future__ import annotations

from typing import Any, ClassVar, Final

import bpy

from ..properties import annotations_of, settings_from
from ..results import selection
from ..results.first_view import import_and_show
from ..scene import fitting_scene
from ..scene.loose import hang_on_head, loose_objects
from ..scene.parts import Parts
from ..scene.record import read_record
from ..scene.rendering.render_settings import RenderSettings
from ..scene.rendering.render_setup import set_up_render
from .result import chosen_for, finish


def imported_for(cls: type[bpy.types.Operator], context: bpy.types.Context) -> Parts | None:
    """Return what was made of the chosen track; where nothing was, say so in the tooltip."""
    found = chosen_for(cls, context)
    parts = found.parts if found is not None else None
    if found is not None and not isinstance(parts, Parts):
        cls.poll_message_set("It is not in the scene yet" if parts is None else parts.sentence)
    return parts if isinstance(parts, Parts) else None


class FitScene(bpy.types.Operator):
    """Set frame rate, range, resolution and camera of the scene to those of the clip"""

    bl_idname = "flame.fit_scene"
    bl_label = "Fit Scene to Clip"
    bl_options: ClassVar = {"UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need an import that knows what its clip wants, and a scene that has not got it."""
        parts = imported_for(cls, context)
        if parts is None:
            return False
        fit = read_record(parts.collection).fit
        if fit is None:
            cls.poll_message_set("Update the import first: an older version has made it")
            return False
        if not fitting_scene.kept(context.scene, parts.camera, fit):
            cls.poll_message_set("The scene has what the clip wants")
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Set them."""
        found = selection.chosen(context)
        assert found is not None and isinstance(found.parts, Parts)
        record = read_record(found.parts.collection)
        assert record.fit is not None
        fitting_scene.fit_all(context.scene, found.parts.camera, record.fit)
        if record.retimed and found.file is not None:
            # Head and footage go back to the clip's own frames.
            return finish(self, import_and_show(found.file, found.settings, context.scene))
        return {"FINISHED"}


class UseStandardView(bpy.types.Operator):
    """Show colours as they are in the footage: AgX and Filmic, with which Blender starts, change them"""

    bl_idname = "flame.use_standard_view"
    bl_label = "Use Standard View"
    bl_options: ClassVar = {"UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need another view transform."""
        if context.scene is not None and fitting_scene.is_faithful(context.scene):
            cls.poll_message_set("Colours are shown as they are already")
            return False
        return context.scene is not None

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Choose the view transform."""
        if not fitting_scene.use_standard_view(context.scene):
            self.report({"ERROR"}, "The color management of this Blender has no view transform 'Standard'")
            return {"CANCELLED"}
        return {"FINISHED"}


class SetUpRender(bpy.types.Operator):
    """Render over the footage, through the camera of the track and in the colors of the footage"""

    bl_idname = "flame.set_up_render"
    bl_label = "Set Up Render"
    bl_options: ClassVar = {"REGISTER", "UNDO"}
    layout: Any
    __annotations__ = annotations_of(RenderSettings)

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need an import."""
        return imported_for(cls, context) is not None

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Set all that a render needs; the compositor's own nodes stay."""
        found = selection.chosen(context)
        assert found is not None and isinstance(found.parts, Parts)
        wanted = settings_from(self, RenderSettings)
        for notice in set_up_render(context.scene, found.parts, wanted, found.file):
            self.report({"WARNING"}, f"{notice.sentence} {notice.advice}".strip())
        return {"FINISHED"}

    def draw(self, _context: bpy.types.Context) -> None:
        """Show the settings in the redo panel."""
        self.layout.use_property_split = True
        self.layout.use_property_decorate = False
        for name in annotations_of(RenderSettings):
            self.layout.prop(self, name)


class ParentLooseObjects(bpy.types.Operator):
    """Parent what has no parent in the collection to the head, where it is: it stays on it when motion is switched"""

    bl_idname = "flame.parent_loose_objects"
    bl_label = "Parent Loose Objects to Head"
    bl_options: ClassVar = {"UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need objects that hang on nothing."""
        parts = imported_for(cls, context)
        if parts is not None and not loose_objects(parts):
            cls.poll_message_set("All objects of the collection have a parent")
        return parts is not None and bool(loose_objects(parts))

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Parent them."""
        found = selection.chosen(context)
        assert found is not None and isinstance(found.parts, Parts)
        loose = loose_objects(found.parts)
        hang_on_head(context, found.parts, loose)
        self.report({"INFO"}, f"Parented to the head: {', '.join(each.name for each in loose)}")
        return {"FINISHED"}


CLASSES: Final = (FitScene, UseStandardView, SetUpRender, ParentLooseObjects)
