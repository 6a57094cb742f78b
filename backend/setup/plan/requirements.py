"""The pinned lists of packages, and what else is to be known of each: room, versions of Python, the check after it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from ...contract.checks import is_number, is_text, list_of, mapping_of, object_with, parse_json
from ...contract.failure import Failure
from ...contract.installation import fingerprint, normalised

FACTS: Final = "purposes.json"

_ARE_FACTS: Final = mapping_of(
    object_with(
        {"gigabytes": partial(is_number, least=0), "pythons": list_of(is_text), "check": is_text},
        {"files_only": list_of(is_text)},
    )
)


@dataclass(frozen=True)
class Purpose:
    """One requirement file.

    Attributes:
        name: Name of the file without ending, e.g. ``engine``.
        file: The file.
        check: Script that the new environment runs to prove that the packages work.
        gigabytes: Room that the packages need once installed.
        pythons: Versions of Python that all its wheels exist for, the preferred one first.
        files_only: Normalised names of packages of which only files are read, so that what they ask for is left out.
    pins: Normalised package names with their versions, those for other systems too.
        fingerprint: Hash of the file without its comments.
        lines: Of the file.
    """

    name: str
    file: Path
    check: Path
    gigabytes: float
    pythons: tuple[str, ...]
    files_only: tuple[str, ...]
    pins: dict[str, str]
    fingerprint: str
    lines: tuple[str, ...]


def read_purpose(folder: Path, name: str) -> Purpose | Failure:
    """Read a list of packages and the facts of it that stand in `FACTS` beside it."""
    file = folder / f"{name}.txt"
    try:
        text = file.read_text(encoding="utf-8")
        facts = (parse_json((folder / FACTS).read_text(encoding="utf-8"), _ARE_FACTS) or {}).get(name)
    except OSError as error:
        return Failure(
            "requirements-missing",
            f"The file {error.filename} is missing.",
            "Get the complete folder of the program again.",
        )
    pins = re.findall(r"^([A-Za-z0-9._-]+)==([^\s;]+)", text, flags=re.MULTILINE)
    if facts is None or not facts["pythons"] or not pins or not (folder / facts["check"]).is_file():
        return Failure(
            "requirements-damaged",
            f"The file {file} lacks its pins, or {FACTS} beside it does not say all that is needed of it.",
            "Get the complete folder of the program again.",
        )
    return Purpose(
        name=name,
        file=file,
        check=folder / facts["check"],
        gigabytes=float(facts["gigabytes"]),
        pythons=tuple(facts["pythons"]),
        files_only=tuple(normalised(package) for package in facts.get("files_only", ())),
        pins={normalised(package): version for package, version in pins},
        fingerprint=fingerprint(text),
        lines=tuple(text.splitlines()),
    )
