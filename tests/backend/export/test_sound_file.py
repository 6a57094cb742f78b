"""The sound of the footage as a WAV that begins and ends with the track."""

from __future__ import annotations

import wave
from pathlib import Path

import av
import numpy as np
import pytest

from backend.export.sound_file import write_sound

RATE = 8000


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds at 10 frames a second, silent but for a loud second in the middle; the sound begins 0.2 s late."""
    path = tmp_path_factory.mktemp("film") / "clip.mkv"
    sound = np.zeros((1, round(2.8 * RATE)), np.int16)
    sound[0, round(0.8 * RATE) : round(1.8 * RATE)] = 20000
    with av.open(str(path), "w") as container:
        pictures = container.add_stream("ffv1", rate=10)
        pictures.width, pictures.height, pictures.pix_fmt = 32, 32, "yuv420p"
        voice = container.add_stream("pcm_s16le", rate=RATE, layout="mono")
        for _ in range(30):
            frame = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")
            container.mux(pictures.encode(frame))
        container.mux(pictures.encode())
        block = av.AudioFrame.from_ndarray(sound, format="s16", layout="mono")
        block.sample_rate, block.pts = RATE, round(0.2 * RATE)
        container.mux(voice.encode(block))
        container.mux(voice.encode())
    return path


def heard(path: Path) -> np.ndarray:
    with wave.open(str(path)) as sound:
        assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (RATE, 1, 2)
        return np.frombuffer(sound.readframes(sound.getnframes()), "<i2")


@pytest.mark.parametrize(("start", "end"), [(0.0, 3.0), (0.5, 2.5), (1.5, 3.0)])
def test_the_loud_second_is_where_the_pictures_have_it(footage: Path, tmp_path: Path, start: float, end: float) -> None:
    assert write_sound(footage, tmp_path / "clip.wav", start, end)
    samples = heard(tmp_path / "clip.wav")
    assert abs(len(samples) / RATE - (end - start)) < 0.01
    loud = np.flatnonzero(samples) / RATE + start
    assert abs(loud[0] - max(start, 1.0)) < 0.01 and abs(loud[-1] - 2.0) < 0.01


def test_footage_without_sound_has_no_file(footage: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.mp4").write_bytes(b"no video")
    for video in (tmp_path / "broken.mp4", tmp_path / "nowhere.mp4", tmp_path / "frame_0001.png"):
        assert not write_sound(video, tmp_path / "clip.wav", 0.0, 1.0)
    assert not write_sound(footage, tmp_path / "clip.wav", 3.5, 4.0)
    assert not (tmp_path / "clip.wav").exists()
