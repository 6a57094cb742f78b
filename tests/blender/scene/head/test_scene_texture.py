"""The baked texture is on the head's materials, is renewed without a rest, and comes off again."""

import json

import bpy
import numpy as np
import pytest
from film import write_picture
from flame_extension.backend.contract.settings import SceneSettings
from flame_extension.backend.contract.track import write_track
from flame_extension.blender_flame_tracker.scene.importer import import_track
from flame_extension.blender_flame_tracker.scene.lighting.light import light_of
from synthetic_tracks import make_track

SLOTS = 7


@pytest.fixture
def track(tmp_path):
    """A track file with its texture beside it."""
    write_track(tmp_path / "track.npz", make_track(2))
    write_picture(tmp_path / "texture.png", (1.0, 0.0, 0.0))
    return tmp_path / "track.npz"


def shown(made):
    """The picture that every material shows in its colour, and the factor with which it does."""
    found = []
    for material in made.parts.head.data.materials:
        trees = [material.node_tree, *(n.node_tree for n in material.node_tree.nodes if n.type == "GROUP")]
        shader = next(node for tree in trees for node in tree.nodes if node.type == "BSDF_PRINCIPLED")
        waiting, pictures = [shader.inputs["Base Color"]], []
        while waiting:
            for link in waiting.pop().links:
                node = link.from_node
                pictures += [node.image] if node.type == "TEX_IMAGE" else []
                waiting += [each for each in node.inputs if each.type == "RGBA" or each.name in ("A", "B")]
        found.append(pictures)
    return found


def test_every_material_shows_the_texture_beside_the_track(track):
    made = import_track(track, SceneSettings(plate=False))
    (image,) = bpy.data.images
    assert shown(made) == [[image]] * SLOTS
    assert image.size[:] == (8, 8) and image.pixels[0] == 1.0
    assert made.notices == ()


def test_importing_again_shows_the_new_picture_and_leaves_no_rest(track):
    import_track(track, SceneSettings(plate=False))
    nodes = [len(material.node_tree.nodes) for material in bpy.data.materials]
    write_picture(track.parent / "texture.png", (0.0, 1.0, 0.0))
    made = import_track(track, SceneSettings(plate=False))
    (image,) = bpy.data.images
    assert image.pixels[0:3] == (0.0, 1.0, 0.0) and shown(made) == [[image]] * SLOTS
    assert [len(material.node_tree.nodes) for material in bpy.data.materials] == nodes


def test_plain_takes_it_off_and_texture_puts_it_on_again(track):
    plain = import_track(track, SceneSettings(plate=False, material="plain"))
    assert not bpy.data.images
    colours = [tuple(material.diffuse_color) for material in bpy.data.materials]
    links = [len(material.node_tree.links) for material in bpy.data.materials]
    import_track(track, SceneSettings(plate=False))
    assert len(bpy.data.images) == 1
    made = import_track(track, SceneSettings(plate=False, material="plain"))
    assert made.parts == plain.parts and shown(made) == [[]] * SLOTS and not bpy.data.images
    assert [tuple(material.diffuse_color) for material in bpy.data.materials] == colours
    assert [len(material.node_tree.links) for material in bpy.data.materials] == links
    tree = made.parts.head.data.materials[4].node_tree
    shader = next(node for node in tree.nodes if node.type == "BSDF_PRINCIPLED")
    assert shader.inputs["Subsurface Weight"].default_value == pytest.approx(0.2)


def test_a_texture_elsewhere_can_be_chosen_and_one_that_is_gone_is_told(track, tmp_path):
    write_picture(tmp_path / "painted.png", (0.0, 0.0, 1.0))
    made = import_track(track, SceneSettings(plate=False, texture=str(tmp_path / "painted.png")))
    assert bpy.data.images[0].pixels[0:3] == (0.0, 0.0, 1.0)
    made = import_track(track, SceneSettings(plate=False, texture=str(tmp_path / "gone.png")))
    assert [notice.code for notice in made.notices] == ["texture-missing"] and shown(made) == [[]] * SLOTS


def test_a_damaged_picture_is_told_and_the_head_is_plain(track):
    (track.parent / "texture.png").write_bytes(b"no picture")
    made = import_track(track, SceneSettings(plate=False))
    assert [notice.code for notice in made.notices] == ["texture-unreadable"]
    assert shown(made) == [[]] * SLOTS and not bpy.data.images


def test_materials_of_the_user_stay(track):
    made = import_track(track, SceneSettings(plate=False, material="plain"))
    mine = bpy.data.materials.new("mine")
    mine.use_nodes = True
    made.parts.head.data.materials[0] = mine
    nodes = len(mine.node_tree.nodes)
    made = import_track(track, SceneSettings(plate=False))
    assert made.parts.head.data.materials[0] == mine and len(mine.node_tree.nodes) == nodes
    assert shown(made)[1:] == [[bpy.data.images[0]]] * (SLOTS - 1)


def test_what_the_user_changed_around_the_texture_stays(track):
    made = import_track(track, SceneSettings(plate=False))
    tree = made.parts.head.data.materials[0].node_tree
    tree.nodes["FLAME Texture Mix"].inputs["Factor"].default_value = 0.5
    import_track(track, SceneSettings(plate=False))
    assert tree.nodes["FLAME Texture Mix"].inputs["Factor"].default_value == 0.5


def test_the_picture_is_found_when_the_project_was_moved(track, tmp_path):
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "shot.blend"))
    import_track(track, SceneSettings(plate=False))
    assert bpy.data.images[0].filepath == "//texture.png"


def test_light_is_read_beside_the_texture(track):
    light = np.arange(27.0).reshape(9, 3)
    facts = track.parent / "texture_light.json"
    facts.write_text(json.dumps({"light": light.tolist()}), "utf-8")
    found = light_of(make_track(2), track.parent / "texture.png")
    assert np.array_equal(found[0], [light, light]) and np.array_equal(found[1], np.ones((2, 3)))
    facts.write_text(json.dumps({"light": light.tolist(), "light_removed": False}), "utf-8")
    even, _gain = light_of(make_track(2), track.parent / "texture.png")
    assert np.all(even[:, 0] == 1) and np.all(even[:, 1:] == 0), "the texture has the light in it already"
    facts.write_text(json.dumps({"light": [1, 2]}), "utf-8")
    assert light_of(make_track(2), track.parent / "texture.png") is None
