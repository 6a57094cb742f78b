"""Map of a lens for the compositor: a picture that says of every pixel where in another picture it comes from.

Blender's own node reckons with pixels that are not square in 4.2 and no more in 4.5 and 5.0: measured there, 0.5 of 160
pixels off where they are 4/3 as wide as high, 4 where they are half as wide. The map is right to 0.1 in all of these.
"""

from __future__ import annotations

from typing import Any, Final

import bpy
import numpy as np

from ....backend.contract.distortion import CurvedLens
from ..rendering.compositor_nodes import Socket, add_node, set_option, through

_SAYS: Final = "flame_lens_map"
"""Custom property of a map: of which lens and size it is."""


def add_lens_map(
    tree: bpy.types.NodeTree,
    picture: Socket,
    lens: CurvedLens,
    at: tuple[float, float],
    *,
    straighten: bool,
) -> Socket:
    """Send a picture in a compositor through a lens by a map of it.

    Args:
        tree: The compositor, or a group in it.
        picture: What is sent, of the size of the lens.
        lens: Whose distortion is meant.
        at: Where the nodes go.
        straighten: Whether the distortion is taken off; else it is put on.
    """
    source = add_node(tree, "CompositorNodeImage", "Map of Lens", at[0] - 200, at[1] - 200)
    source.image = _map_of(lens, straighten=straighten)
    bend = add_node(tree, "CompositorNodeMapUV", "Lens", *at)
    set_option(bend, "filter_type", "Interpolation", "ANISOTROPIC", "Anisotropic")
    says = source.outputs["Image"]
    if not straighten:
        # The picture is the render, which may have another percentage of its size by then.
        fitted = add_node(tree, "CompositorNodeScale", "Size of Render", at[0] - 100, at[1] - 400)
        set_option(fitted, "space", "Type", "RENDER_SIZE", "Render Size")
        set_option(fitted, "frame_method", "Frame Type", "STRETCH", "Stretch")
        says = through(tree, says, fitted)
    tree.links.new(says, bend.inputs["UV"])
    return through(tree, picture, bend)


def remove_unused_maps() -> None:
    """Remove the maps that no compositor has any more."""
    for image in [each for each in bpy.data.images if _SAYS in each and each.users == 0]:
        bpy.data.images.remove(image)


def _map_of(lens: CurvedLens, *, straighten: bool) -> bpy.types.Image:
    """Return the map of a lens, the one that is there already if there is one."""
    says = f"{'straight' if straighten else 'bent'} {lens}"
    remove_unused_maps()
    for image in bpy.data.images:
        if image.get(_SAYS) == says:
            return image
    width, height = lens.intrinsics.width, lens.intrinsics.height
    pixels = np.stack(np.meshgrid(np.arange(width, dtype=float), np.arange(height, dtype=float)), axis=-1)
    source = lens.on_footage(pixels) if straighten else lens.straightened(pixels)
    values = np.ones((height, width, 4), dtype=np.float32)  # The third is how much of the pixel is seen.
    values[..., 0] = (source[..., 0] + 0.5) / width
    values[..., 1] = 1 - (source[..., 1] + 0.5) / height
    made: Any = bpy.data.images.new("FLAME Lens", width, height, alpha=True, float_buffer=True, is_data=True)
    made.pixels.foreach_set(np.ascontiguousarray(values[::-1]).ravel())
    made.update()
    made.pack()
    made[_SAYS] = says
    return made
