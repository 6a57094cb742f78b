"""Edits of a track's rig in its performance: layers, the track's own curves, keys of the user, and what is none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from flame_extension.backend.contract.names import ARKIT
from flame_extension.backend.contract.performance.stored import ArkitWeights
from flame_extension.backend.contract.track import write_track
from flame_extension.blender_flame_tracker.calibration.hand_edits import edited_take
from flame_extension.blender_flame_tracker.calibration.takes import take_of_file
from flame_extension.blender_flame_tracker.results.selection import result_of
from flame_extension.blender_flame_tracker.scene import keyframes
from flame_extension.blender_flame_tracker.scene.keyframes import Channel, value_path
from flame_extension.blender_flame_tracker.scene.parts import Parts
from flame_extension.blender_flame_tracker.scene.rig.layers import new_layer
from rig_probes import open_jaw_on_top
from rig_tracks import make_flame_track
from synthetic_tracks import with_rows

FRAMES = 12
SMILE, JAW_OPEN = ARKIT.index("mouthSmileLeft"), ARKIT.index("jawOpen")


class Rigged:
    """A track in the scene, imported as a rig."""

    def __init__(self, folder: Path) -> None:
        track = make_flame_track(FRAMES, lids=False, strength=0.3)
        weights = np.full((FRAMES, 52), 0.1, dtype=np.float32)
        kept = ArkitWeights(weights, np.zeros(FRAMES, np.float32), ("geometry",) * 52, (0.8,) * 52)
        track = with_rows(
            track,
            header={**track.header, "arkit": kept.header},
            arkit_weights=kept.weights,
            arkit_residual=kept.residual,
        )
        self.file = folder / "track.npz"
        assert write_track(self.file, track) is None
        assert bpy.ops.import_scene.flame_track(filepath=str(self.file), form="rig", start_at=11) == {"FINISHED"}

    @property
    def parts(self) -> Parts:
        """What was made of it."""
        parts = result_of(self.file, bpy.context).parts
        assert isinstance(parts, Parts) and parts.rig is not None
        return parts

    @property
    def key(self) -> Any:
        """The shape keys of its face."""
        return self.parts.mesh.shape_keys

    def weights(self, **how: bool) -> np.ndarray:
        """What its performance has now (12, 52)."""
        take = take_of_file(self.file)
        return edited_take(take, result_of(self.file, bpy.context), **how)[0].performance.weights


@pytest.fixture
def rigged(addon: Any, tmp_path: Path) -> Rigged:
    """A rig of which nothing was edited."""
    return Rigged(tmp_path)


def smile_on_top(key: Any, value: float = 0.5) -> None:
    """Key a smile on frame 16 of the active action."""
    frame, values = np.array([15.0, 16.0, 17.0]), np.array([0.0, value, 0.0])
    keyframes.write_channels_on_top(key, [Channel(value_path("mouthSmileLeft"), 0, frame, values)])


def test_a_rig_as_it_was_imported_plays_the_track(rigged: Rigged) -> None:
    assert rigged.weights() == pytest.approx(0.1)
    new_layer(rigged.parts.rig, rigged.key)
    assert rigged.weights() == pytest.approx(0.1), "a layer without keys changes nothing"


def test_what_a_layer_adds_is_added_to_the_performance_on_its_frames(rigged: Rigged) -> None:
    new_layer(rigged.parts.rig, rigged.key)
    smile_on_top(rigged.key)
    weights = rigged.weights()
    assert weights[:, SMILE] == pytest.approx([0.1] * 5 + [0.6] + [0.1] * 6, abs=1e-4)
    assert np.delete(weights, SMILE, axis=1) == pytest.approx(0.1, abs=1e-4)
    open_jaw_on_top(rigged.parts.rig, np.radians(10))
    assert rigged.weights(known=True)[:, JAW_OPEN] == pytest.approx(0.1), "as it was found the last time"
    assert rigged.weights()[:, JAW_OPEN].mean() == pytest.approx(0.1 + 10 / 25, abs=0.02)
    for owner in (rigged.parts.rig, rigged.key):
        owner.animation_data.action = None
    assert rigged.weights() == pytest.approx(0.1, abs=1e-4)


def test_the_tracks_own_curves_may_be_edited_and_keys_be_muted(rigged: Rigged) -> None:
    curve: Any = keyframes.find_curve(rigged.key, value_path("mouthSmileLeft"))
    at = int(np.argmax(keyframes.key_values(curve)))
    frame, before = curve.keyframe_points[at].co
    curve.keyframe_points[at].co.y += 0.4
    curve.update()
    weights = rigged.weights()
    assert weights[round(frame) - 11, SMILE] == pytest.approx(0.5, abs=1e-4)
    rigged.key.key_blocks["mouthSmileLeft"].mute = True
    assert rigged.weights()[round(frame) - 11, SMILE] == pytest.approx(max(0.1 - before, 0), abs=1e-4)


def test_a_key_of_the_users_counts_by_what_it_moves(rigged: Rigged) -> None:
    head = rigged.parts.head
    smile, own = rigged.key.key_blocks["mouthSmileLeft"], head.shape_key_add(name="Grin", from_mix=False)
    points = np.empty(3 * len(smile.points), dtype=np.float32)
    smile.points.foreach_get("co", points)
    own.points.foreach_set("co", points)
    own.value = 1.0
    assert rigged.weights() == pytest.approx(0.1), "a key that rests belongs to the head"
    own.value = 0.0
    for frame, value in ((15, 0.0), (16, 0.4), (17, 0.0)):
        own.value = value
        own.keyframe_insert("value", frame=frame)
    take, notices = edited_take(take_of_file(rigged.file), result_of(rigged.file, bpy.context))
    # This small head has too few of ARKit's shapes to be one whose keys say what others do, and no face to give it any.
    assert [each.code for each in notices] == ["edits-left"] and "Grin" in notices[0].sentence
    assert take.performance.weights == pytest.approx(0.1)


def test_a_performance_that_was_put_onto_the_rig_itself_is_no_edit(rigged: Rigged) -> None:
    new_layer(rigged.parts.rig, rigged.key)
    smile_on_top(rigged.key)
    rigged.key.animation_data.action[keyframes.PERFORMED] = "{}"
    assert rigged.weights() == pytest.approx(0.1)


def test_the_export_holds_what_was_edited_and_says_who_did_it(rigged: Rigged, tmp_path: Path) -> None:
    new_layer(rigged.parts.rig, rigged.key)
    smile_on_top(rigged.key)
    bpy.context.view_layer.objects.active = rigged.parts.head
    assert bpy.ops.flame.export_performance(directory=str(tmp_path), target="live_link") == {"FINISHED"}
    (file,) = (tmp_path / "live_link").glob("*.csv")
    header, *rows = (line.split(",") for line in file.read_text("utf-8").splitlines())
    smile = [float(row[header.index("MouthSmileLeft")]) for row in rows]
    assert smile == pytest.approx([0.1] * 5 + [0.6] + [0.1] * 6, abs=1e-4)
    assert '"by hand"' in (tmp_path / "live_link" / "take.json").read_text("utf-8")
