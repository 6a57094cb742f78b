"""The command that puts frames which were tracked again into a track."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tracks_to_correct import builtin_track

from backend.cli.join import main
from backend.contract.track import Track, read_track, write_track
from backend.contract.track_schema import KINDS

AGAIN = slice(10, 30)


def part_of(track: Track, rows: slice) -> Track:
    """A track of some rows alone, its jaw opened a little more."""
    arrays = {
        name: getattr(track, name)[rows]
        for name, kind in KINDS.items()
        if kind.shape[0] == "T" and getattr(track, name) is not None
    }
    part = replace(track, **arrays)
    return replace(part, jaw_pose=part.jaw_pose + np.array([0.02, 0.0, 0.0]))


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    base = builtin_track(tmp_path, 40)
    paths = tmp_path / "base.npz", tmp_path / "part.npz"
    for path, track in zip(paths, (base, part_of(base, AGAIN)), strict=True):
        assert write_track(path, track) is None
    return paths


def test_frames_of_the_part_take_the_place_of_those_of_the_track(files, tmp_path) -> None:
    out = tmp_path / "joined" / "track.npz"
    out.parent.mkdir()
    assert main([*map(str, files), "--out", str(out), "--blend", "3"]) == 0
    base, part, joined = (read_track(path) for path in (*files, out))
    assert isinstance(base, Track) and isinstance(part, Track) and isinstance(joined, Track)
    assert np.allclose(joined.jaw_pose[15:25], part.jaw_pose[5:15])
    assert (joined.jaw_pose[:10] == base.jaw_pose[:10]).all() and (joined.jaw_pose[30:] == base.jaw_pose[30:]).all()


def test_a_part_of_something_else_is_refused_and_nothing_is_written(files, tmp_path, capsys) -> None:
    base = read_track(files[0])
    assert isinstance(base, Track)
    other = tmp_path / "other.npz"
    assert (
        write_track(other, replace(base, identity=base.identity + 1.0, neutral_vertices=base.neutral_vertices * 2))
        is None
    )
    assert main([str(files[0]), str(other), "--out", str(tmp_path / "joined.npz")]) == 1
    assert capsys.readouterr().err.strip()
    assert not (tmp_path / "joined.npz").exists()


def test_no_input_is_replaced(files, capsys) -> None:
    before = files[0].read_bytes()
    assert main([*map(str, files), "--out", str(files[0]), "--overwrite"]) == 1
    assert files[0].read_bytes() == before and capsys.readouterr().err.strip()
