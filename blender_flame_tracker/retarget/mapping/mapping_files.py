"""Mappings as files: one that the user names, and one for each character in the user's folder, to be found again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ....backend.contract.atomic import write_atomically
from ....backend.contract.failure import Failure
from ....backend.contract.performance.characters.mapping import Mapping, parse_mapping
from ....backend.contract.performance.characters.spellings import without_copy
from ...paths import safe_name, user_folder

ENDING: Final = ".json"
_LARGEST: Final = 8 << 20
"""Bytes of a file that is read: a mapping of 2,000 targets takes half a megabyte."""


def character_folder() -> Path:
    """Return the folder of the user's characters; it need not be there."""
    return user_folder("characters")


def save_for_character(mapping: Mapping, name: str) -> Path | Failure:
    """Write a mapping into the user's folder, in place of an earlier one of the same character.

    Args:
        mapping: With its signature.
        name: For people, e.g. the armature's.
    """
    folder = character_folder()
    names = sorted({without_copy(each) for each in mapping.signature})
    digest = hashlib.sha256("\n".join(names).encode("utf-8", "surrogateescape")).hexdigest()[:8]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return _not_written(folder, error)
    for earlier in folder.glob(f"*-{digest}{ENDING}"):
        return write_mapping(earlier, mapping)
    return write_mapping(folder / f"{safe_name(without_copy(name))}-{digest}{ENDING}", mapping)


def saved_mappings() -> Iterator[Mapping]:
    """Yield the mappings of the user's folder, the newest first; files that hold none are passed over."""
    try:
        files = sorted(character_folder().glob(f"*{ENDING}"), key=lambda path: -path.stat().st_mtime)
    except OSError:
        return
    for file in files:
        mapping = read_mapping(file)
        if isinstance(mapping, Mapping):
            yield mapping


def write_mapping(path: Path, mapping: Mapping) -> Path | Failure:
    """Write a mapping to a file; one that is there is replaced in one step."""
    try:
        return write_atomically(path, lambda partial: partial.write_text(mapping.to_json(), "utf-8"))
    except OSError as error:
        return _not_written(path, error)


def read_mapping(path: Path) -> Mapping | Failure:
    """Read a mapping from a file."""
    try:
        if path.stat().st_size > _LARGEST:
            return Failure("mapping-too-large", f"{path.name} is too large for a mapping.", "Choose another file.")
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        return Failure("mapping-unreadable", f"{path.name} cannot be read: {reason}.", "Choose another file.")
    return parse_mapping(text)


def _not_written(path: Path, error: OSError) -> Failure:
    return Failure(
        "mapping-not-written", f"{path} cannot be written: {error.strerror or error}.", "Choose another folder."
    )
