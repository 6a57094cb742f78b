"""The zip that an animator installs: the add-on's folder without what `blender_manifest.toml` excludes.

Blender's own `extension build` makes the same files; this one needs no Blender and gives the same bytes every time.
"""

from __future__ import annotations

import re
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from ..contract.atomic import write_atomically
from ..contract.failure import Failure

MANIFEST: Final = "blender_manifest.toml"
MOMENT: Final = (2026, 1, 1, 0, 0, 0)
"""Of every file in the zip, so that the same content is the same zip."""


def build_zip(project: Path, folder: Path) -> Path | Failure:
    """Write the zip into a folder and return its path."""
    if sys.version_info < (3, 11):
        return Failure("python-old", "Python 3.11 is the least that can build the zip.", "Start this with it.")
    import tomllib

    manifest: dict[str, Any] = tomllib.loads((project / MANIFEST).read_text(encoding="utf-8"))
    target = folder / f"{manifest['id']}-{manifest['version']}.zip"
    files = files_of(project, manifest["build"]["paths_exclude_pattern"])
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(target, lambda beside: _pack(beside, project, files))
    except OSError as error:
        return Failure(
            "zip-not-written",
            f"{target} could not be written: {error.strerror or error}.",
            "Choose a folder that you may write to with --out.",
        )
    return target


def _pack(path: Path, project: Path, files: Sequence[Path]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for file in files:
            entry = zipfile.ZipInfo(file.relative_to(project).as_posix(), MOMENT)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, file.read_bytes())


def files_of(project: Path, patterns: Sequence[str]) -> list[Path]:
    """Return the files of a folder that no pattern excludes, sorted by path."""
    rules = [_Rule(pattern) for pattern in patterns]
    found: list[Path] = []
    folders = [project]
    while folders:
        for path in folders.pop().iterdir():
            inside = path.relative_to(project).as_posix()
            if path.is_dir():
                if not _excluded(inside, True, rules):
                    folders.append(path)
            elif not _excluded(inside, False, rules):
                found.append(path)
    return sorted(found)


class _Rule:
    """One pattern as in a `.gitignore`, without ``**``: anchored by a leading slash, for folders by a trailing one."""

    def __init__(self, pattern: str) -> None:
        self.includes = pattern.startswith("!")
        pattern = pattern.removeprefix("!")
        self.folders_only = pattern.endswith("/")
        body = "[^/]*".join(re.escape(part) for part in pattern.strip("/").split("*"))
        self.regex = re.compile(body if pattern.startswith("/") else f"(?:.*/)?{body}")


def _excluded(inside: str, is_folder: bool, rules: Sequence[_Rule]) -> bool:
    excluded = False
    for rule in rules:
        if rule.regex.fullmatch(inside) and (is_folder or not rule.folders_only):
            if rule.includes:
                # As Blender's tool has it: what is included by name stays so.
                return False
            excluded = True
    return excluded
