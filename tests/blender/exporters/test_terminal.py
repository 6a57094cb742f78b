"""The command of Blender's command line, called as Blender calls it."""

import pytest
from flame_extension.backend.contract.track import write_track
from flame_extension.blender_flame_tracker.exporters.terminal import run
from synthetic_tracks import make_track


def test_a_track_is_written_for_a_target(tmp_path, capsys):
    write_track(tmp_path / "track.npz", make_track(4))
    out = tmp_path / "camera.chan"
    assert run([str(tmp_path / "track.npz"), "--target", "camera_chan", "--motion", "camera", "--out", str(out)]) == 0
    assert len(out.read_text().splitlines()) == 4
    assert "frames 1 to 4" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("track", "out", "words"),
    [
        ("gone.npz", "take.abc", "There is no track file"),
        ("track.npz", "take.fbx", "ends with .abc, not '.fbx'"),
    ],
)
def test_what_cannot_be_written_is_one_sentence_and_an_exit_status(tmp_path, capsys, track, out, words):
    write_track(tmp_path / "track.npz", make_track(4))
    assert run([str(tmp_path / track), "--target", "alembic", "--out", str(tmp_path / out)]) == 1
    assert words in capsys.readouterr().err
    assert not (tmp_path / out).exists()


def test_a_head_can_be_a_rig_as_unreal_needs_it(tmp_path, capsys):
    write_track(tmp_path / "track.npz", make_track(4))
    for flags, words in (((), "this head has no bones"), (("--rig",), "")):
        out = tmp_path / "take.fbx"
        assert run([str(tmp_path / "track.npz"), "--target", "fbx_unreal", "--out", str(out), *flags]) == 0
        said = capsys.readouterr().err
        assert words in said and ("no bones" in said) == (not flags)
