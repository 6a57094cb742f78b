"""Playing anew: shape keys follow a slider at once, a face of bones once the slider rests."""

from types import SimpleNamespace

import bpy
import numpy as np
import pytest
from flame_extension.blender_flame_tracker.calibration.properties import of_holder
from flame_extension.blender_flame_tracker.retarget import playing
from flame_extension.blender_flame_tracker.scene import keyframes
from performed_tracks import imported, performed
from rigify_faces import stored_rig

RAMP = np.linspace(0, 0.8, 30)


@pytest.fixture
def rig(addon, tmp_path):
    """A Rigify face that plays a track in which the jaw opens, and the import's collection."""
    rig = stored_rig(modular=False)
    bpy.context.scene.render.fps = 25
    collection = imported(tmp_path, performed(jawOpen=RAMP, browInnerUp=RAMP))
    assert bpy.ops.flame.retarget(character=rig.name) == {"FINISHED"}
    return rig, collection


def values(rig):
    return {
        (curve.data_path, curve.array_index): keyframes.key_values(curve).tolist() for curve in keyframes.curves_of(rig)
    }


def test_a_face_of_bones_is_solved_as_a_whole(rig):
    """The brows' slider leaves the mouth where it is: lips are solved on the jaw that turns, not on one at rest."""
    rig, collection = rig
    before = values(rig)
    of_holder(collection).region("brows").gain = 0.5
    after = values(rig)
    assert before.keys() == after.keys()
    moved = {path for (path, index), value in after.items() if not np.allclose(value, before[path, index], atol=2e-4)}
    assert moved and not any("lip" in path or "jaw" in path for path in moved), moved


def test_with_windows_it_waits_until_the_slider_rests(rig, monkeypatch):
    rig, collection = rig
    before, calls = values(rig), []
    renders = [True, False]
    session = SimpleNamespace(background=False, version=bpy.app.version, handlers=bpy.app.handlers)
    session.is_job_running = lambda _kind: renders.pop(0)
    monkeypatch.setattr(bpy, "app", session)
    monkeypatch.setattr(playing.POLLER, "start", lambda: calls.append("waits"))
    monkeypatch.setattr(playing, "_REST", 0.0)
    of_holder(collection).region("brows").gain = 0.5
    of_holder(collection).region("brows").gain = 0.2
    assert values(rig) == before and calls == ["waits", "waits"]
    assert playing._play_waiting() is not None and values(rig) == before, "a renderer reads the scene"
    assert playing._play_waiting() is None
    assert values(rig) != before
