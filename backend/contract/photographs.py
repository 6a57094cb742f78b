"""Photographs that a setting names, as files on disk, and the names of what is made of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from .failure import Failure
from .file_access import exists, is_folder
from .footage import is_picture
from .options import split_paths


def photograph_files(text: str) -> list[Path] | Failure:
    """Return the files that the setting names; of a folder all pictures in it, by their names."""
    # A name may hold the separator.
    parts = [text] if text.strip() and exists(Path(text).expanduser()) else split_paths(text)
    if not parts:
        return Failure("photo-not-given", "No photograph was chosen.", "Choose a picture of a face.")
    result: list[Path] = []
    for part in parts:
        path = Path(part).expanduser().absolute()
        if not is_folder(path):
            result.append(path)
            continue
        paths = sorted(other for other in path.iterdir() if is_picture(other))
        if not paths:
            return Failure("photo-not-found", f"There is no picture in {path}.", "Choose a picture of a face.")
        result += paths
    return list(dict.fromkeys(result))


def portrait_names(photographs: Sequence[Path]) -> list[str]:
    """Return a folder name per photograph: its file's name, with a number where two are alike to any system."""
    names: dict[str, str] = {}
    for path in photographs:
        name, number = path.stem, 2
        while name.casefold() in names:
            name, number = f"{path.stem}-{number}", number + 1
        names[name.casefold()] = name
    return list(names.values())
