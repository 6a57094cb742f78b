"""The render laid over the footage by the compositor, which stays as the user has built it."""

from __future__ import annotations

import math
from typing import Any, Final

import bpy

from .camera import footage_aspect, picture_aspect

_MARK: Final = "FLAME "
"""Beginning of the names of our nodes."""


def lay_over_footage(scene: bpy.types.Scene, clip: bpy.types.MovieClip, turn: float = 0.0) -> None:
    """Lay what the compositor gives over the footage, as wide as the picture and never squeezed.

    What leads to the compositor's output goes before the footage instead, so that nodes of the user stay; nodes of an
    earlier call are replaced.

    Args:
        scene: Whose compositor is changed; made where there is none.
        clip: The footage.
        turn: Radians clockwise to turn the footage upright, where Blender has not done so.
    """
    tree, output = _compositor(scene)
    rendered = _rendered(tree, scene, output)
    x, y = output.node.location
    over = _node(tree, "CompositorNodeAlphaOver", "Over", x - 200, y)
    # Sockets by type, not by name or number: their names changed in 5.0, the order of the two colours did not.
    behind, front = [socket for socket in over.inputs if socket.type == "RGBA"]
    tree.links.new(rendered, front)
    footage = _node(tree, "CompositorNodeMovieClip", "Footage", over.location.x - 800, over.location.y - 300)
    footage.clip = clip
    picture = footage.outputs["Image"]
    if turn != 0:
        upright = _node(tree, "CompositorNodeRotate", "Upright", footage.location.x + 200, footage.location.y)
        upright.inputs[1].default_value = -turn
        picture = _through(tree, picture, upright)
    across, down = _pixel_aspect(clip, turn)
    squeeze = (down / across) * (scene.render.pixel_aspect_x / scene.render.pixel_aspect_y)
    if abs(squeeze - 1) > 1e-4:
        shaped = _node(tree, "CompositorNodeScale", "Pixel Shape", footage.location.x + 400, footage.location.y)
        _set_option(shaped, "space", "Type", "RELATIVE", "Relative")
        shaped.inputs["Y"].default_value = squeeze
        picture = _through(tree, picture, shaped)
    fitted = _node(tree, "CompositorNodeScale", "Fit", footage.location.x + 600, footage.location.y)
    _set_option(fitted, "space", "Type", "RENDER_SIZE", "Render Size")
    method = ("FIT", "Fit") if picture_aspect(scene) < _aspect(clip, turn) * (1 - 1e-3) else ("CROP", "Crop")
    _set_option(fitted, "frame_method", "Frame Type", *method)
    tree.links.new(_through(tree, picture, fitted), _onto_whole_picture(tree, rendered, behind))
    tree.links.new(over.outputs[0], output)


def _onto_whole_picture(tree: bpy.types.NodeTree, rendered: bpy.types.NodeSocket, behind: Any) -> bpy.types.NodeSocket:
    """Return the socket for footage that is smaller than the picture: else what is over its bars would be cut off."""
    x, y = behind.node.location
    empty = _node(tree, "CompositorNodeSetAlpha", "Empty Picture", x - 400, y - 150)
    _set_option(empty, "mode", "Type", "APPLY", "Apply Mask")
    empty.inputs["Alpha"].default_value = 0.0
    onto = _node(tree, "CompositorNodeAlphaOver", "Whole Picture", x - 200, y - 200)
    background, front = [socket for socket in onto.inputs if socket.type == "RGBA"]
    tree.links.new(_through(tree, rendered, empty), background)
    tree.links.new(onto.outputs[0], behind)
    return front


def _pixel_aspect(clip: bpy.types.MovieClip, turn: float) -> tuple[float, float]:
    """Width and height of a pixel of the footage as it is seen, turned upright."""
    across, down = clip.display_aspect
    return (across, down) if round(turn / (math.pi / 2)) % 2 == 0 else (down, across)


def _aspect(clip: bpy.types.MovieClip, turn: float) -> float:
    """Width over height of the footage as it is seen."""
    aspect = footage_aspect(clip)
    return aspect if round(turn / (math.pi / 2)) % 2 == 0 else 1 / aspect


def _through(tree: bpy.types.NodeTree, picture: bpy.types.NodeSocket, node: bpy.types.Node) -> bpy.types.NodeSocket:
    tree.links.new(picture, node.inputs[0])
    return node.outputs[0]


def _rendered(tree: bpy.types.NodeTree, scene: bpy.types.Scene, output: Any) -> bpy.types.NodeSocket:
    """What led to the output before: the picture that is laid over the footage."""
    found = output.links[0].from_socket if output.links else None
    if found is not None and found.node.name.startswith(_MARK):
        front = [socket for socket in found.node.inputs if socket.type == "RGBA"][1]
        found = front.links[0].from_socket if front.links else None
    for node in [each for each in tree.nodes if each.name.startswith(_MARK)]:
        tree.nodes.remove(node)
    if found is None:
        layers: Any = tree.nodes.new("CompositorNodeRLayers")
        layers.scene = scene
        layers.location = (output.node.location.x - 800, output.node.location.y)
        found = layers.outputs["Image"]
    return found


def _compositor(scene: bpy.types.Scene) -> tuple[bpy.types.NodeTree, Any]:
    """The compositor tree of the scene and the socket of its result: a group since 5.0, in the scene before."""
    scene.render.use_compositing = True
    owner: Any = scene
    if hasattr(owner, "compositing_node_group"):
        tree: Any = owner.compositing_node_group
        if tree is None:
            tree = bpy.data.node_groups.new("Over the footage", "CompositorNodeTree")
            owner.compositing_node_group = tree
        if not any(item.item_type == "SOCKET" and item.in_out == "OUTPUT" for item in tree.interface.items_tree):
            tree.interface.new_socket("Image", in_out="OUTPUT", socket_type="NodeSocketColor")
        return tree, _output(tree, "NodeGroupOutput")
    owner.use_nodes = True
    return owner.node_tree, _output(owner.node_tree, "CompositorNodeComposite")


def _output(tree: bpy.types.NodeTree, kind: str) -> Any:
    node = next((each for each in tree.nodes if each.bl_idname == kind), None)
    if node is None:
        node = tree.nodes.new(kind)
        node.location = (300, 0)
    return node.inputs[0]


def _set_option(node: Any, attribute: str, socket: str, value: str, label: str) -> None:
    """Set an option that was an attribute up to 4.5 and is a menu socket since 5.0."""
    if hasattr(node, attribute):
        setattr(node, attribute, value)
    else:
        node.inputs[socket].default_value = label


def _node(tree: bpy.types.NodeTree, kind: str, name: str, x: float, y: float) -> Any:
    node = tree.nodes.new(kind)
    node.name = node.label = f"{_MARK}{name}"
    node.location = (x, y)
    return node
