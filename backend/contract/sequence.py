"""Image sequences: which numbered files belong together, and which of them are missing."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

LONGEST_HOLE: Final = 100
"""Missing numbers in a row after which a sequence has ended: what follows is another shot of the same name."""


@dataclass(frozen=True)
class PictureSequence:
    """Pictures that are the frames of a clip.

    Attributes:
        first: Number in the name of the first file, 0 where it has none.
        files: One place per number; None where it is missing.
        beyond: Files of like names after a hole longer than `LONGEST_HOLE`, which do not belong to it.
    """

    first: int
    files: tuple[Path | None, ...]
    beyond: int = 0

    @property
    def present(self) -> list[Path]:
        """The files that are there."""
        return [file for file in self.files if file is not None]

    @property
    def missing(self) -> list[int]:
        """Places in `files` without a file."""
        return [index for index, file in enumerate(self.files) if file is None]


def sequence_from(path: Path) -> PictureSequence:
    """Return the numbered files from `path` on; only `path` where its name has no number.

    The last group of digits in the name counts: ``shot2_0001.png`` is followed by ``shot2_0002.png``. Names may be
    padded with zeros or not. Folders, pipes and links to nothing are no pictures and count as missing.

    Raises:
        OSError: The folder cannot be read.
    """
    match = re.search(r"([0-9]+)(?=[^0-9]*$)", path.stem)
    if match is None:
        return PictureSequence(0, (path,))
    before, digits, after = path.stem[: match.start()], match.group(), path.stem[match.end() :] + path.suffix
    first = int(digits)
    files: list[Path | None] = [path]
    numbers = [number for number in _numbers(path.parent, before, len(digits), after) if number > first]
    for taken, number in enumerate(numbers):
        hole = number - first - len(files)
        if hole > LONGEST_HOLE:
            return PictureSequence(first, tuple(files), len(numbers) - taken)
        files += [None] * hole
        files.append(path.with_name(f"{before}{number:0{len(digits)}d}{after}"))
    return PictureSequence(first, tuple(files))


def _numbers(folder: Path, before: str, width: int, after: str) -> list[int]:
    """Numbers of the regular files of a folder that have these names, ascending."""
    alike = re.compile(f"{re.escape(before)}([0-9]+){re.escape(after)}", re.DOTALL)
    numbers = []
    with os.scandir(folder) as entries:
        for entry in entries:
            match = alike.fullmatch(entry.name)
            if match is not None and match[1] == f"{int(match[1]):0{width}d}" and _is_regular(entry):
                numbers.append(int(match[1]))
    return sorted(numbers)


def _is_regular(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file()
    except OSError:  # A link to itself.
        return False
