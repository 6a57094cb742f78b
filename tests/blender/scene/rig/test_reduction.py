"""Fewer keys, and no vertex off by more than the bound, measured on the evaluated mesh."""

import pytest
from flame_extension.blender_flame_tracker.scene import keyframes
from rig_probes import bring_in, largest_distance
from rig_tracks import make_flame_track


def count_keys(made):
    owners = (made.parts.rig, made.parts.mesh.shape_keys)
    return sum(len(curve.keyframe_points) for owner in owners for curve in keyframes.curves_of(owner))


@pytest.mark.parametrize("bound", [0.1, 0.5, 2.0])
def test_the_bound_holds_on_the_mesh_and_the_numbers_are_said(bound):
    track = make_flame_track(60)
    made = bring_in(track, key_error=bound)
    largest = 1000 * largest_distance(made, track)
    assert largest <= bound
    (notice,) = made.notices
    words = notice.sentence.split()
    kept, before = (int(words[index].replace(",", "")) for index in (0, 2))
    assert kept == count_keys(made) and before == 60 * (6 * 7 + 5 + 2) and kept < before / 3
    assert float(words[-2]) >= largest - 1e-3 and float(words[-2]) <= bound + 0.01


def test_a_larger_bound_leaves_fewer_keys():
    track = make_flame_track(60)
    counts = [count_keys(bring_in(track, key_error=bound)) for bound in (0.1, 1.0)]
    assert counts[1] < counts[0]


def test_two_frames_and_one_are_left_as_they_are():
    for frames in (1, 2):
        track = make_flame_track(frames, lids=False)
        made = bring_in(track, key_error=0.5)
        assert not made.notices and largest_distance(made, track) < 5e-5


def test_without_a_bound_every_frame_has_its_key():
    made = bring_in(make_flame_track(30))
    curve = keyframes.find_curve(made.parts.mesh.shape_keys, 'key_blocks["jawForward"].value')
    assert len(curve.keyframe_points) == 30
