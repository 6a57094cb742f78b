"""The example of the page on corrections does what it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tracks_to_correct import builtin_track

from backend.contract.failure import Failure
from backend.contract.track import read_track, write_track

PAGE = Path(__file__).resolve().parents[3] / "docs" / "corrections.md"


def test_the_example_opens_a_jaw_and_turns_the_eyes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = builtin_track(tmp_path, 60)
    assert write_track(tmp_path / "track.npz", before) is None
    monkeypatch.chdir(tmp_path)
    example = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert example is not None
    exec(example[1], {})
    after = read_track(tmp_path / "corrected.npz")
    assert not isinstance(after, Failure)
    assert after.jaw_pose[4, 0] == pytest.approx(0.2)
    assert after.left_eye_pose[4, 1] != before.left_eye_pose[4, 1]
