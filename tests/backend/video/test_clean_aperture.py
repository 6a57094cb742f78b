"""QuickTime's clean aperture, which names the part of a picture that is to be shown: the whole picture is read."""

from __future__ import annotations

import struct
from pathlib import Path

import av
import numpy as np
from small_videos import opened

from backend.video.reader import read_frame

WIDTH, HEIGHT = 160, 96


def write_with_clean_aperture(path: Path) -> Path:
    """A video, red on the left and blue on the right, of which 100 by 80 pixels beside the middle are to be shown."""
    picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    picture[:, :40, 0] = picture[:, 120:, 2] = 255
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for _ in range(3):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    content = bytearray(path.read_bytes())
    # Width, height and the middle's way from that of the picture, to the right and down, as fractions.
    atom = struct.pack(">I4sIIIIiIiI", 40, b"clap", 100, 1, 80, 1, 20, 1, -4, 1)
    movie = content.index(b"moov")
    assert content.index(b"mdat") < movie, "what lies before stays where it is"
    entry = content.index(b"mp4v", movie) - 4
    end = entry + int.from_bytes(content[entry : entry + 4], "big")
    content[end:end] = atom
    for name in (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"mp4v"):
        at = content.index(name, movie) - 4
        size = int.from_bytes(content[at : at + 4], "big")
        content[at : at + 4] = (size + len(atom)).to_bytes(4, "big")
    path.write_bytes(content)
    return path


def test_the_whole_picture_is_read_so_that_its_middle_stays_the_principal_point(tmp_path, context, messages) -> None:
    video = opened(write_with_clean_aperture(tmp_path / "a.mov"), context)
    assert (video.width, video.height, video.file_size) == (WIDTH, HEIGHT, None)
    picture = read_frame(video, 0)
    assert picture is not None and picture.shape == (HEIGHT, WIDTH, 3)
    assert picture[48, 2].argmax() == 0 and picture[48, -3].argmax() == 2
    assert messages == []
