"""The finish of a render: the footage stays as filmed under every view, and the render gets view, lens and grain."""

import bpy
import film
import numpy as np
import pytest
from flame_extension.backend.contract.camera import Intrinsics
from flame_extension.backend.contract.settings import SceneSettings
from flame_extension.backend.contract.track import write_track
from flame_extension.blender_flame_tracker.scene.footage.plate import background_of
from flame_extension.blender_flame_tracker.scene.importer import import_track
from flame_extension.blender_flame_tracker.scene.rendering.render_finish import NAME, space_of
from flame_extension.blender_flame_tracker.scene.rendering.render_grain import Grain, measured
from flame_extension.blender_flame_tracker.scene.rendering.render_settings import RenderSettings
from flame_extension.blender_flame_tracker.scene.rendering.render_setup import set_up_render
from scene_probes import read_picture
from synthetic_tracks import make_track

SIZE = Intrinsics.centred(film.WIDTH, film.HEIGHT, 130.0)
WALL = (1.4, 0.3, 0.06)
"""Linear color of a shining wall that fills the right half of the picture."""
EXACT = 1.01 / 255
VIEWS = ("AgX", "Filmic", "Khronos PBR Neutral", *(("ACES 1.3", "ACES 2.0") if bpy.app.version >= (5, 0) else ()))


@pytest.fixture
def made(tmp_path):
    """Import of a clip whose pictures are as colourful as pictures can be; the head is a guide."""
    pixels = np.random.default_rng(0).integers(0, 256, (film.HEIGHT, film.WIDTH, 3), dtype=np.uint8)
    # Read as a sequence of pictures, whose values no video codec changes.
    folder = tmp_path / "clip"
    folder.mkdir()
    for number in range(6):
        (folder / f"shot_{number + 1:04d}.png").write_bytes(film.png(pixels))
    path = folder / "shot_0001.png"
    write_track(tmp_path / "track.npz", make_track(6, intrinsics=SIZE, video={"name": path.name, "path": str(path)}))
    result = import_track(tmp_path / "track.npz", SceneSettings())
    result.parts.head.hide_render = True
    wall_at_the_right(result.parts.camera)
    scene = bpy.context.scene
    scene.render.engine, scene.cycles.samples, scene.cycles.device = "CYCLES", 1, "CPU"
    scene.cycles.use_denoising = False
    scene.render.image_settings.color_mode = "RGB"
    return result.parts, pixels / 255


def wall_at_the_right(camera):
    wall = bpy.data.objects.new("wall", bpy.data.meshes.new("wall"))
    wall.data.from_pydata([(0.0, -9, -1), (9, -9, -1), (9, 9, -1), (0.0, 9, -1)], [], [(0, 1, 2, 3)])
    wall.parent = camera
    material = bpy.data.materials.new("light")
    if material.node_tree is None:  # There from the start since 5.0.
        material.use_nodes = True
    tree = material.node_tree
    tree.nodes.clear()
    light, output = tree.nodes.new("ShaderNodeEmission"), tree.nodes.new("ShaderNodeOutputMaterial")
    light.inputs["Color"].default_value = (*WALL, 1.0)
    tree.links.new(light.outputs[0], output.inputs["Surface"])
    wall.data.materials.append(material)
    bpy.context.scene.collection.objects.link(wall)


def rendered(folder, frame=3):
    scene = bpy.context.scene
    scene.frame_set(frame)
    scene.render.filepath = str(folder / f"render{frame}.png")
    bpy.ops.render.render(write_still=True)
    return read_picture(folder / f"render{frame}.png")


def shown_by(view, folder):
    """The wall's color (3,) as Blender's own view transform shows it, without a compositor."""
    scene = bpy.context.scene
    scene.view_settings.view_transform = view
    scene.render.use_compositing = False
    color = rendered(folder)[32, 120]
    scene.render.use_compositing = True
    return color


LEFT, RIGHT = slice(2, 56), slice(72, 126)
"""Columns that the wall does not reach, and those that it fills."""


@pytest.mark.parametrize("view", ("Standard", *VIEWS))
@pytest.mark.parametrize("kept", ["filmed", "render"])
def test_the_footage_stays_as_filmed_whatever_view_the_scene_has(made, tmp_path, view, kept):
    parts, footage = made
    bpy.context.scene.view_settings.view_transform = view
    bpy.context.scene.view_settings.exposure = 0.7
    set_up_render(bpy.context.scene, parts, RenderSettings(view=kept))
    assert np.abs(rendered(tmp_path) - footage)[:, LEFT].max() <= EXACT


@pytest.mark.parametrize("view", VIEWS)
def test_a_kept_view_shows_the_render_as_blenders_own_view_does(made, tmp_path, view):
    parts, _ = made
    scene = bpy.context.scene
    wanted = shown_by(view, tmp_path)
    assert np.abs(wanted - shown_by("Standard", tmp_path)).max() > 0.02
    scene.view_settings.view_transform = view
    for _again in range(2):  # Pressed again, the view is remembered, though the scene shows with Standard now.
        assert set_up_render(scene, parts, RenderSettings(head="guide", view="render")) == []
        assert scene.view_settings.view_transform == "Standard"
        assert np.abs(rendered(tmp_path)[32, 120] - wanted).max() <= EXACT


def test_a_view_without_a_color_space_is_given_up_with_a_word(made):
    parts, _ = made
    bpy.context.scene.view_settings.view_transform = "False Color"
    assert space_of("False Color") is None
    codes = [notice.code for notice in set_up_render(bpy.context.scene, parts, RenderSettings("guide", view="render"))]
    assert codes == ["view-not-kept"]


def test_soft_edges_have_no_dark_fringe(made, tmp_path):
    parts, footage = made
    scene = bpy.context.scene
    scene.cycles.samples = 64
    scene.cycles.pixel_filter_type, scene.cycles.filter_width = "GAUSSIAN", 8.0
    set_up_render(scene, parts, RenderSettings(head="guide"))
    plain = rendered(tmp_path)
    scene.view_settings.view_transform = "Khronos PBR Neutral"
    set_up_render(scene, parts, RenderSettings(head="guide", view="render"))
    kept = rendered(tmp_path)
    edge = slice(58, 70)
    # A mix of footage and wall is never darker than the darker of the two.
    for picture in (plain, kept):
        least = np.minimum(footage, picture[:, RIGHT].mean(axis=(0, 1)))[:, edge]
        assert (picture[:, edge] >= least - 2.5 / 255).all()


def noisy(deviation, softness, seed=0):
    """A flat picture (H, W, 3) with grain."""
    random = np.random.default_rng(seed)
    noise = random.normal(0, 1, (120, 162, 3))
    if softness:
        noise = (noise[:, 2:] + 2 * noise[:, 1:-1] + noise[:, :-2]) / 6**0.5
    return 0.5 + np.asarray(deviation) * noise


@pytest.mark.parametrize("softness", [0, 1])
def test_grain_is_measured_where_the_picture_is_flat(softness):
    picture = noisy((0.02, 0.01, 0.03), softness)
    random = np.random.default_rng(1)
    picture[:40] = random.random((40, picture.shape[1], 3))  # Foliage.
    picture[40:80] += np.linspace(-0.2, 0.2, picture.shape[1])[:, None]  # A shaded wall.
    deviation, found = measured(picture)
    assert deviation == pytest.approx((0.02, 0.01, 0.03), rel=0.15)
    assert found < 0.1 if softness == 0 else found > 0.2


def test_a_picture_that_is_clipped_all_over_has_no_grain_to_measure():
    assert measured(np.ones((200, 200, 3))) is None


@pytest.fixture
def grainy(made, tmp_path, monkeypatch):
    """The set-up with grain of a known strength on the wall."""
    from flame_extension.blender_flame_tracker.scene.rendering import render_setup

    parts, footage = made
    known = Grain((0.03, 0.015, 0.045), 0.0, film.WIDTH, film.HEIGHT)
    monkeypatch.setattr(render_setup, "grain_of_footage", lambda *_: known)
    set_up_render(bpy.context.scene, parts, RenderSettings(head="guide", grain=1.0))
    wall = bpy.data.materials["light"].node_tree.nodes["Emission"]
    wall.inputs["Color"].default_value = (0.2, 0.2, 0.2, 1.0)
    return footage


def test_the_render_gets_the_grain_of_the_footage_and_the_footage_none(grainy, tmp_path):
    first, second = rendered(tmp_path, 2), rendered(tmp_path, 3)
    assert np.abs(first - grainy)[:, LEFT].max() <= EXACT
    grain = first[:, RIGHT] - first[:, RIGHT].mean(axis=(0, 1))
    assert grain.std(axis=(0, 1)) == pytest.approx((0.03, 0.015, 0.045), rel=0.1)
    across = (grain[:, 1:] * grain[:, :-1]).mean() / (grain**2).mean()
    down = (grain[1:] * grain[:-1]).mean() / (grain**2).mean()
    channels = (grain[..., 0] * grain[..., 1]).mean() / (grain[..., 0].std() * grain[..., 1].std())
    later = second[:, RIGHT] - second[:, RIGHT].mean(axis=(0, 1))
    frames = (grain * later).mean() / (grain**2).mean()
    assert max(abs(each) for each in (across, down, channels, frames)) < 0.1


def test_a_frame_that_is_rendered_again_has_the_same_grain(grainy, tmp_path):
    assert np.array_equal(rendered(tmp_path, 2), rendered(tmp_path, 2))


def test_soft_grain_is_as_strong_and_neighbours_are_alike(made, tmp_path, monkeypatch):
    from flame_extension.blender_flame_tracker.scene.rendering import render_setup

    known = Grain((0.03, 0.03, 0.03), 0.6, film.WIDTH, film.HEIGHT)
    monkeypatch.setattr(render_setup, "grain_of_footage", lambda *_: known)
    bpy.data.materials["light"].node_tree.nodes["Emission"].inputs["Color"].default_value = (0.2, 0.2, 0.2, 1.0)
    set_up_render(bpy.context.scene, made[0], RenderSettings(head="guide", grain=1.0))
    grain = rendered(tmp_path)[2:-2, RIGHT]
    assert grain.std(axis=(0, 1)) == pytest.approx((0.03,) * 3, rel=0.12)
    found = measured(grain)
    assert found is None or found[1] == pytest.approx(0.6, abs=0.2)


@pytest.mark.parametrize("lens", ["render", "footage"])
def test_a_lens_that_bends_is_put_on_the_render_or_taken_off_the_footage(made, tmp_path, lens):
    parts, footage = made
    scene = bpy.context.scene
    set_up_render(scene, parts, RenderSettings(head="guide", lens=lens))
    straight = rendered(tmp_path)
    parts.clip.tracking.camera.k1 = 0.3
    # As the import leaves it where the track was made on straightened pictures.
    background_of(parts.lens, parts.clip, "BACK").clip_user.use_render_undistorted = True
    set_up_render(scene, parts, RenderSettings(head="guide", lens=lens))
    bent = rendered(tmp_path)
    changed = np.abs(bent - straight).max(axis=2) > 0.05
    if lens == "render":
        assert np.abs(bent - footage)[:, 2:40].max() <= EXACT
    else:
        assert changed[:, 2:40].any() and not changed[:, 100:].any()
    parts.clip.tracking.camera.k1 = 0.0
    set_up_render(scene, parts, RenderSettings(head="guide", lens=lens))
    assert np.abs(rendered(tmp_path) - straight).max() <= EXACT


def test_footage_is_straightened_where_the_render_has_another_shape(made):
    parts, _ = made
    parts.clip.tracking.camera.k1 = 0.3
    background_of(parts.lens, parts.clip, "BACK").clip_user.use_render_undistorted = True
    bpy.context.scene.render.resolution_y = film.WIDTH
    said = set_up_render(bpy.context.scene, parts, RenderSettings(head="guide"))
    assert [notice.code for notice in said] == ["footage-straightened"]


def test_a_lens_that_the_track_did_not_take_off_changes_nothing(made, tmp_path):
    parts, _ = made
    set_up_render(bpy.context.scene, parts, RenderSettings(head="guide"))
    before = rendered(tmp_path)
    parts.clip.tracking.camera.k1 = 0.3
    set_up_render(bpy.context.scene, parts, RenderSettings(head="guide"))
    assert np.abs(rendered(tmp_path) - before).max() <= EXACT


def test_pressing_again_changes_nothing_and_leaves_nothing_behind(made, tmp_path):
    parts, _ = made
    scene = bpy.context.scene
    scene.view_settings.view_transform = "AgX"
    wanted = RenderSettings(head="shadow", view="render", grain=1.0, motion_blur=True)
    set_up_render(scene, parts, wanted)

    def amounts():
        tree = scene.compositing_node_group if hasattr(scene, "compositing_node_group") else scene.node_tree
        return (
            sorted(node.name for node in tree.nodes),
            sorted(each.name for each in bpy.data.node_groups),
            sorted(each.name for each in bpy.data.objects),
            len(bpy.data.textures),
            len(tree.links),
        )

    before = amounts()
    set_up_render(scene, parts, wanted)
    assert amounts() == before
    set_up_render(scene, parts, RenderSettings())
    assert not any(group.name.startswith(NAME) for group in bpy.data.node_groups)
    assert not scene.render.use_motion_blur
