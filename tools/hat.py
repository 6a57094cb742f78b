"""A felt hat for pictures of *Set Up Render*, modelled from numbers: crown with crease, brim, band and bow."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import bpy

Point = tuple[float, float, float]

AROUND: Final = 96
"""Vertices around the head."""
LINEAR: Final = {"felt": (0.085, 0.052, 0.034, 1.0), "band": (0.013, 0.010, 0.010, 1.0)}
"""Colors: brown felt and a black ribbon."""


@dataclass(frozen=True)
class HatShape:
    """Measures of a hat in metres, in the axes of a head in Blender: x left, -y the way it looks, z up.

    Attributes:
        centre: Middle of the opening.
        half_width, half_length: Of the opening, to the sides and to front and back.
        tilt: Radians by which the front stands higher than the back.
        height: Of the crown at the front.
        brim: Width of the brim.
    """

    centre: Point = (0.0, 0.047, 0.056)
    half_width: float = 0.089
    half_length: float = 0.110
    tilt: float = 0.09
    height: float = 0.098
    brim: float = 0.054


def make_hat(parent: bpy.types.Object, shape: HatShape) -> list[bpy.types.Object]:
    """Put a hat on a head and return its parts.

    Args:
        parent: The head, in whose space the shape is.
        shape: Of the hat.
    """
    felt, ribbon = _felt(), _ribbon()
    crown = _object("hat crown", *_lathe(_crown(shape)), felt)
    brim = _object("hat brim", *_lathe(_brim(shape)), felt)
    band = _object("hat band", *_lathe(_band(shape)), ribbon)
    bow = _object("hat bow", *_bow(shape), ribbon)
    parts = [crown, brim, band, bow]
    for part, thickness in zip(parts, (0.0022, 0.0024, 0.0006, 0.0), strict=True):
        _thicken(part, thickness)
        part.parent = parent
        part.location = shape.centre
        part.rotation_euler = (-shape.tilt, 0.0, 0.0)
    return parts


def _around(shape: HatShape, turn: float, out: float) -> tuple[float, float]:
    """Point of an oval, `out` metres outside the opening; blocks for hats are a little longer at the back."""
    x = (shape.half_width + out) * math.sin(turn)
    y = -(shape.half_length + out) * math.cos(turn)
    return x, y


def _turns() -> list[float]:
    return [2 * math.pi * index / AROUND for index in range(AROUND)]


def _crown(shape: HatShape) -> list[list[Point]]:
    """Rings from the opening up the side, over the rounded edge and in to the middle of the top."""
    side = [(0.0, level / 8) for level in range(9)]
    edge = [(0.008 * (1 - math.cos(angle)), 1 + 0.07 * math.sin(angle)) for angle in (0.5, 0.95, 1.35)]
    top = [(0.010 + 0.080 * step / 7, 1.085) for step in range(1, 8)]
    return [[_crown_point(shape, turn, inwards, level) for turn in _turns()] for inwards, level in (*side, *edge, *top)]


def _crown_point(shape: HatShape, turn: float, inwards: float, level: float) -> Point:
    taper = 0.013 * min(level, 1.0) ** 1.3
    share = max(0.0, 1 - (inwards + taper) / shape.half_width)
    x, y = shape.half_width * share * math.sin(turn), -shape.half_length * share * math.cos(turn)
    # The back of the crown is lower than its front.
    z = shape.height * level * (1 - 0.10 * (0.5 + y / (2 * shape.half_length)))
    upper = min(1.0, max(0.0, (level - 0.45) / 0.5))
    crease = math.exp(-((x / 0.024) ** 2)) * _smooth((0.088 - abs(y + 0.006)) / 0.06)
    z -= 0.027 * crease * (1.0 if level > 1.02 else 0.0) * _smooth((level - 1.0) / 0.06)
    # A pinch on either side of the front, deepest near the top.
    front = math.exp(-(((y + 0.072) / 0.030) ** 2)) * upper
    x -= math.copysign(0.016 * front * _smooth(abs(x) / 0.03), x) if x else 0.0
    return x, y, z


def _smooth(share: float) -> float:
    share = min(1.0, max(0.0, share))
    return share * share * (3 - 2 * share)


def _brim(shape: HatShape) -> list[list[Point]]:
    """Rings from just inside the opening outwards: the sides curl up, the front dips, the back stands up."""
    rings = []
    for step in range(13):
        share = step / 12
        ring = []
        for turn in _turns():
            x, y = _around(shape, turn, -0.001 + shape.brim * share)
            side, front, back = math.sin(turn) ** 2, max(0.0, math.cos(turn)), max(0.0, -math.cos(turn))
            rise = 0.019 * side - 0.013 * front**2 + 0.015 * back**2
            ring.append((x, y, rise * share**1.8 + 0.004 * math.exp(-share / 0.06)))
        rings.append(ring)
    # The edge is turned over.
    rings.append([(x * 0.998, y * 0.998, z + 0.0022) for x, y, z in rings[-1]])
    return rings


def _band(shape: HatShape) -> list[list[Point]]:
    """Ribbon around the foot of the crown."""
    rings = []
    for step in range(7):
        level = 0.045 + 0.30 * step / 6
        ring = []
        for turn in _turns():
            x, y, z = _crown_point(shape, turn, 0.0, level)
            length = math.hypot(x, y)
            out = 1 + (0.0032 + 0.0006 * math.sin(math.pi * step / 6)) / length
            ring.append((x * out, y * out, z))
        rings.append(ring)
    return rings


def _bow(shape: HatShape) -> tuple[list[Point], list[tuple[int, ...]]]:
    """A flat bow on the left side: two loops and a knot across them."""
    points: list[Point] = []
    faces: list[tuple[int, ...]] = []
    for middle, half, low, high, out in ((0.0, 0.21, 0.06, 0.33, 0.0062), (0.0, 0.05, 0.05, 0.34, 0.0092)):
        base = len(points)
        columns = 13
        for row in range(5):
            for column in range(columns):
                across = -1 + 2 * column / (columns - 1)
                turn = math.pi / 2 + middle + half * across
                narrow = 1 - 0.28 * (1 - abs(across)) if half > 0.1 else 1.0
                level = (low + high) / 2 + (high - low) / 2 * narrow * (row / 2 - 1)
                x, y, z = _crown_point(shape, turn, 0.0, level)
                bulge = out - 0.002 * across**2 - 0.001 * (row / 2 - 1) ** 2
                stretch = 1 + bulge / math.hypot(x, y)
                points.append((x * stretch, y * stretch, z))
        for row in range(4):
            for column in range(columns - 1):
                first = base + row * columns + column
                faces.append((first, first + 1, first + columns + 1, first + columns))
    return points, faces


def _lathe(rings: list[list[Point]]) -> tuple[list[Point], list[tuple[int, ...]]]:
    """Join closed rings by quads."""
    points = [point for ring in rings for point in ring]
    faces: list[tuple[int, ...]] = []
    for row in range(len(rings) - 1):
        for column in range(AROUND):
            first, after = row * AROUND + column, row * AROUND + (column + 1) % AROUND
            faces.append((first, after, after + AROUND, first + AROUND))
    return points, faces


def _object(
    name: str, points: list[Point], faces: list[tuple[int, ...]], material: bpy.types.Material
) -> bpy.types.Object:
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(points, [], faces)
    mesh.materials.append(material)
    mesh.shade_smooth()
    thing = bpy.data.objects.new(name, mesh)
    scene: Any = bpy.context.scene
    scene.collection.objects.link(thing)
    return thing


def _thicken(part: bpy.types.Object, thickness: float) -> None:
    if thickness:
        solid: Any = part.modifiers.new("Thickness", "SOLIDIFY")
        solid.thickness, solid.offset = thickness, 0.0
    smooth: Any = part.modifiers.new("Smooth", "SUBSURF")
    smooth.levels = smooth.render_levels = 1


def _material(name: str) -> tuple[Any, Any, Any]:
    material: Any = bpy.data.materials.new(name)
    if material.node_tree is None:  # There from the start since 5.0.
        material.use_nodes = True
    tree: Any = material.node_tree
    shader = next(node for node in tree.nodes if node.type == "BSDF_PRINCIPLED")
    shader.inputs["Roughness"].default_value = 0.95
    shader.inputs["Specular IOR Level"].default_value = 0.15
    return material, tree, shader


def _felt() -> bpy.types.Material:
    """Felt: fibres that catch light at the rim, and wool that is not of one color."""
    material, tree, shader = _material("hat felt")
    shader.inputs["Sheen Weight"].default_value = 0.12
    shader.inputs["Sheen Roughness"].default_value = 0.5
    cloud, fibre = tree.nodes.new("ShaderNodeTexNoise"), tree.nodes.new("ShaderNodeTexNoise")
    cloud.inputs["Scale"].default_value, fibre.inputs["Scale"].default_value = 45.0, 900.0
    ramp = tree.nodes.new("ShaderNodeMix")
    ramp.data_type = "RGBA"
    red, green, blue, _ = LINEAR["felt"]
    ramp.inputs[6].default_value = (0.8 * red, 0.8 * green, 0.8 * blue, 1.0)
    ramp.inputs[7].default_value = (1.25 * red, 1.25 * green, 1.22 * blue, 1.0)
    bump = tree.nodes.new("ShaderNodeBump")
    bump.inputs["Strength"].default_value, bump.inputs["Distance"].default_value = 0.35, 0.0006
    coordinates = tree.nodes.new("ShaderNodeTexCoord")
    for noise in (cloud, fibre):
        tree.links.new(coordinates.outputs["Object"], noise.inputs["Vector"])
    tree.links.new(cloud.outputs[0], ramp.inputs["Factor"])
    tree.links.new(ramp.outputs[2], shader.inputs["Base Color"])
    tree.links.new(fibre.outputs[0], bump.inputs["Height"])
    tree.links.new(bump.outputs["Normal"], shader.inputs["Normal"])
    return material


def _ribbon() -> bpy.types.Material:
    """Ribbed ribbon with a faint shine."""
    material, _, shader = _material("hat ribbon")
    shader.inputs["Base Color"].default_value = LINEAR["band"]
    shader.inputs["Roughness"].default_value = 0.7
    shader.inputs["Specular IOR Level"].default_value = 0.2
    return material
