"""The folder of an installed engine: paths, pointer and stamp. Installer and add-on both read it here."""

from __future__ import annotations

import enum
import hashlib
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .checks import is_text, is_whole, is_yes_or_no, list_of, mapping_of, object_with, parse_json

STAMP_SCHEMA: Final = 1
ENGINE: Final = "engine"
"""Name of the environment that tracks, and of its list of packages."""


LONGEST_MEMBER: Final = 171
"""The longest path inside site-packages, measured over all wheels in requirements/: a licence file of torch."""

WINDOWS_LONGEST_PATH: Final = 259
"""Characters of the paths that Windows opens where long paths are not enabled."""


@dataclass(frozen=True)
class Layout:
    """The folder that `--target` names, `.venv` unless told otherwise.

    ::

        bin/python, lib/       what is started: a virtual environment without packages of its own
        current.json           which folder of envs/ it uses; replaced in one step when a new one is ready
        envs/NAME-KEY-N/       complete environments; without stamp.json it is half-made
        python/  uv/           a Python of our own and what fetches it, where the computer had none
        cache/  temporary/     downloads that are kept, and scratch space
        install.log            all that pip and the checks said
    """

    root: Path

    @property
    def marker(self) -> Path:
        """File by which the folder is known to be ours."""
        return self.root / "INSTALLED_BY_FLAME_HEAD_TRACKER.txt"

    @property
    def environments(self) -> Path:
        """Folder of the complete environments."""
        return self.root / "envs"

    @property
    def pointer(self) -> Path:
        """File that names the environments in use."""
        return self.root / "current.json"

    @property
    def pythons(self) -> Path:
        """Folder of the Python that was fetched because the computer had none."""
        return self.root / "python"

    @property
    def cache(self) -> Path:
        """Downloads, kept so that a repair need not fetch them again."""
        return self.root / "cache"

    @property
    def temporary(self) -> Path:
        """Scratch space of pip, removed afterwards."""
        return self.root / "temporary"

    @property
    def log(self) -> Path:
        """All that was said while installing."""
        return self.root / "install.log"

    @property
    def lock(self) -> Path:
        """Held while installing, so that two installers do not meet."""
        return self.root / "install.lock"

    @property
    def python(self) -> Path:
        """The interpreter that users start."""
        return interpreter_in(self.root)


@dataclass(frozen=True)
class Stamp:
    """What a complete environment was made from; written last, so its presence means complete.

    Attributes:
        name: ``engine``, ``blender-4.2`` or ``blender-5.0``.
        purposes: Requirement files by name with the hash of their content.
        extras: Optional renderers that were built into it.
        python: Version as ``3.11``.
        platform: As ``linux-x86_64``.
        torch: ``cpu`` or ``cuda``; empty in an environment without torch.
        offered_cpu_only: Whether CUDA was wanted but the package index had the processor's build only.
    """

    name: str
    purposes: dict[str, str]
    extras: list[str]
    python: str
    platform: str
    torch: str
    offered_cpu_only: bool = False
    schema: int = STAMP_SCHEMA


_STAMP_FIELDS: Final = {
    "name": is_text,
    "purposes": mapping_of(is_text),
    "extras": list_of(is_text),
    "python": is_text,
    "platform": is_text,
    "torch": is_text,
}
_STAMP_LATER: Final = {"offered_cpu_only": is_yes_or_no, "schema": is_whole}
_IS_STAMP: Final = object_with(_STAMP_FIELDS, _STAMP_LATER)


class Condition(enum.Enum):
    """What an engine's folder holds, as far as a few small files tell."""

    ABSENT = "not installed"
    COMPLETE = "complete"
    OUTDATED = "outdated"
    BROKEN = "broken"


@dataclass(frozen=True)
class Installed:
    """What was found in an engine's folder.

    Attributes:
        condition: See `Condition`.
        reason: Why it is outdated or broken, in half a sentence.
        stamp: What it was made from, where that is known.
    """

    condition: Condition
    reason: str = ""
    stamp: Stamp | None = None


def inspect_engine(layout: Layout, requirements: Path) -> Installed:
    """Say what a folder holds, by reading four small files: quick enough to be asked before every run.

    Args:
        layout: The engine's folder.
        requirements: Folder of the package lists of the program that would run in it.
    """
    if not layout.marker.is_file():
        return Installed(Condition.ABSENT)
    environment = current_environment(layout, ENGINE)
    if environment is None:
        named = read_pointer(layout).get(ENGINE)
        return Installed(Condition.BROKEN, "its packages are missing") if named else Installed(Condition.ABSENT)
    stamp = read_stamp(environment)
    if stamp is None:
        return Installed(Condition.BROKEN, "it was not finished, or was made by another version of the installer")
    if stamp.platform != platform_name():
        return Installed(Condition.BROKEN, f"it was made on another kind of computer ({stamp.platform})", stamp)
    if not layout.python.is_file():
        return Installed(Condition.BROKEN, "its Python is missing", stamp)
    try:
        text = (requirements / f"{ENGINE}.txt").read_text(encoding="utf-8")
    except OSError:
        return Installed(Condition.BROKEN, f"the list of packages in {requirements} is missing", stamp)
    if stamp.purposes.get(ENGINE) != fingerprint(text):
        return Installed(Condition.OUTDATED, "this version of the add-on needs other packages", stamp)
    return Installed(Condition.COMPLETE, "", stamp)


def fingerprint(requirements: str) -> str:
    """Return the hash of a list of packages; comments may change without making anybody fetch gigabytes again."""
    lines = [line.strip() for line in requirements.splitlines()]
    content = "\n".join(line for line in lines if line and not line.startswith("#"))
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def interpreter_in(environment: Path) -> Path:
    """Return the path of the interpreter of a virtual environment on this system."""
    return environment / "Scripts" / "python.exe" if os.name == "nt" else environment / "bin" / "python"


def site_packages_of(environment: Path, python: str) -> Path:
    """Return the folder of an environment's packages; `python` is the version as ``3.11``."""
    if os.name == "nt":
        return environment / "Lib" / "site-packages"
    return environment / "lib" / f"python{python}" / "site-packages"


def installed_packages(packages: Path) -> dict[str, str]:
    """Return normalised names and versions of what is installed, from the names of the dist-info folders."""
    versions = {}
    for folder in packages.glob("*.dist-info"):
        name, _, version = folder.name[: -len(".dist-info")].partition("-")
        if (folder / "METADATA").is_file():
            versions[normalised(name)] = version
    return versions


def normalised(package: str) -> str:
    """Return a package name as package indexes compare them (PEP 503)."""
    return re.sub(r"[-_.]+", "-", package).lower()


def read_pointer(layout: Layout) -> dict[str, str]:
    """Return which folder of ``envs`` is in use for each environment; empty when there is none or it is unreadable."""
    try:
        content = parse_json(layout.pointer.read_text(encoding="utf-8"), mapping_of(lambda _value: True))
    except (OSError, ValueError):
        return {}
    return {} if content is None else {str(name): value for name, value in content.items() if isinstance(value, str)}


def read_stamp(environment: Path) -> Stamp | None:
    """Return what an environment was made from, or None when it is half-made or of another schema."""
    try:
        content = parse_json((environment / "stamp.json").read_text(encoding="utf-8"), _IS_STAMP)
    except (OSError, ValueError):
        return None
    if content is None or not content.keys() <= {*_STAMP_FIELDS, *_STAMP_LATER}:
        return None
    stamp = Stamp(**content)
    return stamp if stamp.schema == STAMP_SCHEMA else None


def current_environment(layout: Layout, name: str) -> Path | None:
    """Return the folder of the environment in use under a name, or None."""
    folder = read_pointer(layout).get(name)
    if not folder:
        return None
    environment = layout.environments / Path(folder).name
    return environment if environment.is_dir() else None


def longest_path_below(layout: Layout, name: str = ENGINE) -> int:
    """Return the length that the longest path of an environment has on Windows."""
    return len(str(layout.environments / f"{name}-00000000-10" / "Lib" / "site-packages")) + 1 + LONGEST_MEMBER


def platform_name() -> str:
    """Return system and processor as in ``linux-x86_64``, ``win32-amd64``, ``darwin-arm64``."""
    import platform

    return f"{sys.platform}-{platform.machine().lower()}"
