"""Corrections stand with the import: saved with the .blend, and as the track that was brought in says."""

import bpy
from flame_extension.backend.contract.corrections.corrections import (
    ENTRY,
    Corrections,
    FrameRange,
    KeyPose,
    PinnedFrame,
)
from flame_extension.backend.contract.settings import SceneSettings
from flame_extension.blender_flame_tracker.scene.corrections import STORED, read_corrections, write_corrections
from flame_extension.blender_flame_tracker.scene.importer import import_track
from synthetic_tracks import make_track, with_rows

ZERO = (0.0, 0.0, 0.0)
PINNED = Corrections(pinned=(PinnedFrame(5, KeyPose(ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, (0.0, 0.0), (0.0,))),))


def bring_in(track):
    return import_track(track, SceneSettings(plate=False)).parts.collection


def test_an_import_has_no_corrections_at_first():
    assert read_corrections(bring_in(make_track(4))) == Corrections()


def test_corrections_are_saved_with_the_blend(tmp_path):
    collection = bring_in(make_track(4))
    write_corrections(collection, PINNED)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "shot.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "shot.blend"))
    assert read_corrections(bpy.data.collections["take one"]) == PINNED


def test_a_track_brings_what_it_was_corrected_with():
    track = make_track(4)
    bring_in(track)
    corrected = with_rows(track, header={**track.header, ENTRY: PINNED.to_plain()})
    assert read_corrections(bring_in(corrected)) == PINNED


def test_a_track_made_anew_leaves_the_users_corrections():
    collection = bring_in(make_track(4))
    write_corrections(collection, Corrections(frames=(FrameRange(1, 2),)))
    assert read_corrections(bring_in(make_track(4))).frames == (FrameRange(1, 2),)


def test_corrections_that_were_all_taken_back_leave_nothing_in_the_file():
    collection = bring_in(make_track(4))
    write_corrections(collection, PINNED)
    write_corrections(collection, Corrections())
    assert STORED not in collection


def test_something_else_under_the_same_name_counts_as_nothing():
    collection = bring_in(make_track(4))
    for value in ("{", '{"schema": 99}', 7):
        collection[STORED] = value
        assert read_corrections(collection) == Corrections()
