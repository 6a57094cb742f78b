"""The picture of the graph: nothing that matters may get lost in it, however long the clip is."""

import numpy as np
import pytest
from flame_extension.backend.contract.corrections.corrections import ENTRY, Corrections, KeyPose, PinnedFrame
from flame_extension.blender_flame_tracker.results.review import Placement, look_at, review_of
from flame_extension.blender_flame_tracker.ui import graph_colours, graph_picture
from review_helpers import make_bad_track, make_good_track, write_file
from synthetic_tracks import with_rows


def picture_of(folder, track):
    review = review_of(look_at(write_file(folder, track)), Placement())
    return review, graph_picture.paint(review)


def has_colour(pixels, colour):
    """Which columns have a pixel of a colour."""
    return (np.abs(pixels[..., :3] - colour[:3]).max(axis=-1) < 0.02).any(axis=0)


def column(review, picture, frame):
    return round((frame - review.first) / (review.last - review.first) * (picture.shape[1] - 1))


def test_bad_ranges_are_where_their_frames_are(tmp_path):
    review, picture = picture_of(tmp_path, make_bad_track(60))
    strip = picture[:4]
    for each in review.ranges:
        coloured = has_colour(strip, graph_colours.REASONS[each.reasons[0]])
        assert coloured[column(review, picture, each.first) : column(review, picture, each.last) + 1].all()
    clear = column(review, picture, 40)
    assert not any(has_colour(strip[:, clear:], colour).any() for colour in graph_colours.REASONS.values())


def test_the_error_has_no_line_where_nothing_was_tracked(tmp_path):
    review, picture = picture_of(tmp_path, make_bad_track(60))
    line = has_colour(picture, graph_colours.ERROR)
    assert line[column(review, picture, 40)] and not line[column(review, picture, 7)]


def test_one_bad_frame_and_one_peak_of_a_long_clip_are_seen(tmp_path):
    track = make_good_track(3000)
    track.confidence[1500] = 0.1
    track.reprojection_error[700] = 2.0
    review, picture = picture_of(tmp_path, track)
    assert has_colour(picture[:4], graph_colours.REASONS["confidence"]).sum() >= 5
    highest = np.flatnonzero((np.abs(picture[..., :3] - graph_colours.ERROR[:3]).max(axis=-1) < 0.02).any(axis=1)).max()
    usual = has_colour(picture[highest - 2 :], graph_colours.ERROR)
    assert usual.any() and usual.sum() < 10
    assert abs(np.flatnonzero(usual).mean() - column(review, picture, 701)) < 3


@pytest.mark.parametrize("frames", [1, 2])
def test_the_shortest_clips_have_a_picture_too(tmp_path, frames):
    _review, picture = picture_of(tmp_path, make_good_track(frames))
    assert np.isfinite(picture).all() and picture.shape[2] == 4


def test_the_confidence_below_which_a_frame_is_uncertain_is_a_dashed_line(tmp_path):
    track = make_good_track(30)
    track.confidence[:] = 0.1
    _review, picture = picture_of(tmp_path, track)
    dashed = (np.abs(picture[1:-1] - picture[:-2]).max(axis=-1) > 0.1).mean(axis=1)
    height = picture.shape[0] * 0.4
    assert (np.abs(np.flatnonzero((dashed > 0.3) & (dashed < 0.7)) - height) < 12).any()


def test_frames_that_were_pinned_have_a_mark_at_the_bottom(tmp_path):
    track = make_good_track(60)
    zero = (0.0, 0.0, 0.0)
    pose = KeyPose(zero, zero, zero, zero, zero, zero, (0.0, 0.0), (0.0,))
    pins = Corrections((PinnedFrame(12, pose), PinnedFrame(40, pose)))
    review, picture = picture_of(tmp_path, with_rows(track, header={**track.header, ENTRY: pins.to_plain()}))
    assert review.pinned == (13, 41)
    marked = has_colour(picture[:8], graph_colours.PINNED)
    assert marked[column(review, picture, 13)] and marked[column(review, picture, 41)]
    assert not marked[column(review, picture, 25)]
