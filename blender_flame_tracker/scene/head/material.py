"""Materials: skin with redder lips, eyes with iris and pupil, the inside of the mouth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import bpy
import numpy as np
from numpy.typing import NDArray

from ....backend.contract.camera import blender_points
from ....backend.contract.names import JOINTS
from ....backend.contract.track import Track
from .texture import COLOUR

EYE_ATTRIBUTE: Final = "flame_eye"
"""Vertex attribute: place on the eyeball, from its centre in units of its radius, -Y being the way it looks."""
LIPS_ATTRIBUTE: Final = "flame_lips"
"""Vertex attribute: 1 on the lips, fading to 0 on the skin."""

IRIS_RADIUS: Final = 0.49
PUPIL_RADIUS: Final = 0.175
"""In radii of the eyeball: an iris of 11.8 mm (Rüfer et al. 2005) and a pupil of 4.2 mm on an eyeball of 24 mm."""

Colour = tuple[float, float, float, float]


@dataclass(frozen=True)
class Slot:
    """A material slot of the head.

    Attributes:
        name: Part of the material's name.
        colour: What the solid view shows, linear.
        roughness: Of the solid view.
    """

    name: str
    colour: Colour
    roughness: float


SLOTS: Final = (
    Slot("skin", (0.90, 0.66, 0.55, 1.0), 0.5),
    Slot("sclera", (0.80, 0.78, 0.75, 1.0), 0.2),
    Slot("iris", (0.09, 0.16, 0.20, 1.0), 0.2),
    Slot("pupil", (0.004, 0.004, 0.004, 1.0), 0.1),
    Slot("mouth", (0.16, 0.03, 0.03, 1.0), 0.35),
    Slot("teeth", (0.72, 0.66, 0.55, 1.0), 0.25),
    Slot("tongue", (0.45, 0.13, 0.12, 1.0), 0.4),
)
SKIN, SCLERA, IRIS, PUPIL, MOUTH, TEETH, TONGUE = range(len(SLOTS))

_REGIONS_OF_SLOTS: Final = ((MOUTH, "mouth_inside"), (TEETH, "teeth"), (TONGUE, "tongue"))
"""Regions that have a material of their own; a later one wins where they overlap."""


@dataclass(frozen=True)
class Look:
    """What the materials of a head need. V vertices, F faces.

    Attributes:
        eye: `EYE_ATTRIBUTE` (V, 3).
        lips: `LIPS_ATTRIBUTE` (V,).
        slots: Material slot of every face (F,).
    """

    eye: NDArray[np.float32]
    lips: NDArray[np.float64]
    slots: NDArray[np.int32]


def look_of(track: Track) -> Look:
    """Return what the materials of a track's head need. The scene is not touched."""
    eye = _eye_places(track)
    return Look(eye, _lips(track), _slot_of_faces(track, eye))


def write_materials(mesh: bpy.types.Mesh, look: Look, name: str, rebuilt: bool) -> None:
    """Give the mesh the attributes that the materials need, and new materials where it has not got a full set.

    Args:
        mesh: Of `head.write_mesh`.
        look: Of the same head.
        name: Of the clip, for the materials' names.
        rebuilt: Whether the faces are new and wait for their materials.
    """
    _write_attribute(mesh, EYE_ATTRIBUTE, "vector", look.eye)
    _write_attribute(mesh, LIPS_ATTRIBUTE, "value", look.lips)
    if len(mesh.materials) < len(SLOTS):
        mesh.materials.clear()
        for material in _new_materials(name):
            mesh.materials.append(material)
        rebuilt = True
    if rebuilt:
        mesh.polygons.foreach_set("material_index", look.slots)


def _write_attribute(mesh: bpy.types.Mesh, name: str, field: str, values: NDArray[Any]) -> None:
    attribute: Any = mesh.attributes.get(name) or mesh.attributes.new(
        name, "FLOAT_VECTOR" if values.ndim == 2 else "FLOAT", "POINT"
    )
    attribute.data.foreach_set(field, np.ascontiguousarray(values, dtype=np.float32).ravel())


def _eye_places(track: Track) -> NDArray[np.float32]:
    """`EYE_ATTRIBUTE` (V, 3) in Blender's axes, zero elsewhere."""
    neutral = np.asarray(track.neutral_vertices, dtype=np.float64)
    places = np.zeros_like(neutral)
    for name in ("left_eye", "right_eye"):
        eyeball = track.regions.get(f"{name}ball")
        joint = JOINTS.index(name)
        if eyeball is None or len(eyeball) == 0 or joint >= len(track.joints):
            continue
        from_centre = neutral[eyeball] - np.asarray(track.joints[joint], dtype=np.float64)
        radius = float(np.median(np.linalg.norm(from_centre, axis=1)))
        places[eyeball] = from_centre / radius if radius > 0 else 0.0
    return blender_points(places.astype(np.float32))


def _lips(track: Track) -> NDArray[np.float64]:
    """`LIPS_ATTRIBUTE` (V,): the region, softened over its neighbours."""
    soft = np.zeros(len(track.neutral_vertices))
    region = track.regions.get("lips")
    if region is None:
        return soft
    soft[region] = 1.0
    faces = np.asarray(track.faces)
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    count = np.bincount(edges.ravel(), minlength=len(soft))
    for _ in range(2):
        total = np.bincount(edges[:, 0], weights=soft[edges[:, 1]], minlength=len(soft))
        total += np.bincount(edges[:, 1], weights=soft[edges[:, 0]], minlength=len(soft))
        soft = 0.5 * soft + 0.5 * total / np.maximum(count, 1)
    return soft


def _slot_of_faces(track: Track, eye: NDArray[np.float32]) -> NDArray[np.int32]:
    faces = np.asarray(track.faces)
    slots = np.full(len(faces), SKIN, dtype=np.int32)
    for slot, name in _REGIONS_OF_SLOTS:
        inside = np.zeros(len(eye), dtype=bool)
        inside[track.regions.get(name, np.zeros(0, dtype=np.int64))] = True
        slots[inside[faces].all(axis=1)] = slot
    on_eye = (eye != 0).any(axis=1)[faces].all(axis=1)
    centre = eye[faces].mean(axis=1)
    off_axis = np.linalg.norm(centre[:, [0, 2]], axis=1)
    front = centre[:, 1] < 0
    slots[on_eye] = SCLERA
    slots[on_eye & front & (off_axis < IRIS_RADIUS)] = IRIS
    slots[on_eye & front & (off_axis < PUPIL_RADIUS)] = PUPIL
    return slots


def _new_materials(name: str) -> list[bpy.types.Material]:
    eye_group = _eye_group(f"{name} eye")
    materials = []
    for number, slot in enumerate(SLOTS):
        material: Any = bpy.data.materials.new(f"{name} {slot.name}")
        if material.node_tree is None:  # There from the start since 5.0.
            material.use_nodes = True
        material.diffuse_color = slot.colour
        material.roughness = slot.roughness
        tree: Any = material.node_tree
        tree.nodes.clear()
        output = _node(tree, "ShaderNodeOutputMaterial", 300)
        if number == SKIN:
            surface = _skin(tree)
        elif number >= MOUTH:
            surface = _principled(tree, 0, roughness=slot.roughness, subsurface=0.2)
            surface.inputs["Base Color"].default_value = slot.colour
            surface.name = COLOUR
        else:
            surface = _node(tree, "ShaderNodeGroup", 0)
            surface.node_tree = eye_group
        tree.links.new(surface.outputs[0], output.inputs["Surface"])
        materials.append(material)
    return materials


def _node(tree: bpy.types.NodeTree, kind: str, x: float, y: float = 0.0) -> Any:
    node = tree.nodes.new(kind)
    node.location, node.select = (x, y), False
    return node


def _principled(tree: bpy.types.NodeTree, x: float, *, roughness: float, subsurface: float, coat: float = 0.0) -> Any:
    """A principled shader; subsurface radius in metres, as for skin (Jensen et al. 2001, rounded)."""
    shader = _node(tree, "ShaderNodeBsdfPrincipled", x)
    shader.inputs["Roughness"].default_value = roughness
    shader.inputs["Subsurface Weight"].default_value = subsurface
    shader.inputs["Subsurface Radius"].default_value = (1.0, 0.35, 0.2)
    shader.inputs["Subsurface Scale"].default_value = 0.004
    shader.inputs["Coat Weight"].default_value = coat
    shader.inputs["Coat Roughness"].default_value = 0.03
    return shader


def _skin(tree: bpy.types.NodeTree) -> bpy.types.Node:
    """Skin, redder on the lips and with a little mottling; dark where the mesh is seen from within."""
    lips = _node(tree, "ShaderNodeAttribute", -900, 100)
    lips.attribute_name = LIPS_ATTRIBUTE
    noise = _node(tree, "ShaderNodeTexNoise", -900, -150)
    noise.inputs["Scale"].default_value = 90.0
    noise.inputs["Detail"].default_value = 3.0
    mottled = _mix(tree, -650, -100, (0.64, 0.36, 0.25, 1.0), (0.54, 0.27, 0.19, 1.0))
    tree.links.new(noise.outputs[0], mottled.inputs["Factor"])
    with_lips = _mix(tree, -450, 50, (0.0, 0.0, 0.0, 1.0), (0.45, 0.14, 0.13, 1.0))
    tree.links.new(lips.outputs["Fac"], with_lips.inputs["Factor"])
    tree.links.new(mottled.outputs[2], with_lips.inputs[6])
    facing = _node(tree, "ShaderNodeNewGeometry", -680, 400)
    seen = _mix(tree, -250, 100, (0.0, 0.0, 0.0, 1.0), (0.05, 0.008, 0.008, 1.0))
    seen.name = COLOUR
    tree.links.new(facing.outputs["Backfacing"], seen.inputs["Factor"])
    tree.links.new(with_lips.outputs[2], seen.inputs[6])
    shader = _principled(tree, 0, roughness=0.42, subsurface=0.2)
    tree.links.new(seen.outputs[2], shader.inputs["Base Color"])
    return shader


def _mix(tree: bpy.types.NodeTree, x: float, y: float, first: Colour, second: Colour) -> bpy.types.Node:
    """A colour mix; sockets 6 and 7 are its colours, output 2 its colour (those of numbers and vectors come before)."""
    node = _node(tree, "ShaderNodeMix", x, y)
    node.data_type = "RGBA"
    node.inputs[6].default_value = first
    node.inputs[7].default_value = second
    return node


def _eye_group(name: str) -> bpy.types.NodeTree:
    """The eye as a node group, so that pupil, iris and sclera are changed in one place and meet in round circles."""
    tree: Any = bpy.data.node_groups.new(name, "ShaderNodeTree")
    tree.interface.new_socket("Shader", in_out="OUTPUT", socket_type="NodeSocketShader")
    place = _node(tree, "ShaderNodeAttribute", -900)
    place.attribute_name = EYE_ATTRIBUTE
    flat = _node(tree, "ShaderNodeVectorMath", -700)
    flat.operation = "MULTIPLY"
    flat.inputs[1].default_value = (1.0, 0.0, 1.0)
    distance = _node(tree, "ShaderNodeVectorMath", -500)
    distance.operation = "LENGTH"
    ramp = _node(tree, "ShaderNodeValToRGB", -300)
    _paint_eye(ramp.color_ramp)
    shader = _principled(tree, 0, roughness=0.25, subsurface=0.0, coat=1.0)
    shader.name = COLOUR
    output = _node(tree, "NodeGroupOutput", 300)
    tree.links.new(place.outputs["Vector"], flat.inputs[0])
    tree.links.new(flat.outputs["Vector"], distance.inputs[0])
    tree.links.new(distance.outputs["Value"], ramp.inputs["Fac"])
    tree.links.new(ramp.outputs["Color"], shader.inputs["Base Color"])
    tree.links.new(shader.outputs[0], output.inputs[0])
    return tree


def _paint_eye(ramp: Any) -> None:
    """Colours by distance from the axis of sight: pupil, light inner iris, iris, dark limbus, sclera, pink corners."""
    stops: tuple[tuple[float, Colour], ...] = (
        (PUPIL_RADIUS - 0.01, SLOTS[PUPIL].colour),
        (PUPIL_RADIUS + 0.01, (0.11, 0.15, 0.13, 1.0)),
        (IRIS_RADIUS - 0.14, SLOTS[IRIS].colour),
        (IRIS_RADIUS - 0.03, (0.02, 0.04, 0.055, 1.0)),
        (IRIS_RADIUS + 0.02, (0.72, 0.69, 0.66, 1.0)),
        (0.95, (0.70, 0.58, 0.54, 1.0)),
    )
    ramp.elements[0].position, ramp.elements[0].color = stops[0]
    ramp.elements[1].position, ramp.elements[1].color = stops[-1]
    for position, colour in stops[1:-1]:
        ramp.elements.new(position).color = colour
