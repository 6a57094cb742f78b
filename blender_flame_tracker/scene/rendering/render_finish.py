"""Finish of the render before it is laid over the footage, as one group of the compositor: lens, view and grain.

The view transform of a scene shapes footage and render alike, and none can be undone exactly: the colors of AgX and
Filmic do not reach all that a camera records. So the scene shows with Standard, which leaves footage as it is, and the
render alone goes through the color space of the view: the same colors as if the view had shown it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import bpy

from ..camera.distortion import add_lens
from .compositor_nodes import MARK, add_node, add_socket, color_spaces, convert, mix, set_option, through
from .render_grain import Grain

NAME: Final = f"{MARK}Finish"
_VIEW: Final = "flame_view"
"""Custom property of the group: view transform through which the render goes."""
_EXPOSURE: Final = "flame_exposure"
"""Custom property of the group: stops of that view."""
_SPACE: Final = "{} sRGB"
_BASE: Final = {"AgX": "AgX Base sRGB"}
"""View transform -> color space that is the same on an sRGB screen, where it is not named after it."""
_ENCODED: Final = "sRGB"

Socket = bpy.types.NodeSocket


@dataclass(frozen=True)
class Finish:
    """What is done to the render.

    Attributes:
        view: View transform through which it goes, None for none.
        exposure: Stops before that.
        grain: Added to it, None for none.
        lens: Clip whose lens distorts it, None for none.
        size: Of the render in pixels, for the lens.
    """

    view: str | None = None
    exposure: float = 0.0
    grain: Grain | None = None
    lens: bpy.types.MovieClip | None = None
    size: tuple[int, int] = (0, 0)


def space_of(view: str) -> str | None:
    """Return the color space that does what a view transform does on an sRGB screen, None where there is none."""
    space = _BASE.get(view, _SPACE.format(view))
    return space if space in color_spaces() else None


def earlier_view(tree: bpy.types.NodeTree) -> tuple[str, float] | None:
    """Return view transform and exposure that an earlier finish in this compositor gives the render."""
    for node in tree.nodes:
        group: Any = getattr(node, "node_tree", None) if node.name.startswith(NAME) else None
        if group is not None and isinstance(group.get(_VIEW), str):
            return group[_VIEW], float(group.get(_EXPOSURE, 0.0))
    return None


def add_finish(tree: bpy.types.NodeTree, rendered: Socket, finish: Finish, x: float, y: float) -> Socket:
    """Send the render through a group that finishes it; return it as it is where nothing is to be done."""
    if finish == Finish():
        return rendered
    group: Any = bpy.data.node_groups.new(NAME, "CompositorNodeTree")
    add_socket(group, "INPUT")
    add_socket(group, "OUTPUT")
    begin, end = group.nodes.new("NodeGroupInput"), group.nodes.new("NodeGroupOutput")
    begin.location, end.location = (-1200, 0), (1200, 0)
    picture = begin.outputs[0]
    if finish.lens is not None:
        picture = add_lens(group, picture, finish.lens, finish.size, (-1000, 0), straighten=False)
    if finish.view is not None or finish.grain is not None:
        picture = _in_shown_colors(group, picture, finish)
    group.links.new(picture, end.inputs[0])
    node = add_node(tree, "CompositorNodeGroup", "Finish", x, y)
    node.node_tree = group
    return through(tree, rendered, node)


def remove_finish(tree: bpy.types.NodeTree) -> None:
    """Take the finish out of a compositor; what led to it leads on to what it led to."""
    ours: list[Any] = [each for each in tree.nodes if each.name.startswith(NAME)]
    for node in ours:
        source = node.inputs[0].links[0].from_socket if node.inputs and node.inputs[0].links else None
        targets = [link.to_socket for link in node.outputs[0].links] if node.outputs else []
        if source is not None:
            for target in targets:
                tree.links.new(source, target)
        group = getattr(node, "node_tree", None)
        tree.nodes.remove(node)
        if group is not None and group.users == 0:
            bpy.data.node_groups.remove(group)


def _in_shown_colors(group: Any, picture: Socket, finish: Finish) -> Socket:
    """View and grain, in the colors of the screen and not darkened by transparency, as edges would be else."""
    linear = "scene_linear" if "scene_linear" in color_spaces() else "Linear Rec.709"
    straight = add_node(group, "CompositorNodePremulKey", "Straight", -800, 0)
    set_option(straight, "mapping", "Type", "PREMUL_TO_STRAIGHT", "To Straight")
    picture = through(group, picture, straight)
    space = _ENCODED if finish.view is None else space_of(finish.view) or _ENCODED
    if finish.view is not None:
        group[_VIEW], group[_EXPOSURE] = finish.view, finish.exposure
    if finish.exposure != 0:
        stops = add_node(group, "CompositorNodeExposure", "Exposure", -600, 0)
        stops.inputs["Exposure"].default_value = finish.exposure
        picture = through(group, picture, stops)
    picture = convert(group, picture, (linear, space), "View", -400)
    if finish.grain is not None:
        picture = mix(group, "ADD", "Grain", picture, _grain(group, picture, finish.grain), 400, 0)
    picture = convert(group, picture, (_ENCODED, linear), "Back", 600)
    whole = add_node(group, "CompositorNodePremulKey", "Premultiplied", 800, 0)
    set_option(whole, "mapping", "Type", "STRAIGHT_TO_PREMUL", "To Premultiplied")
    return through(group, picture, whole)


def _grain(group: Any, picture: Socket, grain: Grain) -> Socket:
    """Noise of another pattern on every frame, the same whenever a frame is rendered again."""
    soft = add_node(group, "CompositorNodeFilter", "Size of Grain", -200, -400)
    set_option(soft, "filter_type", "Type", "SOFTEN", "Soften")
    next(socket for socket in soft.inputs if socket.type == "VALUE").default_value = grain.softness
    # First soft, then around zero: the filter cuts off what is negative.
    noise = through(group, _white(group, picture, grain), soft)
    centred = mix(group, "SUBTRACT", "Around Zero", noise, (0.5, 0.5, 0.5), 0, -400)
    # Even noise from 0 to 1 has a deviation of 1 / sqrt(12).
    strength = tuple(each * math.sqrt(12) / grain.softened for each in grain.deviation)
    return mix(group, "MULTIPLY", "Amount of Grain", centred, strength, 200, -400)


def _white(group: Any, picture: Socket, grain: Grain) -> Socket:
    """A color for every pixel and frame, each channel anywhere from 0 to 1."""
    time = add_node(group, "CompositorNodeSceneTime", "Frame", -1000, -400)
    if hasattr(bpy.types, "CompositorNodeImageCoordinates"):
        pixel = add_node(group, "CompositorNodeImageCoordinates", "Pixel", -800, -300)
        group.links.new(picture, pixel.inputs[0])
        white = add_node(group, "ShaderNodeTexWhiteNoise", "Noise", -600, -400)
        white.noise_dimensions = "4D"
        group.links.new(pixel.outputs["Pixel"], white.inputs["Vector"])
        group.links.new(time.outputs["Frame"], white.inputs["W"])
        return white.outputs["Color"]
    return _cells(group, time.outputs["Frame"], grain)


def _cells(group: Any, frame: Socket, grain: Grain) -> Socket:
    """White noise for 4.x: a texture of cells as large as a pixel, a layer of them for every frame."""
    texture: Any = next((each for each in bpy.data.textures if each.get(_CELLS)), None)
    if texture is None:
        texture = bpy.data.textures.new("Film grain", "CLOUDS")
        texture[_CELLS] = True
        texture.noise_basis, texture.noise_type = "CELL_NOISE", "SOFT_NOISE"
        texture.noise_depth, texture.noise_scale = 0, 1.0
    together = add_node(group, "CompositorNodeCombineColor", "Channels", -400, -400)
    for index in range(3):
        y = -400 - 200 * index
        layer = add_node(group, "CompositorNodeCombineXYZ", "Layer", -800, y)
        # Half a cell aside, as pixels lie on the borders of cells; far apart for each channel.
        layer.inputs[0].default_value = 0.5 + 4000.0 * index
        layer.inputs[1].default_value = 0.5
        group.links.new(frame, layer.inputs[2])
        white = add_node(group, "CompositorNodeTexture", "Noise", -600, y)
        white.texture = texture
        white.inputs["Scale"].default_value = (grain.width / 2, grain.height / 2, 1.0)
        group.links.new(layer.outputs[0], white.inputs["Offset"])
        group.links.new(white.outputs["Value"], together.inputs[index])
    return together.outputs[0]


_CELLS: Final = "flame_cells"
"""Custom property of the texture that is white noise."""
