"""The benchmarks of many shots, small."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from shared_data import DATA

from backend.bench.chain import Setup
from backend.bench.scenes.many_clips import FRAMES, SINGLE, write_many
from backend.bench.speed import batch_growth
from backend.contract.failure import Failure
from backend.contract.settings import VideoSettings
from backend.data.context import Context
from backend.video.opening import open_video


def test_a_batch_of_shots_without_stages_goes_through_and_is_skipped_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_growth, "COUNTS", (2, 4))
    rows = batch_growth.measure(Setup(tmp_path, tmp_path, tmp_path / "work"))
    assert [row.what.split(":")[0] for row in rows[::2]] == ["2 shots", "4 shots", "  the last per shot, to the first"]
    states = [shot["state"] for shot in json.loads((tmp_path / "work/4/out/batch.json").read_text("ascii"))["shots"]]
    assert states == ["done"] * 4


@pytest.mark.skipif(not (DATA / "videos" / SINGLE[0]).is_file(), reason="shared videos are missing")
def test_of_many_clips_one_is_torn_one_shows_nobody_and_one_a_couple(tmp_path: Path) -> None:
    made = write_many(Setup(DATA, tmp_path, tmp_path), 5, tmp_path / "clips")
    assert not isinstance(made, Failure)
    manifest, faces = made
    shots = json.loads(manifest.read_text("utf-8"))["shots"]
    assert shots == ["shot000.mp4", "shot001.mp4", {"input": "couple.mp4", "all_faces": True}, "nobody.mp4", "torn.mp4"]
    assert faces == 4
    context = Context("video", lambda _event: None, lambda: False, tmp_path, tmp_path)
    opened = {
        name: open_video(VideoSettings(path=str(tmp_path / "clips" / name)), context, hashed=False)
        for name in ("shot000.mp4", "torn.mp4")
    }
    assert len(opened["shot000.mp4"]) == FRAMES and isinstance(opened["torn.mp4"], Failure)
