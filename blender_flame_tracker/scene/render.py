"""A finished file and a still of an imported track, without a window: what the demo shows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy

from ...backend.contract.failure import Failure
from ...backend.contract.settings import SceneSettings
from .importer import ImportResult, import_track
from .plate import background_of


@dataclass(frozen=True)
class StillSettings:
    """How the still is rendered.

    Attributes:
        frame: Scene frame; None takes the middle of the clip.
        engine: ``CYCLES`` or ``BLENDER_WORKBENCH``; both work without a screen.
        samples: Per pixel, for Cycles.
        footage: Whether the footage is laid behind the head.
    """

    frame: int | None = None
    engine: str = "CYCLES"
    samples: int = 16
    footage: bool = True


def build_scene(
    track: Path, blend: Path, picture: Path | None, settings: SceneSettings, still: StillSettings
) -> ImportResult | Failure:
    """Start an empty file, import a track, save the file, and render a still through its camera.

    Where the light of the footage is not imported, lamps are added. The saved file renders the same picture in a
    window: the footage is laid behind by its compositor.

    Args:
        track: Track file.
        blend: File to save; replaced where it exists.
        picture: PNG to write, None for none.
        settings: For the import.
        still: For the picture.
    """
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    scene = bpy.context.scene
    result = import_track(track, settings, scene)
    if isinstance(result, Failure):
        return result
    if settings.light == "none":
        add_light(result)
    if still.footage and result.parts.clip is not None:
        background = background_of(result.parts.camera.data, result.parts.clip, "BACK")
        lay_over_footage(scene, result.parts.clip, background.rotation if background else 0.0)
    set_renderer(scene, still)
    scene.frame_set(still.frame if still.frame is not None else (scene.frame_start + scene.frame_end) // 2)
    try:
        blend.parent.mkdir(parents=True, exist_ok=True)
        bpy.ops.wm.save_as_mainfile(filepath=str(blend.resolve()), compress=True)
        if picture is not None:
            scene.render.filepath = str(picture.resolve())
            bpy.ops.render.render(write_still=True)
    except (RuntimeError, OSError) as error:
        return Failure(
            "scene-not-written",
            f"Blender could not write {blend.name} or its picture: {error}.",
            "Choose a folder with free space that you may write to.",
        )
    return result


def add_light(result: ImportResult) -> None:
    """Light the head from beside the camera, with soft light all around, all in the track's collection."""
    scene, parts = bpy.context.scene, result.parts
    distance = (parts.camera.matrix_world.translation - parts.head.matrix_world.translation).length
    for name, place, power in (
        ("key", (-0.8, 0.8, 0.0), 24.0),
        ("fill", (1.1, 0.1, 0.0), 5.0),
        ("rim", (0.7, 0.6, -1.7), 14.0),
    ):
        light = bpy.data.lights.new(f"{parts.collection.name} {name}", "AREA")
        # Measured from the head, so that it is as bright near and far.
        light.size = 0.6 * distance
        light.energy = power * distance * distance
        thing = bpy.data.objects.new(light.name, light)
        parts.collection.objects.link(thing)
        thing.parent = parts.camera
        thing.location = [part * distance for part in place]
        aim = thing.constraints.new("TRACK_TO")
        aim.target = parts.head
        aim.track_axis, aim.up_axis = "TRACK_NEGATIVE_Z", "UP_Y"
    world = bpy.data.worlds.new(parts.collection.name)
    if world.node_tree is None:  # There from the start since 5.0.
        world.use_nodes = True
    world.node_tree.nodes["Background"].inputs["Color"].default_value = (0.28, 0.28, 0.28, 1.0)
    scene.world = world


def set_renderer(scene: bpy.types.Scene, still: StillSettings) -> None:
    """Set the render engine and a view in which the footage keeps its colours."""
    scene.render.engine = still.engine
    scene.render.film_transparent = True
    # AgX and Filmic would change the colours of the footage; Standard gives them back as they are.
    scene.view_settings.view_transform = "Standard"
    scene.render.image_settings.file_format = "PNG"
    scene.render.image_settings.color_mode = "RGB"
    if still.engine == "CYCLES":
        scene.cycles.device = "CPU"
        scene.cycles.samples = still.samples
        scene.cycles.use_denoising = True
    else:
        scene.display.shading.light = "STUDIO"
        scene.display.shading.color_type = "MATERIAL"


def lay_over_footage(scene: bpy.types.Scene, clip: bpy.types.MovieClip, turn: float = 0.0) -> None:
    """Let the compositor lay the render over the footage, as wide as the picture.

    Args:
        scene: Its compositor is made anew.
        clip: The footage.
        turn: Radians clockwise to turn the footage upright, where Blender has not done so.
    """
    tree, output = _compositor(scene)
    footage = _node(tree, "CompositorNodeMovieClip", -600, -200)
    footage.clip = clip
    fitted = _node(tree, "CompositorNodeScale", -300, -200)
    _set_option(fitted, "space", "Type", "RENDER_SIZE", "Render Size")
    _set_option(fitted, "frame_method", "Frame Type", "STRETCH", "Stretch")
    rendered = _node(tree, "CompositorNodeRLayers", -600, 200)
    rendered.scene = scene
    over = _node(tree, "CompositorNodeAlphaOver", 0, 0)
    # Sockets by type, not by name or number: their names changed in 5.0, the order of the two colours did not.
    behind, front = [socket for socket in over.inputs if socket.type == "RGBA"]
    picture = footage.outputs["Image"]
    if turn != 0:
        upright = _node(tree, "CompositorNodeRotate", -450, -200)
        upright.inputs[1].default_value = -turn
        tree.links.new(picture, upright.inputs[0])
        picture = upright.outputs[0]
    tree.links.new(picture, fitted.inputs[0])
    tree.links.new(fitted.outputs[0], behind)
    tree.links.new(rendered.outputs["Image"], front)
    tree.links.new(over.outputs[0], output)


def _compositor(scene: bpy.types.Scene) -> tuple[bpy.types.NodeTree, bpy.types.NodeSocket]:
    """An empty compositor tree of the scene and the socket of its result: a group since 5.0, in the scene before."""
    if hasattr(scene, "compositing_node_group"):
        tree = bpy.data.node_groups.new("Over the footage", "CompositorNodeTree")
        tree.interface.new_socket("Image", in_out="OUTPUT", socket_type="NodeSocketColor")
        scene.compositing_node_group = tree
        return tree, _node(tree, "NodeGroupOutput", 300, 0).inputs[0]
    scene.use_nodes = True
    tree = scene.node_tree
    tree.nodes.clear()
    return tree, _node(tree, "CompositorNodeComposite", 300, 0).inputs[0]


def _set_option(node: bpy.types.Node, attribute: str, socket: str, value: str, label: str) -> None:
    """Set an option that was an attribute up to 4.5 and is a menu socket since 5.0."""
    if hasattr(node, attribute):
        setattr(node, attribute, value)
    else:
        node.inputs[socket].default_value = label


def _node(tree: bpy.types.NodeTree, kind: str, x: float, y: float) -> Any:
    node = tree.nodes.new(kind)
    node.location = (x, y)
    return node
