"""A head without its neck: a mask that hides it, goes again, and keeps what the user did with it."""

from __future__ import annotations

import bpy
import numpy as np
from flame_extension.backend.contract.camera import blender_points
from flame_extension.backend.contract.settings import SceneSettings
from flame_extension.blender_flame_tracker.scene.head.neck import HIDDEN
from flame_extension.blender_flame_tracker.scene.importer import import_track
from scene_probes import evaluated_vertices
from synthetic_tracks import make_track, with_rows

BALL = make_track(3, full_size=True)
REGIONS = {**BALL.header["regions"], "neck": list(range(100, 400)), "boundary": list(range(390, 450))}
TRACK = with_rows(BALL, header={**BALL.header, "regions": REGIONS})
NECK = np.arange(100, 450)


def head_of(**settings: bool) -> bpy.types.Object:
    return import_track(TRACK, SceneSettings(plate=False, **settings)).parts.head


def test_the_neck_is_there_unless_it_is_asked_to_go():
    head = head_of()
    assert not head.modifiers and HIDDEN not in head.vertex_groups
    assert len(evaluated_vertices(head)) == len(TRACK.neutral_vertices)


def test_without_its_neck_the_head_lies_where_it_lay():
    head = head_of(hide_neck=True)
    kept = np.setdiff1d(np.arange(len(TRACK.neutral_vertices)), NECK)
    for frame in (1, 3):
        bpy.context.scene.frame_set(frame)
        np.testing.assert_array_equal(evaluated_vertices(head), blender_points(TRACK.vertices[frame - 1])[kept])
    assert len(head.data.vertices) == len(TRACK.neutral_vertices), "nothing of the mesh is lost"


def test_importing_again_brings_the_neck_back_and_keeps_the_users_modifiers():
    head = head_of(hide_neck=True)
    head.modifiers.new("Subdivision", "SUBSURF")
    head.modifiers[HIDDEN].show_render = False
    again = head_of(hide_neck=True)
    assert [modifier.name for modifier in again.modifiers] == [HIDDEN, "Subdivision"]
    assert not again.modifiers[HIDDEN].show_render
    assert [modifier.name for modifier in head_of().modifiers] == ["Subdivision"]
    assert HIDDEN not in head.vertex_groups


def test_a_head_that_names_no_neck_keeps_it():
    track = make_track(3)
    head = import_track(track, SceneSettings(plate=False, hide_neck=True)).parts.head
    assert not head.modifiers
