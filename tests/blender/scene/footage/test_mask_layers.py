"""Layers of a Blender mask cover what Blender's own Mask node shows, whatever their order, blending and outlines."""

import bpy
import numpy as np
import pytest
from flame_extension.blender_flame_tracker.scene.footage.masks import outlines_of
from flame_extension.blender_flame_tracker.scene.rendering.compositor_nodes import compositor

WIDTH, HEIGHT = 96, 54
HAND, FINGERS, SLEEVE = ((0.1, 0.3), (0.6, 0.7)), ((0.2, 0.4), (0.4, 0.55)), ((0.5, 0.45), (0.9, 0.6))


def add_layer(mask, blend, *squares, invert=False, holes=False):
    layer = mask.layers.new(name="layer")
    layer.blend, layer.invert, layer.use_fill_holes = blend, invert, holes
    for (left, low), (right, high) in squares:
        spline = layer.splines.new()
        spline.points.add(4 - len(spline.points))
        spline.use_cyclic = True
        corners = ((left, low), (right - 0.03, low), (right, high), (left, high - 0.02))
        for point, corner in zip(spline.points, corners, strict=True):
            point.handle_left_type = point.handle_right_type = "VECTOR"
            point.co = corner


def shown_by_blender(mask, folder):
    """What the Mask node gives (H, W), 0 to 1, rows from the top."""
    scene = bpy.data.scenes.new("truth")
    render = scene.render
    render.resolution_x, render.resolution_y, render.resolution_percentage = WIDTH, HEIGHT, 100
    render.filepath, render.image_settings.file_format = str(folder / "mask.png"), "PNG"
    scene.view_settings.view_transform = "Raw"
    tree, output = compositor(scene)
    for node in [each for each in tree.nodes if each.bl_idname == "CompositorNodeRLayers"]:
        tree.nodes.remove(node)
    node = tree.nodes.new("CompositorNodeMask")
    node.mask = mask
    tree.links.new(node.outputs[0], output)
    bpy.ops.render.render(write_still=True, scene=scene.name)
    picture = bpy.data.images.load(render.filepath)
    picture.colorspace_settings.name = "Non-Color"
    return np.array(picture.pixels[:]).reshape(HEIGHT, WIDTH, -1)[::-1, :, 0]


def inside(outlines):
    """Which pixels (H, W) have their middles in any of some outlines, and in none of those that are taken out."""
    x, y = np.meshgrid((np.arange(WIDTH) + 0.5) / WIDTH, (np.arange(HEIGHT) + 0.5) / HEIGHT)
    result = np.zeros((HEIGHT, WIDTH), dtype=bool)
    for outline in outlines:
        odd = np.zeros_like(result)
        corners = outline.corners[0]
        for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
            if y0 != y1:
                odd ^= ((y0 > y) != (y1 > y)) & (x < x0 + (y - y0) * (x1 - x0) / (y1 - y0))
        result |= odd & ~inside(outline.without)
    return result


def beside_edges(truth):
    """Which pixels are as all around them: along edges Blender's have shades of grey."""
    low = high = truth
    for axis in (0, 1):
        around = [np.roll(each, by, axis=axis) for each in (low, high) for by in (-1, 0, 1)]
        low, high = np.minimum.reduce(around), np.maximum.reduce(around)
    return high - low < 0.02


@pytest.mark.parametrize(
    "layers",
    [
        [("MERGE_ADD", (HAND,)), ("MERGE_SUBTRACT", (FINGERS,)), ("MERGE_ADD", (SLEEVE,))],
        [("ADD", (HAND, SLEEVE)), ("SUBTRACT", (FINGERS, SLEEVE))],
        [("MERGE_ADD", (FINGERS, SLEEVE), "invert")],
        [("LIGHTEN", (FINGERS,)), ("MERGE_ADD", (HAND, SLEEVE), "invert")],
        [("MERGE_ADD", (HAND, SLEEVE)), ("MERGE_SUBTRACT", (FINGERS, SLEEVE), "invert")],
        [("MERGE_ADD", (HAND, FINGERS, SLEEVE), "holes")],
        [("MERGE_ADD", (HAND, FINGERS, SLEEVE), "invert", "holes"), ("SUBTRACT", (SLEEVE,))],
        [("MERGE_ADD", (HAND,)), ("MUL", (FINGERS, SLEEVE))],
        [("MERGE_ADD", (HAND,)), ("DARKEN", (HAND, FINGERS), "invert", "holes")],
        [("MERGE_ADD", (HAND,)), ("REPLACE", (SLEEVE,)), ("SUBTRACT", ())],
        [("MERGE_ADD", (HAND,)), ("MUL", ())],
        [("MERGE_SUBTRACT", (HAND,)), ("MERGE_ADD", (), "invert"), ("SUBTRACT", (FINGERS,))],
    ],
    ids=lambda layers: " ".join("-".join((layer[0], *layer[2:])) for layer in layers),
)
def test_a_mask_covers_what_blender_shows(layers, tmp_path):
    mask = bpy.data.masks.new("left out")
    for blend, squares, *options in layers:
        add_layer(mask, blend, *squares, invert="invert" in options, holes="holes" in options)
    truth = shown_by_blender(mask, tmp_path)
    flat = beside_edges(truth)
    assert flat.mean() > 0.7
    np.testing.assert_array_equal(inside(outlines_of(mask, [1], (WIDTH, HEIGHT)))[flat], truth[flat] > 0.5)


def test_a_hidden_layer_takes_nothing_out():
    mask = bpy.data.masks.new("left out")
    add_layer(mask, "MERGE_ADD", HAND)
    add_layer(mask, "SUBTRACT", FINGERS)
    mask.layers[1].hide_render = True
    (outline,) = outlines_of(mask, [1], (WIDTH, HEIGHT))
    assert outline.without == ()
