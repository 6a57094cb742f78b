"""From a tree to a job: folders, ranges, cameras, and files that two nodes want."""

import math
from pathlib import Path

import bpy
import pytest
from flame_extension.backend.contract.job import parse_job
from flame_extension.backend.contract.settings import CameraSettings
from flame_extension.blender_flame_tracker.nodes.compile import compile_tree
from node_helpers import compiled, settings

pytestmark = pytest.mark.usefixtures("addon")


@pytest.fixture
def clip(tmp_path):
    return tmp_path / "clïps" / "take one.mp4"


def failure(tree, target=None):
    return compile_tree(tree, bpy.context.scene, target)


def test_the_job_is_what_the_engine_reads(tree):
    job = compiled(tree).job
    assert parse_job(job.to_json()) == job
    assert [stage.kind for stage in job.stages][-1] == "report"


def test_settings_of_the_nodes_are_those_of_the_job(tree):
    tree.nodes["Fit"].smoothness, tree.nodes["Landmarks"].quality = 2.5, "best"
    assert settings(tree, "Fit").smoothness == 2.5 and settings(tree, "Landmarks").quality == "best"


def test_the_track_lies_beside_the_clip_until_the_file_is_saved_and_beside_that_then(tree, clip, tmp_path):
    assert settings(tree, "Track File").path == str(clip.parent / "take one_flame" / "track.npz")
    assert compiled(tree).tracks == {"Track File": clip.parent / "take one_flame" / "track.npz"}
    (tmp_path / "shots").mkdir()
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "shots" / "a.blend"))
    assert settings(tree, "Track File").path == str(tmp_path / "shots" / "take one_flame" / "track.npz")
    assert compiled(tree).imports[0].track == tmp_path / "shots" / "take one_flame" / "track.npz"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("", "take one_flame/track.npz"),
        ("best/take.npz", "take one_flame/best/take.npz"),
        ("//results/take.npz", "results/take.npz"),
        ("/somewhere/take.npz", "/somewhere/take.npz"),
    ],
)
def test_where_a_track_file_lies(tree, tmp_path, written, meant):
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "a.blend"))
    tree.nodes["Track File"].path = written
    assert settings(tree, "Track File").path == str(tmp_path / meant)


def test_paths_relative_to_the_file_are_resolved_and_go_on_working_when_the_project_moves(tree, tmp_path):
    for place in ("here", "there"):
        (tmp_path / place).mkdir()
        bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / place / "a.blend"), relative_remap=False)
        tree = bpy.context.scene.flame.tree
        tree.nodes["Video"].path = "//footage/take.mp4"
        tree.nodes["Head Model"].identity_track = "//other.npz"
        assert settings(tree, "Video").path == str(tmp_path / place / "footage" / "take.mp4")
        assert settings(tree, "Head Model").identity_track == str(tmp_path / place / "other.npz")
        assert settings(tree, "Head Model").file == ""


def test_a_video_is_needed_and_the_node_is_named(tree):
    tree.nodes["Video"].path, tree.nodes["Video"].label = "", "Take One"
    assert str(failure(tree)) == "Take One: no video is chosen. Choose a video file."
    assert failure(tree, "Camera").code == "video-missing"
    assert compiled(tree, "Head Model").job.stages[0].name == "Head Model"


def test_the_range_of_the_whole_clip_and_a_range_of_ones_own(tree):
    video = tree.nodes["Video"]
    video.first_frame, video.last_frame = 20, 40
    assert (settings(tree, "Video").first_frame, settings(tree, "Video").last_frame) == (0, -1)
    video.range = "custom"
    assert (settings(tree, "Video").first_frame, settings(tree, "Video").last_frame) == (20, 40)
    video.last_frame = -1
    assert settings(tree, "Video").last_frame == -1
    video.last_frame = 10
    assert failure(tree).sentence == "Video: its last frame lies before its first."


def test_the_scenes_range_is_seen_through_the_frame_at_which_the_clip_starts(tree, scene):
    tree.nodes["Video"].range = "scene"
    scene.frame_start, scene.frame_end = 101, 150
    assert (settings(tree, "Video").first_frame, settings(tree, "Video").last_frame) == (100, 149)
    tree.nodes["Scene"].start_at = 91
    assert (settings(tree, "Video").first_frame, settings(tree, "Video").last_frame) == (10, 59)
    # The track's first frame comes back to where the scene's range begins.
    assert compiled(tree).imports[0].settings.start_at == 101
    tree.nodes["Scene"].start_at = 121
    assert (settings(tree, "Video").first_frame, settings(tree, "Video").last_frame) == (0, 29)
    assert compiled(tree).imports[0].settings.start_at == 121
    tree.nodes["Scene"].start_at = 151
    assert failure(tree).sentence == "Video: the scene's frame range ends before the video begins, at frame 151."


def test_the_clip_begins_where_the_scene_node_says_unless_the_scenes_range_is_tracked(tree):
    tree.nodes["Scene"].start_at = 7
    assert compiled(tree).imports[0].settings.start_at == 7


def add_camera(tree):
    thing = bpy.data.objects.new("Witness", bpy.data.cameras.new("Witness"))
    tree.nodes["Camera"].focal_mode = "blender_camera"
    tree.nodes["Camera"].blender_camera = thing
    return thing.data


def test_the_focal_length_of_a_blender_camera(tree, scene):
    camera = add_camera(tree)
    camera.lens, camera.sensor_width = 85.0, 24.0
    assert settings(tree, "Camera") == CameraSettings(
        focal_mode="millimetres", focal_millimetres=85.0, sensor_width=24.0
    )


def test_files_of_blenders_keep_the_way_in_which_the_lens_was_known(tree):
    items = tree.nodes["Camera"].bl_rna.properties["focal_mode"].enum_items
    assert [(each.identifier, each.value) for each in items] == [
        (name, number)
        for number, name in enumerate(
            ("estimate", "metadata", "pixels", "millimetres", "angle", "blender_camera", "movie_clip", "file")
        )
    ]


def test_a_lens_file_beside_the_clip_is_read_with_it(tree, tmp_path):
    video = tree.nodes["Video"]
    named = settings(tree, "Video")
    beside = Path(named.path).with_suffix(".lens.json")
    assert video.read(named) == (Path(named.path),)
    beside.write_text("{}")
    assert video.read(named) == (Path(named.path), beside)
    beside.unlink()


def test_a_lens_file_says_all_of_the_lens_and_only_where_it_is_chosen(tree, tmp_path):
    camera, file = tree.nodes["Camera"], str(tmp_path / "lens.json")
    camera.focal_mode, camera.lens_file, camera.principal_point = "file", file, "known"
    assert [name for name in ("lens_file", "principal_point", "distortion") if camera.matters(name)] == ["lens_file"]
    assert settings(tree, "Camera") == CameraSettings("file", lens_file=file)
    camera.focal_mode = "estimate"
    assert settings(tree, "Camera").lens_file == ""


@pytest.mark.parametrize("size", [(1920, 1080), (1080, 1920)])
@pytest.mark.parametrize("fit", ["AUTO", "HORIZONTAL", "VERTICAL"])
def test_what_the_engine_is_told_of_a_camera_is_the_angle_at_which_blender_sees(tree, scene, fit, size):
    camera = add_camera(tree)
    scene.render.resolution_x, scene.render.resolution_y = size
    camera.sensor_fit, camera.lens, camera.sensor_width, camera.sensor_height = fit, 40.0, 30.0, 20.0
    told = settings(tree, "Camera")
    frame = camera.view_frame(scene=scene)
    true_angle = 2 * math.atan(max(abs(corner.x / corner.z) for corner in frame))
    if told.focal_mode == "angle":
        angle = math.radians(told.angle_of_view)
    else:  # The engine takes the sensor's width along the longer side.
        width = told.sensor_width * size[0] / max(size)
        angle = 2 * math.atan(width / 2 / told.focal_millimetres)
    assert angle == pytest.approx(true_angle, rel=1e-5)


def test_a_camera_that_cannot_help_is_named(tree):
    tree.nodes["Camera"].focal_mode = "blender_camera"
    assert failure(tree).sentence == "Camera: no camera of this file is chosen."
    add_camera(tree).type = "ORTHO"
    assert failure(tree).code == "camera-not-perspective"


def test_scene_nodes_say_how_and_whether_to_import(tree):
    tree.nodes["Scene"].motion, tree.nodes["Scene"].automatic = "head", False
    (wanted,) = compiled(tree).imports
    assert (wanted.node, wanted.settings.motion, wanted.automatic) == ("Scene", "head", False)
    assert compiled(tree, "Track File").imports == ()


def add_branch(tree, path):
    smooth, track = tree.nodes.new("FlameNodeSmooth"), tree.nodes.new("FlameNodeTrackFile")
    tree.links.new(tree.nodes["Fit"].outputs[0], smooth.inputs[0])
    tree.links.new(smooth.outputs[0], track.inputs[0])
    track.path = path
    return track


def test_two_smoothings_of_one_fit_make_two_files_of_one_fit(tree):
    track = add_branch(tree, "soft.npz")
    job = compiled(tree).job
    assert [stage.kind for stage in job.stages].count("fit") == 1
    assert {Path(path).name for path in compiled(tree).tracks.values()} == {"track.npz", "soft.npz"}
    assert compiled(tree).tracks[track.name].name == "soft.npz"


def test_two_nodes_that_would_write_one_file_are_named(tree, clip):
    track = add_branch(tree, "track.npz")
    assert failure(tree).sentence == "Track File and Track File.001 would write the same file, track.npz."
    track.path = str(clip.parent / "take one_flame" / "x" / ".." / "track.npz")
    assert failure(tree).code == "nodes-one-file"
    track.path = "soft.npz"
    report = tree.nodes.new("FlameNodeReport")
    tree.links.new(track.outputs[0], report.inputs["Track"])
    tree.links.new(tree.nodes["Video"].outputs[0], report.inputs["Video"])
    assert failure(tree).sentence == "Report and Report.001 would write the same file, overlay.mp4."
    report.folder = str(clip.parent / "soft")
    assert compiled(tree)


def test_a_node_that_reads_what_another_writes_is_named(tree, clip):
    tree.nodes["Head Model"].identity_track = str(clip.parent / "take one_flame" / "track.npz")
    assert failure(tree).sentence == "Head Model reads track.npz, which Track File would write."


def test_other_shots_of_a_texture_are_files_that_it_reads(tree, clip, tmp_path):
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "a.blend"))
    bpy.ops.flame.switch_stage(kind="texture")
    node = next(node for node in tree.nodes if getattr(node, "kind", "") == "texture")
    node.tracks = "//b/track.npz|//c/track.npz"
    others = tuple(tmp_path / shot / "track.npz" for shot in "bc")
    assert settings(tree, node.name).tracks == "|".join(map(str, others))
    assert node.read(node.settings(bpy.context.scene)) == others
    node.tracks = settings(tree, "Track File").path
    assert failure(tree).sentence == f"{node.name} reads track.npz, which Track File would write."


def test_what_is_muted_writes_nothing(tree):
    add_branch(tree, "track.npz").mute = True
    assert compiled(tree)
