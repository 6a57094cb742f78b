"""The light of a render: the estimate as a world, or as a sun and an even world that shade alike."""

import bpy
import numpy as np
import pytest
from flame_extension.backend.contract.camera import Intrinsics
from flame_extension.backend.contract.settings import SceneSettings
from flame_extension.backend.contract.shading import light_terms
from flame_extension.backend.contract.track import write_track
from flame_extension.blender_flame_tracker.scene.importer import import_track
from flame_extension.blender_flame_tracker.scene.rendering.render_light import SUN, sun_of
from flame_extension.blender_flame_tracker.scene.rendering.render_settings import RenderSettings
from flame_extension.blender_flame_tracker.scene.rendering.render_setup import set_up_render
from scene_probes import read_picture
from synthetic_tracks import make_track, with_rows

SIDE = 48


def lit_by_a_sun(direction, strength, even):
    """Harmonics (9, 3) that fit a sun and an even light best, over all directions; contract's axes."""
    random = np.random.default_rng(0)
    normals = random.normal(size=(4000, 3))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    shading = np.asarray(even) + np.maximum(normals @ direction, 0)[:, None] * np.asarray(strength)
    return np.linalg.lstsq(light_terms(normals), shading, rcond=None)[0]


DIRECTION = np.array([-0.6, -0.64, -0.48])
"""From the left of the picture, from above and from the camera's side."""


def test_a_sun_and_even_light_are_found_in_their_harmonics():
    sun = sun_of(lit_by_a_sun(DIRECTION, (0.8, 0.7, 0.5), (0.3, 0.3, 0.4)))
    assert sun.direction == pytest.approx(DIRECTION * (1, -1, -1), abs=0.03)
    assert sun.strength == pytest.approx((0.8, 0.7, 0.5), rel=0.15)
    assert sun.even == pytest.approx((0.3, 0.3, 0.4), abs=0.1)


def test_even_light_has_no_sun_and_no_light_is_negative():
    even = np.zeros((9, 3))
    even[0] = 1.0
    assert sun_of(even).strength == pytest.approx((0, 0, 0), abs=1e-9)
    steep = np.zeros((9, 3))
    steep[0], steep[2] = 1.0, -3.0
    sun = sun_of(steep)
    assert sun.strength.min() >= 0 and sun.even.min() >= 0


@pytest.fixture
def lit(tmp_path):
    """An import of a track that knows its light."""
    light = lit_by_a_sun(DIRECTION, (0.9, 0.9, 0.9), (0.3, 0.3, 0.3))
    track = make_track(3, intrinsics=Intrinsics.centred(SIDE, SIDE, 250.0))
    track.header["shading"] = {"space": "own"}
    track = with_rows(
        track,
        light=np.broadcast_to(light, (3, 9, 3)).astype(np.float32),
        gain=np.ones((3, 3), np.float32),
        albedo=np.zeros(2, np.float32),
    )
    write_track(tmp_path / "track.npz", track)
    return import_track(tmp_path / "track.npz", SceneSettings()).parts


def white_ball(camera):
    bpy.ops.mesh.primitive_uv_sphere_add(segments=48, ring_count=24, radius=0.04)
    ball = bpy.context.object
    ball.data.shade_smooth()
    ball.parent, ball.location = camera, (0.0, 0.0, -0.6)
    material = bpy.data.materials.new("white")
    if material.node_tree is None:  # There from the start since 5.0.
        material.use_nodes = True
    tree = material.node_tree
    tree.nodes.clear()
    shader, output = tree.nodes.new("ShaderNodeBsdfDiffuse"), tree.nodes.new("ShaderNodeOutputMaterial")
    shader.inputs["Color"].default_value = (0.5, 0.5, 0.5, 1.0)
    tree.links.new(shader.outputs[0], output.inputs[0])
    ball.data.materials.append(material)


def brightness(folder):
    """Linear brightness at the upper left, in the middle and at the lower right of the ball."""
    scene = bpy.context.scene
    scene.cycles.samples, scene.cycles.device, scene.cycles.use_denoising = 32, "CPU", False
    scene.render.image_settings.file_format, scene.render.image_settings.color_mode = "PNG", "RGB"
    scene.render.filepath = str(folder / "ball.png")
    bpy.ops.render.render(write_still=True)
    picture = np.asarray(read_picture(folder / "ball.png"), dtype=np.float64).mean(axis=2) ** 2.2
    half, off = SIDE // 2, SIDE // 5
    places = ((half - off, half - off), (half, half), (half + off, half + off))
    return np.array([picture[y - 2 : y + 3, x - 2 : x + 3].mean() for y, x in places])


def test_world_and_sun_shade_a_prop_alike_and_the_sun_goes_with_the_choice(lit, tmp_path):
    scene = bpy.context.scene
    white_ball(lit.camera)
    file = tmp_path / "track.npz"
    shades = {}
    for light in ("world", "lamps"):
        set_up_render(scene, lit, RenderSettings(head="guide", engine="cycles", light=light), file)
        assert (SUN in lit.collection) == (light == "lamps")
        shades[light] = brightness(tmp_path)
    assert shades["world"][0] > 1.5 * shades["world"][2]
    assert shades["lamps"] == pytest.approx(shades["world"], rel=0.2)
    set_up_render(scene, lit, RenderSettings(head="guide", light="lamps"), file)
    set_up_render(scene, lit, RenderSettings(head="guide", light="world"), file)
    assert not bpy.data.lights


def test_a_track_without_light_says_so_and_the_scene_keeps_its_own(tmp_path):
    write_track(tmp_path / "dark.npz", make_track(3, intrinsics=Intrinsics.centred(SIDE, SIDE, 250.0)))
    parts = import_track(tmp_path / "dark.npz", SceneSettings()).parts
    world = bpy.context.scene.world
    said = set_up_render(bpy.context.scene, parts, RenderSettings(head="guide", light="world"), tmp_path / "dark.npz")
    assert "no-light" in [notice.code for notice in said] and bpy.context.scene.world == world
