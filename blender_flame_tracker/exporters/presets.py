"""Table of targets: which exporter of Blender writes them, and the settings whose defaults would lose something.

Defaults were read from the operators of Blender 4.5: USD leaves out animation, FBX simplifies curves and adds bones,
glTF leaves out cameras, adds normals to every shape (which halves how many viewers show at once) and drops channels
that do not change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

TAKE: Final = "take"
"""Head, rig and camera of an import."""
CAMERA: Final = "camera"
"""The camera of an import alone."""


@dataclass(frozen=True)
class Preset:
    """How one target is written.

    Attributes:
        label: On the button.
        description: In its tooltip.
        ending: Of the file's name, with the dot.
        operator: Blender's exporter, e.g. ``export_scene.fbx``; empty where the program writes the file itself.
        settings: Of that operator; one that a version of Blender does not have yet is left out.
        what: `TAKE` or `CAMERA`.
        relative_keys: Whether absolute shape keys have to be relative while it is written.
        modifiers: Whether modifiers of the mesh reach the file.
        materials: Whether colours reach the file.
        lens_shift: Whether an off-centre lens reaches the file.
        zoom: Whether a lens that changes reaches the file.
        needs_bones: Whether the face moves only on a mesh that hangs on bones.
    """

    label: str
    description: str
    ending: str
    operator: str
    settings: Mapping[str, Any]
    what: str = TAKE
    relative_keys: bool = False
    modifiers: bool = True
    materials: bool = True
    lens_shift: bool = True
    zoom: bool = True
    needs_bones: bool = False


_GLTF: Final[Mapping[str, Any]] = {
    "export_format": "GLB",
    "use_selection": True,
    "export_cameras": True,
    "export_yup": True,
    "export_apply": False,
    "export_morph": True,
    "export_morph_normal": False,
    "export_morph_animation": True,
    "export_force_sampling": True,
    "export_optimize_animation_size": False,
    "export_animation_mode": "ACTIVE_ACTIONS",
    "export_frame_range": True,
    "export_negative_frame": "CROP",
    "export_extras": False,
}
_FBX: Final[Mapping[str, Any]] = {
    "use_selection": True,
    "object_types": {"EMPTY", "CAMERA", "ARMATURE", "MESH"},
    "use_mesh_modifiers": False,
    "add_leaf_bones": False,
    "bake_anim": True,
    "bake_anim_simplify_factor": 0.0,
    "bake_anim_step": 1.0,
    "bake_anim_use_all_bones": True,
    "bake_anim_use_nla_strips": False,
    "bake_anim_use_all_actions": False,
    "bake_anim_force_startend_keying": True,
    "path_mode": "COPY",
    "embed_textures": True,
    "axis_forward": "-Z",
    "axis_up": "Y",
}
_USD: Final[Mapping[str, Any]] = {
    "selected_objects_only": True,
    "export_animation": True,
    "export_shapekeys": True,
    "export_armatures": True,
    "export_cameras": True,
    "export_uvmaps": True,
    "export_materials": True,
    "export_textures": True,
    "export_textures_mode": "NEW",
    "overwrite_textures": True,
    "evaluation_mode": "RENDER",
    "export_custom_properties": False,
}
_ALEMBIC: Final[Mapping[str, Any]] = {
    "selected": True,
    "xsamples": 1,
    "gsamples": 1,
    "uvs": True,
    "normals": True,
    "flatten": False,
    "evaluation_mode": "RENDER",
    "export_custom_properties": False,
}

PRESETS: Final[Mapping[str, Preset]] = {
    "gltf": Preset(
        "glTF (.glb)",
        "For the web, Godot and others: the face as morph targets, with the camera",
        ".glb",
        "export_scene.gltf",
        _GLTF,
        relative_keys=True,
        modifiers=False,
        lens_shift=False,
        zoom=False,
    ),
    "fbx_unity": Preset(
        "FBX for Unity",
        "The face as blend shapes, in metres as Unity reads them, every frame as it is",
        ".fbx",
        "export_scene.fbx",
        {**_FBX, "apply_scale_options": "FBX_SCALE_UNITS"},
        relative_keys=True,
        modifiers=False,
        lens_shift=False,
    ),
    "fbx_unreal": Preset(
        "FBX for Unreal",
        "The face as morph targets with curves of the same names, smoothing groups as Unreal wants them",
        ".fbx",
        "export_scene.fbx",
        {**_FBX, "apply_scale_options": "FBX_SCALE_NONE", "mesh_smooth_type": "FACE"},
        relative_keys=True,
        modifiers=False,
        lens_shift=False,
        needs_bones=True,
    ),
    "usd": Preset(
        "USD (.usdc)",
        "For Houdini, Maya, Omniverse: mesh, materials and camera on every frame, Y up",
        ".usdc",
        "wm.usd_export",
        {**_USD, "convert_orientation": True},
    ),
    "alembic": Preset(
        "Alembic (.abc)",
        "The exact mesh on every frame and the camera, for any program that renders",
        ".abc",
        "wm.alembic_export",
        _ALEMBIC,
        materials=False,
    ),
    "camera_fbx": Preset(
        "Camera as FBX",
        "The camera alone, every frame as it is",
        ".fbx",
        "export_scene.fbx",
        {**_FBX, "object_types": {"CAMERA", "EMPTY"}},
        what=CAMERA,
        lens_shift=False,
    ),
    "camera_alembic": Preset(
        "Camera as Alembic", "The camera alone, every frame", ".abc", "wm.alembic_export", _ALEMBIC, what=CAMERA
    ),
    "camera_chan": Preset(
        "Camera for Nuke (.chan)",
        "Position, rotation in the order ZXY and vertical field of view of every frame, Y up, as Nuke imports it",
        ".chan",
        "",
        {},
        what=CAMERA,
        lens_shift=False,
    ),
}
"""Name -> target, in the order of the menu."""
