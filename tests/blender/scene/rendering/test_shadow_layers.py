"""Shadows on the head without a shadow catcher of the engine: view layers, suns for the world, and what is restored."""

import bpy
import film
import numpy as np
import pytest
from flame_extension.backend.contract.camera import Intrinsics
from flame_extension.backend.contract.settings import SceneSettings
from flame_extension.backend.contract.track import write_track
from flame_extension.blender_flame_tracker.scene.importer import import_track
from flame_extension.blender_flame_tracker.scene.lighting import environment
from flame_extension.blender_flame_tracker.scene.rendering import shadow_dome
from flame_extension.blender_flame_tracker.scene.rendering.over_footage import lay_over_footage
from flame_extension.blender_flame_tracker.scene.rendering.render_settings import RenderSettings
from flame_extension.blender_flame_tracker.scene.rendering.render_setup import set_up_render
from flame_extension.blender_flame_tracker.scene.rendering.shadow_layers import catch_shadows, shadow_layers
from scene_probes import pixels_by_engine, read_picture
from synthetic_tracks import make_track

SIZE = Intrinsics.centred(film.WIDTH, film.HEIGHT, 130.0)
FRAME = 3
EXACT = 1.01 / 255


@pytest.fixture
def made(tmp_path):
    """Import of a gray clip, a lamp above the camera, and a collection for what is put before the lamp."""
    path = tmp_path / "shot_0001.png"
    for number in range(6):
        gray = np.full((film.HEIGHT, film.WIDTH, 3), 150, dtype=np.uint8)
        path.with_name(f"shot_{number + 1:04d}.png").write_bytes(film.png(gray))
    write_track(tmp_path / "track.npz", make_track(6, intrinsics=SIZE, video={"name": path.name, "path": str(path)}))
    result = import_track(tmp_path / "track.npz", SceneSettings())
    scene = bpy.context.scene
    lamp = bpy.data.objects.new("lamp", bpy.data.lights.new("lamp", "SUN"))
    lamp.data.energy = 3.0
    lamp.parent, lamp.rotation_euler = result.parts.camera, (-0.8, 0.0, 0.0)
    scene.collection.objects.link(lamp)
    scene.world = bpy.data.worlds.new("even")
    if scene.world.node_tree is None:  # There from the start since 5.0.
        scene.world.use_nodes = True
    scene.world.node_tree.nodes["Background"].inputs["Color"].default_value = (0.4, 0.4, 0.4, 1.0)
    props = bpy.data.collections.new("props")
    scene.collection.children.link(props)
    scene.render.engine = "CYCLES"
    return result.parts, props


def brim(camera, collection):
    """A board between the lamp and the head, which fills the upper part of the picture behind."""
    board = bpy.data.objects.new("board", bpy.data.meshes.new("board"))
    board.data.from_pydata([(-9, 0, -9), (9, 0, -9), (9, 0, 9), (-9, 0, 9)], [], [(0, 1, 2, 3)])
    board.parent, board.location = camera, (0.0, 0.9, 0.0)
    collection.objects.link(board)


def rendered(folder, samples=16):
    scene = bpy.context.scene
    if scene.render.engine == "CYCLES":
        scene.cycles.samples, scene.cycles.device, scene.cycles.use_denoising = samples, "CPU", False
    else:
        scene.eevee.taa_render_samples = samples
    scene.render.image_settings.file_format, scene.render.image_settings.color_mode = "PNG", "RGB"
    scene.frame_set(1 + FRAME)
    scene.render.filepath = str(folder / "render.png")
    bpy.ops.render.render(write_still=True)
    return read_picture(folder / "render.png")


def face(picture):
    """Pixels (N, 3) in the middle of the head."""
    points = pixels_by_engine(make_track(6, intrinsics=SIZE), FRAME)
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
    x, y, width, height = (left + right) / 2, (top + bottom) / 2, (right - left) / 4, (bottom - top) / 4
    return picture[int(y - height) : int(y + height), int(x - width) : int(x + width)].reshape(-1, 3)


def by_layers(parts):
    """The set-up of EEVEE, which any engine can render: Cycles does it in a second."""
    scene = bpy.context.scene
    scene.camera, scene.render.film_transparent = parts.camera, True
    scene.view_settings.view_transform = "Standard"
    catch_shadows(scene, parts)
    lay_over_footage(scene, parts.clip)


def test_without_anything_beside_the_head_the_footage_is_as_filmed(made, tmp_path):
    bpy.context.scene.world = None  # Of one lamp Cycles makes no noise.
    by_layers(made[0])
    assert np.abs(rendered(tmp_path) - 150 / 255).max() <= EXACT


def test_a_shadow_is_as_dark_as_that_of_the_catcher_of_cycles(made, tmp_path):
    parts, props = made
    brim(parts.camera, props)
    set_up_render(bpy.context.scene, parts, RenderSettings(head="shadow"))
    native = rendered(tmp_path, samples=32)
    assert not shadow_layers(bpy.context.scene)
    parts.head.is_shadow_catcher = False
    by_layers(parts)
    ours = rendered(tmp_path, samples=32)
    assert face(native).mean() < 0.75 * 150 / 255
    assert face(ours).mean() == pytest.approx(face(native).mean(), abs=0.04)
    assert np.abs(ours[-6:-2, 2:6] - 150 / 255).max() <= EXACT


@pytest.mark.skipif(bpy.app.version >= (4, 3), reason="EEVEE is slow without a graphics card: the oldest does")
def test_eevee_casts_a_shadow_on_the_face_and_leaves_the_rest_as_filmed(made, tmp_path):
    parts, props = made
    brim(parts.camera, props)
    scene = bpy.context.scene
    scene.world = None
    set_up_render(scene, parts, RenderSettings(head="shadow", engine="eevee"))
    picture = rendered(tmp_path, samples=1)
    assert face(picture).mean() < 0.5 * 150 / 255
    assert np.abs(picture[-6:-2, 2:6] - 150 / 255).max() <= EXACT


def test_another_role_takes_everything_back(made):
    parts, props = made
    scene = bpy.context.scene
    props.children.link(bpy.data.collections.new("below"))
    scene.view_layers[0].layer_collection.children["props"].children["below"].exclude = True
    before = contents(scene)
    set_up_render(scene, parts, RenderSettings(head="guide", engine="eevee"))
    plain = contents(scene)
    for _ in range(2):
        set_up_render(scene, parts, RenderSettings(head="shadow", engine="eevee"))
        assert len(scene.view_layers) == 3 and scene.view_layers[0].layer_collection.children[-1].holdout
        assert len([each for each in bpy.data.objects if each.type == "LIGHT"]) == 1 + shadow_dome.SUNS
        assert not scene.view_layers[0].use_sky
        lit, shaded, _ = shadow_layers(scene)
        assert lit.layer_collection.children["props"].exclude
        assert not shaded.layer_collection.children["props"].exclude
        assert shaded.layer_collection.children["props"].children["below"].exclude
    set_up_render(scene, parts, RenderSettings(head="guide", engine="eevee"))
    assert contents(scene) == plain
    assert before["collections"] == plain["collections"] and before["layers"] == plain["layers"]


def test_another_role_takes_back_also_what_is_left_of_collections_that_were_deleted(made):
    parts, _ = made
    scene = bpy.context.scene
    set_up_render(scene, parts, RenderSettings(head="guide", engine="eevee"))
    plain = contents(scene)
    for deleted in (1, 2, 3):
        set_up_render(scene, parts, RenderSettings(head="shadow", engine="eevee"))
        heads = scene.collection.children[-1]
        for each in [heads, *heads.children][:deleted]:
            bpy.data.collections.remove(each)
        set_up_render(scene, parts, RenderSettings(head="guide", engine="eevee"))
        assert contents(scene) == plain


def test_the_collection_of_heads_is_found_where_the_user_has_moved_it(made):
    parts, props = made
    scene = bpy.context.scene
    set_up_render(scene, parts, RenderSettings(head="shadow", engine="eevee"))
    before = contents(scene)
    heads = scene.collection.children[-1]
    props.children.link(heads)
    scene.collection.children.unlink(heads)
    set_up_render(scene, parts, RenderSettings(head="shadow", engine="eevee"))
    after = contents(scene)
    assert all(after[name] == before[name] for name in ("collections", "objects", "lights", "nodes"))
    held_out = [each.layer_collection.children[-1].holdout for each in scene.view_layers]
    assert held_out == [True, False, False]


def test_a_view_layer_is_made_for_the_user_who_has_deleted_it(made):
    parts, _ = made
    scene = bpy.context.scene
    for role, layers in (("shadow", 3), ("guide", 1)):
        set_up_render(scene, parts, RenderSettings(head="shadow", engine="eevee"))
        scene.view_layers.remove(scene.view_layers[0])
        set_up_render(scene, parts, RenderSettings(head=role, engine="eevee"))
        assert len(scene.view_layers) == layers and any("flame_shadows" not in each for each in scene.view_layers)


def test_a_copy_of_the_scene_gives_up_shadows_of_its_own_alone(made):
    parts, _ = made
    scene = bpy.context.scene
    set_up_render(scene, parts, RenderSettings(head="shadow", engine="eevee"))
    copy = scene.copy()
    before = layers_and_lights(scene)
    set_up_render(copy, parts, RenderSettings(head="shadow", engine="eevee"))
    assert layers_and_lights(scene) == before and len(shadow_layers(copy)) == 3
    set_up_render(copy, parts, RenderSettings(head="guide", engine="eevee"))
    assert layers_and_lights(scene) == before and len(copy.view_layers) == 1


def layers_and_lights(scene):
    lights = sorted(each.name for each in scene.objects if each.type == "LIGHT")
    return [(each.name, each.use_sky, layer_collections(each.layer_collection)) for each in scene.view_layers], lights


def contents(scene):
    tree = getattr(scene, "compositing_node_group", None) or getattr(scene, "node_tree", None)
    return {
        "layers": [(each.name, each.use_sky, layer_collections(each.layer_collection)) for each in scene.view_layers],
        "collections": sorted((each.name, len(each.objects)) for each in bpy.data.collections),
        "objects": sorted(each.name for each in bpy.data.objects),
        "lights": len(bpy.data.lights),
        "groups": sorted(each.name for each in bpy.data.node_groups),
        "nodes": [] if tree is None else sorted(each.name for each in tree.nodes),
    }


def layer_collections(layer):
    return [(each.name, each.exclude, each.holdout, layer_collections(each)) for each in layer.children]


def test_one_undo_takes_the_view_layers_back(made, engine):
    scene = bpy.context.scene
    bpy.ops.ed.undo_push(message="before")
    before = contents(scene)
    assert bpy.ops.flame.set_up_render("EXEC_DEFAULT", head="shadow", engine="eevee") == {"FINISHED"}
    assert len(bpy.context.scene.view_layers) == 3
    bpy.ops.ed.undo_push(message="set up")
    bpy.ops.ed.undo()
    after = contents(bpy.context.scene)
    assert after["layers"] == before["layers"] and after["objects"] == before["objects"]


def test_what_is_in_no_collection_is_named(made):
    parts, _ = made
    brim(parts.camera, bpy.context.scene.collection)
    said = set_up_render(bpy.context.scene, parts, RenderSettings(head="shadow", engine="eevee"))
    assert "board" in next(each.sentence for each in said if each.code == "no-shadow-cast")


def test_the_suns_give_as_much_light_as_the_world(made):
    parts, props = made
    assert shadow_dome.write_dome(bpy.context.scene.world, parts.camera, props)
    lamps = [each.data for each in props.objects]
    # A white surface that lies half in the light has a mean of the radiance on it; suns of pi give one.
    total = sum(np.array(each.color) * each.energy for each in lamps)
    assert total == pytest.approx(np.full(3, 0.4 * 4 * np.pi), rel=1e-3)
    shadow_dome.remove_dome(props)
    assert not props.objects


def test_a_world_whose_light_nobody_can_tell_stays_on(made):
    parts, _ = made
    scene = bpy.context.scene
    tree = scene.world.node_tree
    tree.links.new(tree.nodes.new("ShaderNodeTexSky").outputs[0], tree.nodes["Background"].inputs["Color"])
    set_up_render(scene, parts, RenderSettings(head="shadow", engine="eevee"))
    assert all(each.use_sky for each in scene.view_layers)


def test_light_from_one_side_comes_from_the_suns_of_that_side():
    towards = environment.directions_around(16)
    radiance = np.zeros((environment.HEIGHT, environment.WIDTH, 3))
    radiance[environment.HEIGHT // 2 :] = 1.0  # The lowest row comes first.
    found = environment.radiance_towards(towards, radiance)
    assert found.shape == (16, 3)
    assert found[towards[:, 2] > 0.3].min() > 0.8 and found[towards[:, 2] < -0.3].max() < 0.2
