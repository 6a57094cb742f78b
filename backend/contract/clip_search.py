"""Clips in a folder: videos, and the first pictures of sequences; what is hidden, or written by us, is left out."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from .footage import VIDEO_SUFFIXES, copies, is_picture
from .marks import is_marked
from .sequence import sequence_from

SHORTEST_SEQUENCE: Final = 10
"""Numbered pictures in a folder that count as a clip; fewer are photographs."""


def clips_in(folder: Path, out: Path) -> Iterator[Path]:
    """Yield the clips of a folder, also those in folders in it.

    Args:
        folder: Absolute.
        out: Folder for results, which holds no clips even where it lies in the other one.
    """
    walked: set[str] = set()
    for parent, folders, names in os.walk(folder, followlinks=True):
        path, real = Path(parent), os.path.realpath(parent)
        if real in walked or real == os.path.realpath(out):
            folders.clear()
            continue
        walked.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        files = sorted(path / name for name in names if not name.startswith("."))
        videos = [file for file in files if file.suffix.lower() in VIDEO_SUFFIXES and not is_marked(file)]
        copied = {copy for video in videos for copy in copies(video, {})}
        yield from sorted([*(video for video in videos if video not in copied), *_sequences(files)])


def _sequences(files: list[Path]) -> Iterator[Path]:
    counted: set[Path] = set()
    for file in files:
        if is_picture(file) and file not in counted:
            sequence = sequence_from(file).present
            counted.update(sequence)
            if len(sequence) >= SHORTEST_SEQUENCE:
                yield file
