"""The pinned requirement files: what each is for, and the facts that stand in their comments."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from ...contract.failure import Failure
from ...contract.installation import fingerprint, normalised


@dataclass(frozen=True)
class Purpose:
    """One requirement file.

    Attributes:
        name: Name of the file without ending, e.g. ``engine``.
        file: The file.
        check: Script that the new environment runs to prove that the packages work.
        gigabytes: Room that the packages need once installed.
        pythons: Versions of Python that all its wheels exist for, the preferred one first.
        pins: Normalised package names with their versions, those for other systems too.
        fingerprint: Hash of the file without its comments.
        lines: Of the file.
    """

    name: str
    file: Path
    check: Path
    gigabytes: float
    pythons: tuple[str, ...]
    pins: dict[str, str]
    fingerprint: str
    lines: tuple[str, ...]


def read_purpose(folder: Path, name: str) -> Purpose | Failure:
    """Read a requirement file with the lines ``# disk:``, ``# python:`` and ``# check:`` in its comments."""
    file = folder / f"{name}.txt"
    try:
        text = file.read_text(encoding="utf-8")
    except OSError:
        return Failure(
            "requirements-missing",
            f"The file {file} is missing.",
            "Get the complete folder of the program again.",
        )
    facts = dict(re.findall(r"^# (disk|python|check): (.+)$", text, flags=re.MULTILINE))
    pins = re.findall(r"^([A-Za-z0-9._-]+)==([^\s;]+)", text, flags=re.MULTILINE)
    check = folder / facts.get("check", "")
    size = re.fullmatch(r"([0-9.]+) GB", facts.get("disk", ""))
    if not check.is_file() or size is None or not facts.get("python") or not pins:
        return Failure(
            "requirements-damaged",
            f"The file {file} lacks its pins or one of the lines '# disk:', '# python:' and '# check:'.",
            "Get the complete folder of the program again.",
        )
    return Purpose(
        name=name,
        file=file,
        check=check,
        gigabytes=float(size.group(1)),
        pythons=tuple(facts["python"].split()),
        pins={normalised(package): version for package, version in pins},
        fingerprint=fingerprint(text),
        lines=tuple(text.splitlines()),
    )
