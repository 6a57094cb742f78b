"""The files that may be installed, each by its hash: a package of the right name and version alone is not enough."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ...contract.failure import Failure
from ...contract.installation import normalised, platform_name

TABLE: Final = "wheels.csv"
HEAD: Final = ("file", "sha256")

_PIN: Final = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;]+)")
_SYSTEMS: Final = {"linux-x86_64": "linux", "win32-amd64": "win_amd64", "darwin-arm64": "macosx"}


@dataclass(frozen=True)
class Wheel:
    """One file of a package index.

    Attributes:
        file: Its name, which says package, version, Python and system.
        sha256: Of its content, in hexadecimal digits.
    """

    file: str
    sha256: str

    @property
    def name(self) -> str:
        """Normalised name of the package."""
        return normalised(self.file.split("-")[0])

    @property
    def version(self) -> str:
        """Version with its build, as ``2.13.0+cpu``."""
        return self.file.split("-")[1]

    @property
    def build(self) -> str:
        """``cpu`` or ``cuda``, for a file of torch: the plain version is CUDA's for Linux and else the processor's."""
        local = self.version.partition("+")[2]
        if local:
            return "cuda" if local.startswith("cu") else "cpu"
        return "cuda" if "linux" in self.file else "cpu"

    def fits(self, python: str, platform: str | None = None) -> bool:
        """Whether pip could take it for a Python, as ``3.11``, on a system, as `platform_name` says it."""
        tags, system = self.file.removesuffix(".whl").split("-")[2:], _SYSTEMS.get(platform or platform_name(), "")
        minor = re.fullmatch(r"(?:py2\.)?py3|cp3(\d+)", tags[0])
        asked = int(python.rpartition(".")[2])
        if minor is None or not system:
            return False
        own = minor.group(1) is None or int(minor.group(1)) == asked
        stable = tags[1] == "abi3" and minor.group(1) is not None and int(minor.group(1)) <= asked
        return (own or stable) and (tags[2] == "any" or system in tags[2])


def read_wheels(folder: Path) -> list[Wheel]:
    """Return the table of a folder of requirement files; nothing where there is none."""
    try:
        with (folder / TABLE).open(encoding="utf-8", newline="") as file:
            return [Wheel(row["file"], row["sha256"]) for row in csv.DictReader(file)]
    except (OSError, KeyError, ValueError):
        return []


def with_hashes(lines: Iterable[str], wheels: Iterable[Wheel]) -> str | Failure:
    """Return pins as pip takes them with ``--require-hashes``.

    Args:
        lines: Of a requirement file, such as ``name==1.0; sys_platform == 'win32'``; comments are left out.
        wheels: The files that may be installed. A pin without a build, as ``torch==2.13.0``, allows all its builds.
    """
    known: dict[tuple[str, str], set[str]] = {}
    for wheel in wheels:
        for version in {wheel.version, wheel.version.partition("+")[0]}:
            known.setdefault((wheel.name, version), set()).add(wheel.sha256)
    result: dict[str, None] = {}
    for line in lines:
        pin = _PIN.match(line)
        if pin is None:
            continue
        hashes = known.get((normalised(pin.group(1)), pin.group(2)))
        if not hashes:
            return Failure(
                "requirements-damaged",
                f"The table {TABLE} has no file of {pin.group(0)}, so nothing could tell whether it is the right one.",
                "Get the complete folder of the program again.",
            )
        result[" ".join([line.strip(), *(f"--hash=sha256:{each}" for each in sorted(hashes))])] = None
    return "".join(f"{line}\n" for line in result)
