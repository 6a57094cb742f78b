"""Review of a track: bad ranges on the frames of the scene, read once, and never while drawing."""

import os
import time
import zipfile
from fractions import Fraction

import numpy as np
import pytest
from flame_extension.backend.contract import track as track_file
from flame_extension.blender_flame_tracker.results.review import Placement, Watch, look_at, review_of
from review_helpers import make_bad_track, make_good_track, write_file


def test_bad_ranges_lie_where_the_scene_shows_them(tmp_path):
    facts = look_at(write_file(tmp_path, make_bad_track()))
    review = review_of(facts, Placement(start_at=101))
    assert (review.first, review.last) == (101, 130)
    assert [(each.first, each.last, each.reasons) for each in review.ranges] == [
        (106, 109, ("missing", "interpolated")),
        (116, 117, ("misfit",)),
        (121, 121, ("confidence",)),
    ]
    assert review.ranges[0].words == "No face was found. The face was lost for a moment; the motion is interpolated."
    assert review.summary == "3 bad ranges, 7 of 30 frames"


def test_a_good_track_has_no_bad_frames(tmp_path):
    review = review_of(look_at(write_file(tmp_path, make_good_track(12))), Placement())
    assert review.ranges == () and review.summary == "No bad frames among 12"
    assert review.next_bad(5, 1) is None and review.next_bad(5, -1) is None


def test_jumping_goes_from_range_to_range_and_round(tmp_path):
    review = review_of(look_at(write_file(tmp_path, make_bad_track())), Placement())
    assert [review.next_bad(frame, 1) for frame in (1, 6, 7, 16, 21, 30)] == [6, 16, 16, 21, 6, 6]
    assert [review.next_bad(frame, -1) for frame in (30, 21, 17, 16, 6, 1)] == [21, 16, 16, 6, 21, 21]


def test_numbers_are_those_of_the_frame_that_is_shown(tmp_path):
    review = review_of(look_at(write_file(tmp_path, make_bad_track())), Placement())
    assert review.at(16) == (1.0, 9.0)
    assert review.at(6) == (0.0, None)
    assert review.at(21) == (pytest.approx(0.1), 1.0)
    assert review.at(0) is None and review.at(31) is None
    assert review.bad_at(8).reasons[0] == "missing" and review.bad_at(1) is None
    assert (review.usual_error, review.largest_error) == (1.0, 9.0)


def test_a_range_of_the_track_is_reviewed_alone(tmp_path):
    review = review_of(look_at(write_file(tmp_path, make_bad_track())), Placement(1, first_frame=10, last_frame=18))
    assert (review.first, review.last, review.total) == (1, 9, 9)
    assert [(each.first, each.last) for each in review.ranges] == [(6, 7)]
    assert review_of(look_at(tmp_path / "track.npz"), Placement(1, first_frame=90)) is None


def test_a_track_with_a_stride_is_bad_up_to_its_next_frame(tmp_path):
    track = make_bad_track(frame_index=2 * np.arange(30), rate=Fraction(25, 2))
    review = review_of(look_at(write_file(tmp_path, track)), Placement())
    assert [(each.first, each.last) for each in review.ranges] == [(11, 18), (31, 34), (41, 42)]


def test_the_vertices_of_the_frames_are_never_read(tmp_path, monkeypatch):
    path = write_file(tmp_path, make_bad_track())
    read = []
    opened = zipfile.ZipFile.open

    def noted(archive, member, *others, **named):
        read.append(getattr(member, "filename", member))
        return opened(archive, member, *others, **named)

    monkeypatch.setattr(zipfile.ZipFile, "open", noted)
    assert look_at(path).quality is not None
    assert "confidence.npy" in read and "vertices.npy" not in read and "landmarks.npy" not in read


def test_a_file_is_read_again_only_when_it_has_changed(tmp_path):
    path = write_file(tmp_path, make_bad_track())
    first = look_at(path)
    assert look_at(path).quality is first.quality
    assert review_of(look_at(path), Placement()) is review_of(first, Placement())
    write_file(tmp_path, make_good_track(9))
    os.utime(path, ns=(1, 1))
    assert len(look_at(path).quality) == 9 and look_at(path).flags == ()


def test_files_beside_the_track_are_found_and_their_absence_too(tmp_path):
    path = write_file(tmp_path, make_good_track(3))
    assert (look_at(path).report, look_at(path).overlay) == (None, None)
    (tmp_path / "report.png").write_bytes(b"")
    assert look_at(path).report == tmp_path / "report.png"


@pytest.mark.parametrize(
    ("content", "code"), [(None, "track-not-found"), (b"", "track-damaged"), (b"PK\x03\x04 half", "track-damaged")]
)
def test_what_cannot_be_read_is_said(tmp_path, content, code):
    path = tmp_path / "track.npz"
    if content is not None:
        path.write_bytes(content)
    facts = look_at(path)
    assert facts.quality is None and facts.failure.code == code and facts.failure.advice
    assert review_of(facts, Placement()) is None


def test_a_track_of_a_newer_version_is_said(tmp_path, monkeypatch):
    track = make_good_track(3)
    path = write_file(tmp_path, track_file.Track(**{**vars(track), "header": {**track.header, "schema": 99}}))
    assert look_at(path).failure.code == "track-newer"


def test_a_watch_answers_at_once_and_knows_soon(tmp_path):
    path = write_file(tmp_path, make_bad_track())
    watch = Watch(interval=0.0)
    assert watch.facts(path) is None and watch.wanted
    end = time.monotonic() + 10
    while not watch.poll() and time.monotonic() < end:
        time.sleep(0.005)
    assert len(watch.facts(path).flags) == 4
    path.unlink()
    while watch.facts(path).stamp is not None and time.monotonic() < end:
        watch.poll()
        time.sleep(0.005)
    assert watch.facts(path).failure.code == "track-not-found"


def test_a_watch_rests_when_nobody_asks(tmp_path):
    looked = []
    watch = Watch(look=looked.append)
    assert not watch.wanted and not watch.poll()
    assert looked == []
