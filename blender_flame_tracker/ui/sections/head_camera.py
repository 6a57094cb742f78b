"""The panel's second part: which head model, whose identity, and what is known of the camera."""

from __future__ import annotations

from typing import Any, Final

import bpy

from ....backend.contract.lens_file import lens_file_beside
from ...engine.model_files import ModelFile
from ...nodes.scene_state import active_tree, node_of
from ...paths import ROOT_PACKAGE
from ...preferences import engine_state
from ...text import paragraph
from ...tracking import footage
from .identity import draw_identity

_FOCAL_FIELDS: Final = (
    "blender_camera",
    "movie_clip",
    "focal_pixels",
    "focal_millimetres",
    "sensor_width",
    "angle_of_view",
    "lens_file",
)
_LENS_FIELDS: Final = (
    "principal_point",
    "centre_x",
    "centre_y",
    "shift_x",
    "shift_y",
    "distortion",
    "k1",
    "k2",
    "k3",
    "p1",
    "p2",
)


def missing(context: bpy.types.Context) -> str:
    """Return why it cannot be used yet."""
    return "" if footage.path_of(context) is not None else "Choose a video first"


def draw(layout: Any, context: bpy.types.Context) -> None:
    """Draw the part."""
    tree = active_tree(context)
    head = node_of(tree, "head", context.scene)
    if head is not None:
        _draw_head(layout.column(), context, head)
    camera = node_of(tree, "camera", context.scene)
    if camera is not None:
        layout.separator(factor=0.5)
        _draw_camera(layout.column(), context, camera)


def _draw_head(layout: Any, context: bpy.types.Context, head: Any) -> None:
    layout.prop(head, "source")
    if head.source == "file":
        layout.prop(head, "file")
    row = layout.row()
    hint = row.column()
    hint.active = False
    paragraph(hint, context, model_words(head.source, engine_state.models.found), icon="INFO", narrower=24.0)
    row.operator("preferences.addon_show", text="", icon="PREFERENCES", emboss=False).module = ROOT_PACKAGE
    draw_identity(layout, context, head)


def model_words(source: str, found: tuple[ModelFile, ...]) -> str:
    """Return which head will be fitted, and under which licence, as far as that is known."""
    heads = [each for each in found if each.usable and (not each.file or "flame" in each.name.lower())]
    files = [each for each in heads if each.file]
    if source == "file":
        return "The licence is that of your file."
    if source == "auto" and files:
        return f"{files[0].name}. {files[0].licence}"
    if source == "auto":
        return "Built-in head, unless there is a FLAME file in the model folder."
    return heads[0].licence if heads else ""


def _draw_camera(layout: Any, context: bpy.types.Context, camera: Any) -> None:
    layout.prop(camera, "focal_mode")
    for name in (*_FOCAL_FIELDS, "focal_varies", "zoom_smoothness", *_LENS_FIELDS):
        if camera.matters(name):
            layout.prop(camera, name)
    said = metadata_words(context, camera)
    if said:
        hint = layout.column()
        hint.active = False
        paragraph(hint, context, said, icon="INFO")


def metadata_words(context: bpy.types.Context, camera: Any) -> str:
    """Return what the video's metadata say of the focal length, where they are asked and it is known."""
    path = footage.path_of(context)
    look = footage.faces_of(path).found if path is not None else None
    if path is None or look is None or camera.focal_mode != "metadata":
        return ""
    beside = lens_file_beside(path)
    if beside is not None:
        return f"{beside.name} beside it says which lens it was."
    if look.focal_length_35mm is None:
        return "The file does not say, so it is estimated."
    return f"The file says {look.focal_length_35mm:.4g} mm (as on 35 mm film)."
