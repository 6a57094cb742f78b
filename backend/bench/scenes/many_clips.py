"""A folder of many short clips as a day's shooting leaves it, with a torn file, one without a face and a couple."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
import numpy as np

from ...contract.arrays import Picture
from ...contract.failure import Failure
from ...sample.sample import write_sample
from ..chain import Setup

FRAMES: Final = 20
"""Of a clip."""

SINGLE: Final = ("grid_swiz3n.mpg", "grid_bbaf2n.mpg", "grid_lbax4n.mpg", "intel_headpose_male.gif")
COUPLE: Final = "intel_headpose_female-and-male.gif"
BROKEN: Final = 2
"""Clips of which nothing can be tracked: the torn one, and the one without a face."""

_RATE: Final = Fraction(25)


def write_many(setup: Setup, count: int, folder: Path) -> tuple[Path, int] | Failure:
    """Write so many clips and the manifest that names them; return it, and how many faces can be tracked.

    Each has 20 frames of one of the shared clips (of the sample, where these are absent), from another frame on,
    encoded anew. The last three are a clip of two people, of whom both are asked for (where it is there), one of grey
    noise, and one whose file is torn off in the middle.
    """
    sources = [file for name in SINGLE if (file := setup.data / "videos" / name).is_file()]
    if not sources:
        made = write_sample(setup.work / "sample", frames=90, models=setup.models)
        if isinstance(made, Failure):
            return made
        sources = [made.video]
    folder.mkdir(parents=True)
    couple = setup.data / "videos" / COUPLE
    usual = count - BROKEN - couple.is_file()
    shots: list[object] = []
    for number, pictures in enumerate(itertools.islice(_parts(sources), usual)):
        shots.append(_write(folder / f"shot{number:03d}.mp4", pictures))
    if couple.is_file():
        pictures = list(itertools.islice(_pictures(couple), FRAMES))
        shots.append({"input": _write(folder / "couple.mp4", pictures), "all_faces": True})
    noise = np.random.default_rng(1).integers(100, 140, (FRAMES, 240, 320, 3), dtype=np.uint8)
    shots.append(_write(folder / "nobody.mp4", list(noise)))
    whole = (folder / "shot000.mp4").read_bytes()
    (folder / "torn.mp4").write_bytes(whole[: len(whole) // 2])
    shots.append("torn.mp4")
    manifest = folder / "shots.json"
    manifest.write_text(json.dumps({"schema": 1, "shots": shots}), "utf-8")
    return manifest, usual + 2 * couple.is_file()


def _parts(sources: list[Path]) -> Iterator[list[Picture]]:
    """Yield parts of the sources in turns, each from another frame on, for ever."""
    clips = [list(_pictures(source)) for source in sources]
    for number in itertools.count():
        clip, turn = clips[number % len(clips)], number // len(clips)
        first = (7 * turn) % max(1, len(clip) - FRAMES)
        yield clip[first : first + FRAMES]


def _pictures(source: Path) -> Iterator[Picture]:
    with av.open(str(source)) as container:
        for frame in container.decode(video=0):
            yield np.asarray(frame.to_ndarray(format="rgb24"), dtype=np.uint8)


def _write(path: Path, pictures: list[Picture]) -> str:
    height, width = (size - size % 2 for size in pictures[0].shape[:2])
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=_RATE)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {"crf": "18", "preset": "ultrafast"}
        for picture in pictures:
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture[:height, :width]), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path.name
