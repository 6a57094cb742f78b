"""The baked texture on the head: one picture, mixed over the plain colours of the materials, and taken off again."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import bpy

from ....backend.contract.failure import Notice
from ....backend.contract.file_access import is_file
from ....backend.contract.outputs import TEXTURE
from ....backend.contract.settings import SceneSettings
from ...paths import absolute
from ..stored import stored
from .mesh import UV_MAP

PICTURE: Final = "flame_texture"
"""Custom property of the collection: the picture on its head."""
COLOUR: Final = "FLAME Colour"
"""Name of the node, reroute or shader, that takes the plain colour; with a texture the mix stands before it."""

_FRAME, _UV, _IMAGE, _MIX = "FLAME Texture", "FLAME Texture UV", "FLAME Texture Image", "FLAME Texture Mix"

_MATT: Final = {"Specular IOR Level": 0.1, "Subsurface Weight": 0.0, "Coat Weight": 0.0}
"""Of textured skin: the footage's own softness and shine are in the picture already."""
_PLAIN: Final = "flame_plain"
"""Custom property of the mix: what the shader's values were without a texture."""


def find_texture(settings: SceneSettings, track: Path | None) -> Path | Notice | None:
    """Return the picture for the head: the chosen one, else that beside the track; None where there is none."""
    if settings.material != "texture":
        return None
    if settings.texture:
        chosen = absolute(settings.texture)
        if is_file(chosen):
            return chosen
        return Notice(
            "texture-missing",
            f"There is no texture {chosen.name}, so the head is plain.",
            "Run the Texture node, or choose the picture.",
        )
    beside = None if track is None else track.parent / TEXTURE
    return beside if beside is not None and is_file(beside) else None


def write_texture(
    collection: bpy.types.Collection, mesh: bpy.types.Mesh, path: Path | None, name: str
) -> Notice | None:
    """Put a picture on our materials of the mesh, renew the one that is there, or take it off.

    Materials that the user made are not touched, nor is what the user changed in the nodes around the picture.

    Args:
        collection: Of the track; remembers the picture.
        mesh: Of the head.
        path: The picture, or None for plain materials.
        name: Of the clip.
    """
    trees = _trees(mesh)
    if path is None:
        for tree in trees:
            _take_off(tree)
        _forget(collection)
        return None
    image = _opened(stored(collection, PICTURE, bpy.types.Image), path, name)
    if isinstance(image, Notice):
        return image
    collection[PICTURE] = image
    for tree in trees:
        if _IMAGE not in tree.nodes:
            _put_on(tree)
        node: Any = tree.nodes[_IMAGE]
        node.image = image
    return None


def _opened(image: bpy.types.Image | None, path: Path, name: str) -> bpy.types.Image | Notice:
    """The picture, linked relative to a saved .blend, so that the project can be moved as a whole."""
    fresh = image is None
    try:
        image = image or bpy.data.images.load(str(path), check_existing=False)
    except RuntimeError:
        return _unreadable(path)
    if image.packed_file is not None:
        image.unpack(method="REMOVE")
    image.filepath = str(path)
    if bpy.data.filepath and Path(bpy.data.filepath).drive == path.drive:
        image.filepath = bpy.path.relpath(str(path))
    image.reload()
    if image.preview is not None:
        image.preview.reload()  # The panel shows it.
    size: Any = image.size
    if min(size) == 0:
        if fresh:
            bpy.data.images.remove(image)
        return _unreadable(path)
    if fresh:
        image.name = f"{name} texture"
    return image


def _unreadable(path: Path) -> Notice:
    return Notice(
        "texture-unreadable", f"Blender can't read {path.name}, so the head is plain.", "Bake the texture again."
    )


def _forget(collection: bpy.types.Collection) -> None:
    image = stored(collection, PICTURE, bpy.types.Image)
    if PICTURE in collection:
        del collection[PICTURE]
    if image is not None and image.users == 0:
        bpy.data.images.remove(image)


def _trees(mesh: bpy.types.Mesh) -> list[bpy.types.NodeTree]:
    """The node trees of the mesh's materials, and the groups in them, that have a place for the texture."""
    found: list[bpy.types.NodeTree] = []
    for material in mesh.materials:
        if material is None or material.node_tree is None or material.library is not None:
            continue
        own: Any = material.node_tree
        groups = [node.node_tree for node in own.nodes if node.type == "GROUP" and node.node_tree]
        for tree in (own, *groups):
            if tree not in found and tree.library is None and COLOUR in tree.nodes:
                found.append(tree)
    return found


def _put_on(tree: bpy.types.NodeTree) -> None:
    """Mix the picture over what goes into the place for the colour; the mix's factor fades it out again."""
    place = _place(tree)
    frame = tree.nodes.new("NodeFrame")
    frame.name, frame.label, frame.select = _FRAME, "Baked from the footage", False
    taker = tree.nodes[COLOUR]
    left, above = taker.location.x, taker.location.y + 640
    uv = _node(tree, frame, "ShaderNodeUVMap", _UV, (left - 720, above))
    uv.uv_map = UV_MAP
    image = _node(tree, frame, "ShaderNodeTexImage", _IMAGE, (left - 520, above))
    mix = _node(tree, frame, "ShaderNodeMix", _MIX, (left - 200, above))
    mix.label = "Texture over Plain Color"
    mix.data_type = "RGBA"
    mix.inputs["Factor"].default_value = 1.0
    tree.nodes.active = image  # Which the solid view shows where it is set to textures.
    tree.links.new(uv.outputs[0], image.inputs["Vector"])
    tree.links.new(image.outputs["Color"], mix.inputs[7])
    if place.is_linked:
        tree.links.new(place.links[0].from_socket, mix.inputs[6])
    else:
        mix.inputs[6].default_value = place.default_value
    tree.links.new(mix.outputs[2], place)
    shader = _shader(tree)
    if shader is not None:
        mix[_PLAIN] = {key: shader.inputs[key].default_value for key in _MATT}
        for key, value in _MATT.items():
            shader.inputs[key].default_value = value


def _take_off(tree: bpy.types.NodeTree) -> None:
    """Let the plain colour go where it went before."""
    mix: Any = tree.nodes.get(_MIX)
    if mix is not None:
        place = _place(tree)
        if place.is_linked and place.links[0].from_node == mix:
            if mix.inputs[6].is_linked:
                tree.links.new(mix.inputs[6].links[0].from_socket, place)
            else:
                place.default_value = mix.inputs[6].default_value
        shader = _shader(tree)
        plain: Any = mix.get(_PLAIN)
        for key in _MATT:
            value = plain.get(key) if hasattr(plain, "get") else None
            if shader is not None and isinstance(value, (int, float)):
                shader.inputs[key].default_value = value
    for name in (_UV, _IMAGE, _MIX, _FRAME):
        node = tree.nodes.get(name)
        if node is not None:
            tree.nodes.remove(node)


def _place(tree: bpy.types.NodeTree) -> Any:
    """The socket that takes the colour: of a shader, or the first colour of a mix."""
    node = tree.nodes[COLOUR]
    return node.inputs["Base Color"] if node.type == "BSDF_PRINCIPLED" else node.inputs[6]


def _shader(tree: bpy.types.NodeTree) -> Any | None:
    return next((node for node in tree.nodes if node.type == "BSDF_PRINCIPLED"), None)


def _node(tree: bpy.types.NodeTree, frame: bpy.types.Node, kind: str, name: str, place: tuple[float, float]) -> Any:
    node = tree.nodes.new(kind)
    node.name, node.location, node.parent, node.select = name, place, frame, False
    return node
