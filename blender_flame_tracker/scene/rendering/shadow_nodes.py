"""Nodes of the compositor that darken the footage by the shadows of the render, from the layers of `shadow_layers`."""

from __future__ import annotations

from typing import Any, Final

import bpy

from ..camera.distortion import add_lens
from .compositor_nodes import MARK, Socket, add_node, add_socket, mix, pictures_into
from .render_finish import Finish
from .shadow_layers import shadow_layers

NAME: Final = f"{MARK}Shadows"
_DARK: Final = 0.004
"""Added to both lights before one is divided by the other: where next to none falls, its noise is no shadow."""


def add_shadows(
    tree: bpy.types.NodeTree, scene: bpy.types.Scene, footage: Socket, finish: Finish, at: tuple[float, float]
) -> Socket:
    """Send the footage through a group that keeps of every pixel what the shadows leave; as it is where none are.

    Args:
        tree: The compositor.
        scene: Whose view layers have the shadows.
        footage: As large as the render.
        finish: What is done to the render: its lens bends the shadows too.
        at: Where the nodes go.
    """
    layers = shadow_layers(scene)
    if not layers:
        return footage
    x, y = at
    node = add_node(tree, "CompositorNodeGroup", "Shadows", x, y)
    node.node_tree = _group(finish)
    takes = pictures_into(node)
    for index, layer in enumerate(layers):
        rendered = add_node(tree, "CompositorNodeRLayers", f"Light {index}", x - 400, y - 300 * (index + 1))
        rendered.scene, rendered.layer = scene, layer.name
        tree.links.new(rendered.outputs["Image"], takes[index + 1])
    tree.links.new(footage, takes[0])
    return node.outputs[0]


def remove_shadows(tree: bpy.types.NodeTree) -> None:
    """Take the group out of a compositor."""
    ours: list[Any] = [each for each in tree.nodes if each.name.startswith(NAME)]
    for node in ours:
        group = getattr(node, "node_tree", None)
        tree.nodes.remove(node)
        if group is not None and group.users == 0:
            bpy.data.node_groups.remove(group)


def _group(finish: Finish) -> bpy.types.NodeTree:
    """Footage times the light that is left, where a head is."""
    group: Any = bpy.data.node_groups.new(NAME, "CompositorNodeTree")
    for name in ("Image", "Lit", "Shaded", "Held Out"):
        group.interface.new_socket(name, in_out="INPUT", socket_type="NodeSocketColor")
    add_socket(group, "OUTPUT")
    begin, end = group.nodes.new("NodeGroupInput"), group.nodes.new("NodeGroupOutput")
    begin.location, end.location = (-1400, 0), (1000, 0)
    layers = list(begin.outputs)[1:4]
    if finish.lens is not None:
        layers = [
            add_lens(group, layer, finish.lens, finish.size, (-1200, -300 * (index + 1)), straighten=False)
            for index, layer in enumerate(layers)
        ]
    lit, shaded, held_out = layers
    there, with_head, without = (_alpha(group, each, -300 * (i + 1)) for i, each in enumerate(layers))
    # Of the head only as much is to be compared as nothing is before it.
    bare = _math(group, "SUBTRACT", "Seen of the Head", with_head, without, -600)
    share = _math(group, "DIVIDE", "Share of the Head", bare, there, -400)
    wanted = mix(group, "MULTIPLY", "Light", lit, share, -200, -300)
    found = mix(group, "SUBTRACT", "Light with Shadows", shaded, held_out, -200, -600)
    wanted = mix(group, "ADD", "Light, Not None", wanted, (_DARK,) * 3, 0, -300)
    found = mix(group, "ADD", "Light with Shadows, Not None", found, (_DARK,) * 3, 0, -600)
    left = mix(group, "DIVIDE", "Light That Is Left", found, wanted, 200, -300, clamp=True)
    group.links.new(mix(group, "MULTIPLY", "Darkened", begin.outputs[0], left, 600, 0, factor=there), end.inputs[0])
    return group


def _alpha(group: Any, picture: Socket, y: float) -> Socket:
    node = add_node(group, "CompositorNodeSeparateColor", "Coverage", -800, y)
    group.links.new(picture, node.inputs[0])
    return node.outputs[3]


def _math(group: Any, operation: str, name: str, first: Socket, second: Socket, x: float) -> Socket:
    kind = "CompositorNodeMath" if hasattr(bpy.types, "CompositorNodeMath") else "ShaderNodeMath"
    node = add_node(group, kind, name, x, -900)
    node.operation = operation
    group.links.new(first, node.inputs[0])
    group.links.new(second, node.inputs[1])
    return node.outputs[0]
