"""Downloads, package by package: version, licence and size, from the measured table `packages.csv`."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ...contract.installation import normalised, platform_name
from .requirements import Purpose

TABLE: Final = "packages.csv"
HEAD: Final = ("name", "version", "licence", "build", "linux-x86_64", "win32-amd64", "darwin-arm64")


@dataclass(frozen=True)
class Download:
    """One package.

    Attributes:
        name: As the package index has it, normalised.
        version: Exact.
        licence: SPDX expression where there is one, else in words.
        size: Bytes of the file for Python 3.11; 0 where it was never measured.
    """

    name: str
    version: str
    licence: str
    size: int


def downloads_of(purposes: tuple[Purpose, ...], build: str, platform: str | None = None) -> list[Download]:
    """Return what the purposes need on a platform, the largest first.

    Args:
        purposes: Requirement files; their folder holds the table. Packages that the table lacks have no size.
        build: ``cpu`` or ``cuda`` for torch, empty where there is none.
        platform: As ``linux-x86_64``; this computer's when None.
    """
    platform = platform_name() if platform is None else platform
    rows = {(row["name"], row["build"]): row for row in read_table(purposes[0].file.parent)} if purposes else {}
    found: dict[str, Download] = {}
    for purpose in purposes:
        for name, version in purpose.pins.items():
            row = rows.get((name, "")) or rows.get((name, build))
            if row is None:
                found[name] = Download(name, version, "", 0)
            elif row.get(platform):
                found[name] = Download(name, version, row["licence"], int(row[platform]))
    if "torch" in found:
        # What the CUDA build brings along is in no requirement file: the build for the processor has none of it.
        for (name, of_build), row in rows.items():
            if of_build == "cuda" == build and name not in found and row.get(platform):
                found[name] = Download(name, row["version"], row["licence"], int(row[platform]))
    return sorted(found.values(), key=lambda each: (-each.size, each.name))


def read_table(folder: Path) -> list[dict[str, str]]:
    """Return the rows of the table in a folder of requirement files; none where there is no table."""
    try:
        lines = (folder / TABLE).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    return [{**row, "name": normalised(row["name"])} for row in rows]
