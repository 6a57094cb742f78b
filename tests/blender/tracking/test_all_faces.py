"""Track All Faces: everyone in a clip, one after the other, through one camera."""

import bpy
import pytest
from flame_extension.backend.contract.failure import Failure
from flame_extension.backend.contract.track import read_track
from flame_extension.blender_flame_tracker.engine.quick_look import QuickLook, SeenFace
from flame_extension.blender_flame_tracker.nodes import run_registry
from flame_extension.blender_flame_tracker.nodes.compile import compile_tree
from flame_extension.blender_flame_tracker.tracking import all_faces, footage, runs
from run_helpers import behave, heads, look_until, unchanged


def seen(clip, count=2):
    """Let so many people have been found in the clip."""
    box, picture = (0.1, 0.1, 0.2, 0.2), clip.with_name("face.png")
    faces = [SeenFace(number, 1.0, box, (0.2 + 0.3 * number, 0.4), 4, picture) for number in range(count)]
    footage.note_look(clip, QuickLook(320, 240, 25.0, 8, 0.32, None, clip.with_name("clip.png"), tuple(faces)))


def test_all_faces_of_a_clip_are_tracked_one_after_the_other_through_the_lens_of_the_first(tree, clip, scene):
    assert not bpy.ops.flame.track_all_faces.poll()
    seen(clip, 3)
    assert bpy.ops.flame.track_all_faces() == {"FINISHED"}
    folder = clip.parent / "take one_flame"
    assert all((folder / name / "track.npz").is_file() for name in ("", "face2", "face3"))
    assert heads() == ["take one face 2 head", "take one face 3 head", "take one head"]
    lens = read_track(folder / "track.npz").intrinsics.focal_x
    camera = run_registry.run_of(tree).job.stage("Camera").settings
    assert (camera.focal_mode, camera.focal_pixels) == ("pixels", pytest.approx(lens))
    assert tree.nodes["Face"].folder() == "" and "Fit" in unchanged(tree), "the face that was followed before"
    assert [each.name for each in bpy.data.objects if each.type == "CAMERA"] == ["take one camera"]
    # Whoever is tracked again later keeps that lens, unless another one is known.
    follow_seen(tree, clip, 1)
    assert compile_tree(tree, scene).job.stage("Camera").settings.focal_mode == "pixels"
    tree.nodes["Camera"].focal_mode = "angle"
    assert compile_tree(tree, scene).job.stage("Camera").settings.focal_mode == "angle"


def follow_seen(tree, clip, number):
    face = footage.faces_of(clip).found.faces[number]
    tree.nodes["Face"].follow(face.number, face.point, face.frame)


def test_the_head_of_one_person_comes_while_the_next_is_tracked_and_cancelling_ends_all(tree, engine, clip, scene):
    seen(clip, 3)
    behave(engine.root, "track slowly")
    all_faces.prepare(tree, scene, footage.faces_of(clip).found.faces)
    runs.start(tree, scene)
    all_faces.begun(tree)
    assert all_faces.words(tree) == "Face 1, 1 of 3"
    look_until(lambda: all_faces.words(tree) == "Face 2, 2 of 3")
    assert heads() == ["take one head"]
    runs.cancel(tree)
    look_until(lambda: not runs.session().busy)
    assert all_faces.words(tree) == "" and heads() == ["take one head"]
    assert tree.nodes["Face"].folder() == ""


def test_faces_that_wait_for_a_run_that_never_began_are_forgotten_with_the_next_track(tree, clip, scene):
    """As where a folder had to be chosen first, and nobody chose one."""
    seen(clip, 2)
    all_faces.prepare(tree, scene, footage.faces_of(clip).found.faces)
    assert bpy.ops.flame.track() == {"FINISHED"}
    assert heads() == ["take one head"] and all_faces.words(tree) == ""


def test_a_face_that_cannot_be_tracked_is_named_and_the_others_are_tracked(tree, clip, scene, monkeypatch):
    seen(clip, 2)
    start = runs.start

    def refusing(tree, scene, target=None):
        if tree.nodes["Face"].number == 1:
            return Failure("nobody", "Nobody is there.", "")
        return start(tree, scene, target)

    monkeypatch.setattr(runs, "start", refusing)
    all_faces.prepare(tree, scene, footage.faces_of(clip).found.faces)
    runs.start(tree, scene)
    assert all_faces.wait(tree) == ["Face 2: Nobody is there."] and heads() == ["take one head"]
