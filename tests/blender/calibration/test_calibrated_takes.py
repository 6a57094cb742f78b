"""Takes of track files: read once, anew where the file has changed, and while drawing only where that is quick."""

import numpy as np
from flame_extension.backend.contract.failure import Failure
from flame_extension.backend.contract.track import write_track
from flame_extension.blender_flame_tracker.calibration import takes
from performed_tracks import performed
from review_helpers import make_good_track, write_file


def test_a_file_is_read_once_and_again_when_it_was_written_anew(addon, tmp_path):
    path = write_file(tmp_path, performed(jawOpen=np.linspace(0, 1, 30)))
    take = takes.take_of_file(path)
    assert takes.take_of_file(path) is take
    write_track(path, performed(jawOpen=np.linspace(0, 0.5, 30)))
    again = takes.take_of_file(path)
    assert not isinstance(again, Failure) and np.nanmax(again.performance.weights) == 0.5


def test_frames_of_the_clip_are_found_by_their_number(addon, tmp_path):
    take = takes.take_of_file(write_file(tmp_path, performed(first_frame=40)))
    assert not isinstance(take, Failure) and take.rows_of((39, 40, 45, 70)) == (0, 5)


def test_heads_that_need_shapes_first_are_not_read_while_drawing(addon, tmp_path):
    assert takes.is_quick(write_file(tmp_path, performed()))
    assert not takes.is_quick(write_file(tmp_path, make_good_track(3)))
