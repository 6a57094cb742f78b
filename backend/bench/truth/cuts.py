"""Truth on cuts: every one between two clips is found, and none where there is none."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from ...contract.failure import Failure
from ...data.types import Landmarks
from ..chain import Clock, Setup, find_landmarks, import_stages
from ..rows import Row, at_least, at_most

WIDTH, HEIGHT = 480, 360
LENGTH: Final = 12
"""Frames before and after a cut."""
QUICK: Final = 5
"""With fewer frames, every so many-th pair."""


@dataclass(frozen=True)
class Part:
    """Frames of a clip that show one person or more without a cut.

    Attributes:
        name: File below the shared data.
        room: What is behind them: parts with the same are hard to tell apart.
        first, end: Frames.
        person: Who is seen, where two parts show the same one.
    """

    name: str
    room: str
    first: int = 0
    end: int | None = None
    person: str = ""

    def same_person(self, other: Part) -> bool:
        """Return whether both show one person."""
        return self.name == other.name if not self.person else self.person == other.person


REAL: Final = (
    Part("videos/grid_bbaf2n.mpg", "studio"),
    Part("videos/grid_lbax4n.mpg", "studio"),
    Part("videos/grid_swiz3n.mpg", "studio"),
    Part("hard/cut_two_speakers.mp4", "studio", 0, 40),
    Part("hard/cut_two_speakers.mp4", "studio", 40, 80, "sbia1a"),
    Part("hard/shake_sbia1a.mp4", "studio", person="sbia1a"),
    Part("hard/asl_eat.mkv", "class room"),
    Part("videos/intel_asl_again.mkv", "class room"),
    Part("videos/intel_headpose_male.gif", "white wall"),
    Part("videos/intel_headpose_female-and-male.gif", "white wall"),
    Part("hard/pyfeat_single_face.mp4", "door"),
)
MOVING: Final = (
    Part("hard/shake_sbia1a.mp4", "studio", 26, 60, "sbia1a"),
    Part("hard/shake.mp4", "painted", 8, 40),
)
"""Cut while the camera or the head is shaken."""
PAINTED: Final = (
    Part("hard/sw_1.5_22.mp4", "painted"),
    Part("hard/talk297.mp4", "painted"),
    Part("hard/off_centre.mp4", "painted"),
    Part("hard/jaw_open.mp4", "painted"),
    Part("hard/profile.mp4", "painted", 0, 30),
)
WHOLE: Final = ("videos/*.[mg][pi][gf]", "videos/*.mkv", "hard/*.m[pk][4v]")
"""Clips none of which but one is cut."""
CUT: Final = {"cut_two_speakers": (40,)}


def measure(setup: Setup) -> list[Row] | Failure:
    """Cuts found between every two clips, joined in both orders, and cuts found where there is none.

    Twelve frames of each, 480x360, H.264, quality Draft. One room: what is behind the speakers is the same; between
    rooms: it is not; moving: to another person while a camera or a head is shaken; painted: people made by code. A cut
    that is found a frame off counts as missed and as false. Then all shared clips as they are.
    """
    import_stages()
    pairs = list(itertools.permutations(REAL, 2))
    kinds = {
        "one room": [pair for pair in pairs if pair[0].room == pair[1].room],
        "between rooms": [pair for pair in pairs if pair[0].room != pair[1].room],
        "moving": [
            pair
            for pair in (*itertools.product(MOVING, REAL), *itertools.product(REAL, MOVING))
            if not pair[0].same_person(pair[1])
        ],
        "painted": list(itertools.permutations(PAINTED, 2)),
    }
    rows: list[Row] = []
    for kind, some in kinds.items():
        joined = _of_joined(setup, kind, some[::QUICK] if setup.quick else some)
        if isinstance(joined, Failure):
            return joined
        rows += joined
    whole = _of_whole(setup)
    return whole if isinstance(whole, Failure) else [*rows, whole]


def _of_joined(setup: Setup, kind: str, pairs: Sequence[tuple[Part, Part]]) -> list[Row] | Failure:
    found, false, missed = 0, 0, []
    there = [pair for pair in pairs if all((setup.data / part.name).is_file() for part in pair)]
    for before, after in there:
        pictures = [*_pictures(setup.data, before)[-LENGTH:], *_pictures(setup.data, after)[:LENGTH]]
        path = setup.work / "joined.mp4"
        _write(path, pictures)
        landmarks = find_landmarks(setup, path, "draft", Clock())
        if isinstance(landmarks, Failure):
            return landmarks
        cuts = _cuts(landmarks)
        found += LENGTH in cuts
        false += len(set(cuts) - {LENGTH})
        if LENGTH not in cuts:
            missed.append(f"{before.name}:{before.first} > {after.name}:{after.first}")
    if not there:
        return []
    share = 100 * found / len(there)
    return [
        at_least(f"{kind}: cuts found, {len(there)} pairs", share, 99, " %", 1, missed=missed),
        at_most(f"{kind}: false cuts", false, 0, "", 0),
    ]


def _of_whole(setup: Setup) -> Row | Failure:
    paths = sorted(path for pattern in WHOLE for path in setup.data.glob(pattern))
    false: list[str] = []
    if not paths:
        return Failure("bench-no-clips", "The shared clips are not there.", "Give their folder with --data.")
    for path in paths:
        landmarks = find_landmarks(setup, path, "draft", Clock())
        if isinstance(landmarks, Failure):
            return landmarks
        false += [f"{path.name}:{cut}" for cut in set(_cuts(landmarks)) - set(CUT.get(path.stem, ()))]
    return at_most(f"{len(paths)} clips as they are: false cuts", len(false), 0, "", 0, false=false)


def _cuts(landmarks: Landmarks) -> list[int]:
    return (np.flatnonzero(np.diff(landmarks.shot)) + 1).tolist()


def _pictures(data: Path, part: Part) -> list[NDArray[np.uint8]]:
    with av.open(str(data / part.name)) as container:
        frames = itertools.islice(container.decode(video=0), part.first, part.end)
        return [_filling(frame.to_ndarray(format="rgb24")) for frame in frames]


def _filling(picture: NDArray[Any]) -> NDArray[np.uint8]:
    """Return the middle of the picture, as large as fills the joined clip."""
    height, width = picture.shape[:2]
    scale = max(HEIGHT / height, WIDTH / width)
    size = (max(WIDTH, round(width * scale)), max(HEIGHT, round(height * scale)))
    large = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    top, left = (size[1] - HEIGHT) // 2, (size[0] - WIDTH) // 2
    return np.ascontiguousarray(large[top : top + HEIGHT, left : left + WIDTH], dtype=np.uint8)


def _write(path: Path, pictures: Sequence[NDArray[np.uint8]]) -> None:
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=Fraction(25))
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.options = {"crf": "18", "preset": "ultrafast"}
        for picture in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
