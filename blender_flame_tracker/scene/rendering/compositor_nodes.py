"""Nodes of the compositor under one name for what is named otherwise in 4.x and 5.x: trees, outputs, options, mixes."""

from __future__ import annotations

from typing import Any, Final

import bpy

MARK: Final = "FLAME "
"""Beginning of the names of our nodes."""

Socket = bpy.types.NodeSocket


def compositor(scene: bpy.types.Scene) -> tuple[bpy.types.NodeTree, Any]:
    """Return the compositor tree of a scene and the socket of its result: a group since 5.0, in the scene before.

    A group that another scene has too is copied: what is made for this scene's footage must not change that one.
    """
    scene.render.use_compositing = True
    owner: Any = scene
    if hasattr(owner, "compositing_node_group"):
        tree: Any = owner.compositing_node_group
        if tree is None:
            tree = bpy.data.node_groups.new("Over the footage", "CompositorNodeTree")
            owner.compositing_node_group = tree
        others = [each for each in bpy.data.scenes if each != scene and _group_of(each) == tree]
        if others or tree.library is not None:
            tree = owner.compositing_node_group = tree.copy()
        add_socket(tree, "OUTPUT")
        return tree, _output(tree, "NodeGroupOutput")
    fresh = owner.node_tree is None
    owner.use_nodes = True
    for node in owner.node_tree.nodes if fresh else ():
        if node.bl_idname == "CompositorNodeRLayers":
            node.scene = scene  # Blender takes the window's, and would render that one too.
    return owner.node_tree, _output(owner.node_tree, "CompositorNodeComposite")


def _group_of(scene: Any) -> Any:
    return scene.compositing_node_group


def add_socket(tree: bpy.types.NodeTree, direction: str) -> None:
    """Give a group a picture as input or output where it has none."""
    interface: Any = tree.interface
    if not any(item.item_type == "SOCKET" and item.in_out == direction for item in interface.items_tree):
        interface.new_socket("Image", in_out=direction, socket_type="NodeSocketColor")


def _output(tree: bpy.types.NodeTree, kind: str) -> Any:
    node = next((each for each in tree.nodes if each.bl_idname == kind), None)
    if node is None:
        node = tree.nodes.new(kind)
        node.location = (300, 0)
    return node.inputs[0]


def add_node(tree: bpy.types.NodeTree, kind: str, name: str, x: float, y: float) -> Any:
    """Return a new node of ours."""
    node = tree.nodes.new(kind)
    node.name = node.label = f"{MARK}{name}"
    node.location = (x, y)
    return node


def set_option(node: Any, attribute: str, socket: str, value: str, label: str) -> None:
    """Set an option that was an attribute up to 4.5 and is a menu socket since 5.0."""
    if hasattr(node, attribute):
        setattr(node, attribute, value)
    else:
        node.inputs[socket].default_value = label


def pictures_into(node: Any) -> list[Any]:
    """Return a node's sockets for pictures: by type, as their names changed in 5.0 and their order did not."""
    return [socket for socket in node.inputs if socket.type == "RGBA"]


def through(tree: bpy.types.NodeTree, picture: Socket, node: Any) -> Socket:
    """Send a picture through a node that has one input for it; return what comes out."""
    tree.links.new(picture, next(socket for socket in node.inputs if socket.type == "RGBA"))
    return node.outputs[0]


def mix(
    tree: bpy.types.NodeTree,
    blend: str,
    name: str,
    first: Any,
    second: Any,
    x: float,
    y: float,
    *,
    factor: Socket | None = None,
    clamp: bool = False,
) -> Socket:
    """Blend two pictures as ``ADD``, ``SUBTRACT``, ``MULTIPLY`` or ``DIVIDE``; alpha is that of the first.

    Args:
        tree: The compositor, or a group in it.
        blend: How.
        name: Of the node.
        first, second: Each a socket or a color.
        x, y: Where the node goes.
        factor: By how much, from 0 to 1; wholly where it is None.
        clamp: Whether the result is kept from 0 to 1.
    """
    if hasattr(bpy.types, "CompositorNodeMixRGB"):
        node = add_node(tree, "CompositorNodeMixRGB", name, x, y)
        takes, result = pictures_into(node), node.outputs[0]
        node.use_clamp = clamp
    else:
        node = add_node(tree, "ShaderNodeMix", name, x, y)
        node.data_type = "RGBA"
        takes = pictures_into(node)
        node.clamp_result = clamp
        result = next(socket for socket in node.outputs if socket.type == "RGBA")
    node.blend_type = blend
    node.inputs[0].default_value = 1.0
    if factor is not None:
        tree.links.new(factor, node.inputs[0])
    for socket, value in zip(takes, (first, second), strict=True):
        if isinstance(value, bpy.types.NodeSocket):
            tree.links.new(value, socket)
        else:
            socket.default_value = (*value, 1.0)
    return result


def convert(tree: bpy.types.NodeTree, picture: Socket, spaces: tuple[str, str], name: str, x: float) -> Socket:
    """Send a picture from one color space into another."""
    node = add_node(tree, "CompositorNodeConvertColorSpace", name, x, 0)
    node.from_color_space, node.to_color_space = spaces
    return through(tree, picture, node)


def color_spaces() -> set[str]:
    """Return the color spaces that this Blender's configuration has."""
    kind: Any = bpy.types.CompositorNodeConvertColorSpace
    return {item.identifier for item in kind.bl_rna.properties["from_color_space"].enum_items}
