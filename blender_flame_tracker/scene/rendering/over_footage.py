"""The render laid over the footage by the compositor, which stays as the user has built it."""

from __future__ import annotations

import math
from typing import Any, Final

import bpy

from ..camera.camera import footage_aspect, picture_aspect
from ..camera.distortion import add_lens
from .compositor_nodes import MARK, Socket, add_node, compositor, pictures_into, set_option, through
from .render_finish import Finish, add_finish, remove_finish
from .shadow_nodes import add_shadows, remove_shadows

_NOTHING: Final = Finish()


def lay_over_footage(
    scene: bpy.types.Scene,
    clip: bpy.types.MovieClip,
    turn: float = 0.0,
    finish: Finish = _NOTHING,
    *,
    straighten: bool = False,
) -> None:
    """Lay what the compositor gives over the footage, as wide as the picture and never squeezed.

    What leads to the compositor's output goes before the footage instead, so that nodes of the user stay; nodes of an
    earlier call are replaced.

    Args:
        scene: Whose compositor is changed; made where there is none.
        clip: The footage.
        turn: Radians clockwise to turn the footage upright, where Blender has not done so.
        finish: What is done to the render alone before.
        straighten: Whether the distortion that the clip knows is taken off the footage.
    """
    tree, output = compositor(scene)
    rendered = _rendered(tree, scene, output)
    x, y = output.node.location
    over = add_node(tree, "CompositorNodeAlphaOver", "Over", x - 200, y)
    behind, front = pictures_into(over)
    tree.links.new(add_finish(tree, rendered, finish, x - 400, y), front)
    picture = _upright_footage(tree, scene, (clip, turn, straighten), over)
    fitted = add_node(tree, "CompositorNodeScale", "Fit", over.location.x - 200, over.location.y - 300)
    set_option(fitted, "space", "Type", "RENDER_SIZE", "Render Size")
    method = ("FIT", "Fit") if picture_aspect(scene) < _aspect(clip, turn) * (1 - 1e-3) else ("CROP", "Crop")
    set_option(fitted, "frame_method", "Frame Type", *method)
    whole = _on_whole_picture(tree, rendered, through(tree, picture, fitted), over.location)
    at = (over.location.x - 200, over.location.y - 500)
    tree.links.new(add_shadows(tree, scene, whole, finish, at), behind)
    tree.links.new(over.outputs[0], output)


def _upright_footage(
    tree: bpy.types.NodeTree, scene: bpy.types.Scene, shown: tuple[bpy.types.MovieClip, float, bool], over: Any
) -> Socket:
    """The footage straight, upright and with pixels as the scene's; left of the node that lays the render over it."""
    clip, turn, straighten = shown
    x, y = over.location.x - 800, over.location.y - 300
    footage = add_node(tree, "CompositorNodeMovieClip", "Footage", x, y)
    footage.clip = clip
    picture = footage.outputs["Image"]
    if straighten:
        picture = add_lens(tree, picture, clip, _size(clip), (x + 100, y - 200), straighten=True)
    if turn != 0:
        upright = add_node(tree, "CompositorNodeRotate", "Upright", x + 200, y)
        upright.inputs[1].default_value = -turn
        picture = through(tree, picture, upright)
    across, down = _pixel_aspect(clip, turn)
    squeeze = (down / across) * (scene.render.pixel_aspect_x / scene.render.pixel_aspect_y)
    if abs(squeeze - 1) > 1e-4:
        shaped = add_node(tree, "CompositorNodeScale", "Pixel Shape", x + 400, y)
        set_option(shaped, "space", "Type", "RELATIVE", "Relative")
        shaped.inputs["Y"].default_value = squeeze
        picture = through(tree, picture, shaped)
    return picture


def _size(clip: bpy.types.MovieClip) -> tuple[int, int]:
    size: Any = clip.size
    return size[0], size[1]


def _on_whole_picture(tree: bpy.types.NodeTree, rendered: Socket, footage: Socket, at: Any) -> Socket:
    """Lay footage that is smaller than the picture onto an empty one: else what is over its bars would be cut off."""
    empty = add_node(tree, "CompositorNodeSetAlpha", "Empty Picture", at.x - 400, at.y - 150)
    set_option(empty, "mode", "Type", "APPLY", "Apply Mask")
    empty.inputs["Alpha"].default_value = 0.0
    onto = add_node(tree, "CompositorNodeAlphaOver", "Whole Picture", at.x - 200, at.y - 200)
    background, front = pictures_into(onto)
    tree.links.new(through(tree, rendered, empty), background)
    tree.links.new(footage, front)
    return onto.outputs[0]


def _pixel_aspect(clip: bpy.types.MovieClip, turn: float) -> tuple[float, float]:
    """Width and height of a pixel of the footage as it is seen, turned upright."""
    across, down = clip.display_aspect
    return (across, down) if round(turn / (math.pi / 2)) % 2 == 0 else (down, across)


def _aspect(clip: bpy.types.MovieClip, turn: float) -> float:
    """Width over height of the footage as it is seen."""
    aspect = footage_aspect(clip)
    return aspect if round(turn / (math.pi / 2)) % 2 == 0 else 1 / aspect


def _rendered(tree: bpy.types.NodeTree, scene: bpy.types.Scene, output: Any) -> Socket:
    """What led to the output before: the picture that is laid over the footage."""
    remove_finish(tree)
    remove_shadows(tree)
    found = output.links[0].from_socket if output.links else None
    if found is not None and found.node.name.startswith(MARK):
        front = pictures_into(found.node)[1]
        found = front.links[0].from_socket if front.links else None
    for node in [each for each in tree.nodes if each.name.startswith(MARK)]:
        tree.nodes.remove(node)
    if found is None:
        layers: Any = tree.nodes.new("CompositorNodeRLayers")
        layers.scene = scene
        layers.location = (output.node.location.x - 1200, output.node.location.y)
        found = layers.outputs["Image"]
    return found
