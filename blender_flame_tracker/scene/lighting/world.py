"""The light of the footage as a world of Blender's: it turns with the camera, and the scene's own world is kept."""

from __future__ import annotations

from typing import Any, Final

import bpy
import numpy as np
from bpy.app.handlers import persistent
from numpy.typing import NDArray

from ....backend.contract.failure import Notice
from ....backend.contract.settings import SceneSettings
from ...handlers import add_handlers, remove_handlers
from .. import keyframes
from ..fitting_scene import is_faithful, view_of
from ..parts import Parts
from ..stored import stored
from .environment import HEIGHT, WIDTH, EnvironmentMap, environment_of
from .light import Light

WORLD: Final = "flame_world"
"""Custom property of the collection: the world that lights as the footage is lit."""
BEFORE: Final = "flame_before"
"""Custom property of that world: the scene's world before."""
ERROR: Final = "flame_error"
"""Custom property of that world: how far its shading is from the estimate, a share of the mean."""

FILM: Final = "flame_film"
"""Custom property of that world: whether the film was transparent before."""

_TOLERATED: Final = 0.15
_CHANGES: Final = 0.05
"""Share of the mean shading by which the light of single frames may stray from the clip's before that is told."""
_TURN, _PICTURE, _EXPOSURE = "Camera Rotation", "Light of the Footage", "Exposure and White Balance"


def write_world(
    scene: bpy.types.Scene,
    parts: Parts,
    light: Light | None,
    shown: tuple[NDArray[np.float64], NDArray[np.int64]],
    settings: SceneSettings,
) -> list[Notice]:
    """Light the scene as the footage is lit, or give the scene its own world back.

    Args:
        scene: Gets the world.
        parts: Of the track; the camera turns the light.
        light: Of the rows of the track, where it is known.
        shown: Scene frames (K,) and the rows of the track that they show (K,).
        settings: Say whether.
    """
    if settings.light == "none":
        remove_world(scene, parts.collection)
        return []
    if light is None:
        remove_world(scene, parts.collection)
        return [
            Notice(
                "no-light",
                "The track knows nothing of the light, so the scene keeps its own.",
                "Track with the Appearance or the Texture node, then import again.",
            )
        ]
    frame, row = shown
    terms, gain = (each[row] for each in light)
    usual = terms.mean(axis=0)
    environment = environment_of(usual)
    world = _ensure_world(scene, parts)
    tree: Any = world.node_tree
    if _PICTURE not in tree.nodes:
        _build(tree, parts.camera)
    picture = tree.nodes[_PICTURE]
    picture.image = _picture(picture.image, environment, world.name)
    _write_exposure(tree, frame, gain, keyed=settings.light == "exposure")
    world[ERROR] = environment.error
    if scene.world != world:
        world[BEFORE] = scene.world
        scene.world = world
    if settings.plate:
        # The world lights alone; behind the head is the footage.
        scene.render.film_transparent = True
    return [*_notices(environment, terms, usual), *_view_notices(scene)]


def remove_world(scene: bpy.types.Scene, collection: bpy.types.Collection) -> None:
    """Give the scene the world back that it had before this track's."""
    world = stored(collection, WORLD, bpy.types.World)
    if WORLD in collection:
        del collection[WORLD]
    if world is not None:
        _remove(scene, world)


def picture_of_light(world: bpy.types.World) -> NDArray[np.float32] | None:
    """Return the radiance (HEIGHT, WIDTH, 3) of a world that was made here, None of any other."""
    tree: Any = world.node_tree
    if tree is None or BEFORE not in world or _PICTURE not in tree.nodes:
        return None
    image = tree.nodes[_PICTURE].image
    if image is None or tuple(image.size) != (WIDTH, HEIGHT):
        return None
    values = np.empty(WIDTH * HEIGHT * 4, dtype=np.float32)
    image.pixels.foreach_get(values)
    exposure = tree.nodes[_EXPOSURE].inputs[7].default_value
    return values.reshape(HEIGHT, WIDTH, 4)[..., :3] * np.array(exposure[:3], dtype=np.float32)


def _remove(scene: bpy.types.Scene, world: bpy.types.World) -> None:
    before = stored(world, BEFORE, bpy.types.World)
    if scene.world == world:
        _give_back(scene, world)
    for other in bpy.data.worlds:
        # Another track's light that came later goes back to what was there before both.
        if other.library is None and other.get(BEFORE) == world:
            other[BEFORE] = before
    tree: Any = world.node_tree
    images = [node.image for node in tree.nodes if node.type == "TEX_ENVIRONMENT" and node.image]
    if world.users == 0:
        bpy.data.worlds.remove(world)
        for image in images:
            if image.users == 0:
                bpy.data.images.remove(image)


def _give_back(scene: bpy.types.Scene, world: bpy.types.World) -> None:
    scene.world = stored(world, BEFORE, bpy.types.World)
    scene.render.film_transparent = bool(world.get(FILM, scene.render.film_transparent))


def _ensure_world(scene: bpy.types.Scene, parts: Parts) -> bpy.types.World:
    world: Any = stored(parts.collection, WORLD, bpy.types.World)
    if world is None:
        world = bpy.data.worlds.new(f"{parts.collection.name} light")
        if world.node_tree is None:  # There from the start since 5.0.
            world.use_nodes = True
        tree: Any = world.node_tree
        tree.nodes.clear()
        if hasattr(world, "cycles"):
            # Else Cycles samples the light far finer than it is, anew for every frame.
            world.cycles.sampling_method, world.cycles.sample_map_resolution = "MANUAL", WIDTH
        world[BEFORE], world[FILM] = scene.world, scene.render.film_transparent
        parts.collection[WORLD] = world
        scene.world = world
    return world


def _build(tree: bpy.types.NodeTree, camera: bpy.types.Object) -> None:
    """Direction, turned into the camera's axes, picture, exposure, background; left to right."""
    tree.nodes.clear()
    place = _node(tree, "ShaderNodeTexCoord", "", -900)
    turn = _node(tree, "ShaderNodeMapping", _TURN, -700)
    turn.vector_type = "TEXTURE"  # The inverse of the rotation: from the world's axes into the camera's.
    picture = _node(tree, "ShaderNodeTexEnvironment", _PICTURE, -480)
    exposure = _node(tree, "ShaderNodeMix", _EXPOSURE, -180)
    exposure.data_type, exposure.blend_type = "RGBA", "MULTIPLY"
    exposure.inputs["Factor"].default_value = 1.0
    background = _node(tree, "ShaderNodeBackground", "", 40)
    output = _node(tree, "ShaderNodeOutputWorld", "", 240)
    tree.links.new(place.outputs["Generated"], turn.inputs["Vector"])
    tree.links.new(turn.outputs["Vector"], picture.inputs["Vector"])
    tree.links.new(picture.outputs["Color"], exposure.inputs[6])
    tree.links.new(exposure.outputs[2], background.inputs["Color"])
    tree.links.new(background.outputs[0], output.inputs["Surface"])
    _follow(turn, camera)


def _node(tree: bpy.types.NodeTree, kind: str, name: str, x: float) -> Any:
    node = tree.nodes.new(kind)
    node.location, node.select = (x, 0.0), False
    if name:
        node.name = node.label = name
    return node


def _follow(turn: Any, camera: bpy.types.Object) -> None:
    """Let the light turn with the camera, whoever moves: it was seen in the camera's axes.

    The drivers take numbers as they are, without an expression, so that they also run where scripts are not trusted.
    """
    for index, axis in enumerate("XYZ"):
        driver = turn.inputs["Rotation"].driver_add("default_value", index).driver
        driver.type = "SUM"
        variable = driver.variables.new()
        variable.type = "TRANSFORMS"
        target = variable.targets[0]
        target.id = camera
        target.transform_type = f"ROT_{axis}"
        target.transform_space = "WORLD_SPACE"
        target.rotation_mode = "XYZ"


def _picture(image: bpy.types.Image | None, environment: EnvironmentMap, name: str) -> bpy.types.Image:
    """The environment as a picture that lies in the .blend."""
    size: Any = image.size if image is not None else ()
    if image is None or tuple(size) != (WIDTH, HEIGHT):
        image = bpy.data.images.new(name, WIDTH, HEIGHT, float_buffer=True, is_data=True)
    pixels = np.ones((HEIGHT, WIDTH, 4), dtype=np.float32)
    pixels[..., :3] = environment.radiance
    values: Any = image.pixels
    values.foreach_set(pixels.ravel())
    image.update()
    image.pack()
    return image


def _write_exposure(
    tree: bpy.types.NodeTree, frame: NDArray[np.float64], gain: NDArray[np.float64], *, keyed: bool
) -> None:
    socket: Any = tree.nodes[_EXPOSURE].inputs[7]
    path = socket.path_from_id("default_value")
    keyframes.remove_channels(tree, (path,))
    usual = gain.mean(axis=0)
    socket.default_value = (*(gain[0] if keyed else usual), 1.0)
    if keyed:
        keyframes.write_channels(tree, keyframes.vector_channels(path, frame, gain))


def _notices(environment: EnvironmentMap, terms: NDArray[np.float64], usual: NDArray[np.float64]) -> list[Notice]:
    notices = []
    if environment.error > _TOLERATED:
        notices.append(
            Notice(
                "light-rough",
                "The estimated light is stronger to one side than light can be; the world differs from it by up to"
                f" {100 * environment.error:.0f} %.",
            )
        )
    strays = np.abs(terms - usual).max() / max(float(np.abs(usual[0]).mean()), 1e-9)
    if strays > _CHANGES:
        notices.append(
            Notice("light-changes", "The light changes during the clip; the world has the mean of its frames.")
        )
    return notices


def _view_notices(scene: bpy.types.Scene) -> list[Notice]:
    """Footage and head are compared in the colours of the footage, which AgX and Filmic change."""
    if is_faithful(scene):
        return []
    view = view_of(scene)
    return [
        Notice(
            "view-transform",
            f"The view transform {view} changes the colours of head and footage.",
            "Use Standard View shows them as they are.",
        )
    ]


def _is_lost(scene: bpy.types.Scene, world: bpy.types.World) -> bool:
    """Whether no track of the scene has this world any more: its collection was deleted."""
    return all(collection.get(WORLD) != world for collection in scene.collection.children_recursive)


@persistent
def _changed(scene: bpy.types.Scene, *_: Any) -> None:
    """Give the scene its own world back when a track was deleted whose light it had."""
    world = scene.world
    if world is not None and BEFORE in world and world.library is None and _is_lost(scene, world):
        _give_back(scene, world)


_HANDLERS: Final = (("depsgraph_update_post", _changed),)

CLASSES: Final = ()


def register() -> None:
    """Notice deleted tracks."""
    add_handlers(_HANDLERS)


def unregister() -> None:
    """Notice them no more."""
    remove_handlers(_HANDLERS)
