"""Where things lie in the environment's folder, and the one file that says which environment is in use."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..contract.failure import Failure

MARKER_TEXT = "Made by install_deps.py. Nothing else is installed on this computer: delete this folder to uninstall.\n"
STAMP_SCHEMA = 1


@dataclass(frozen=True)
class Layout:
    """The folder that `--target` names, `.venv` unless told otherwise.

    ::

        bin/python, lib/       what is started: a virtual environment without packages of its own
        current.json           which folder of envs/ it uses; replaced in one step when a new one is ready
        envs/NAME-KEY-N/       complete environments; without stamp.json it is half-made
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


def interpreter_in(environment: Path) -> Path:
    """Return the path of the interpreter of a virtual environment on this system."""
    return environment / "Scripts" / "python.exe" if os.name == "nt" else environment / "bin" / "python"


def site_packages_of(environment: Path, python: str) -> Path:
    """Return the folder of an environment's packages; `python` is the version as ``3.11``."""
    if os.name == "nt":
        return environment / "Lib" / "site-packages"
    return environment / "lib" / f"python{python}" / "site-packages"


def claim(layout: Layout) -> Failure | None:
    """Create the folder and mark it as ours, or say why it cannot be used."""
    root = layout.root
    try:
        if root.exists() and not layout.marker.exists() and (not root.is_dir() or any(root.iterdir())):
            return Failure(
                "target-not-ours",
                f"{root} exists already and was not made by this installer, so it is left alone.",
                "Move it away, or choose another folder with --target.",
            )
        layout.environments.mkdir(parents=True, exist_ok=True)
        if not layout.marker.exists():
            layout.marker.write_text(MARKER_TEXT, encoding="utf-8")
    except OSError as error:
        return Failure(
            "target-not-writable",
            f"The folder {root} cannot be written ({error.strerror}).",
            "Choose a folder of your own with --target.",
        )
    return None


def read_pointer(layout: Layout) -> dict[str, str]:
    """Return which folder of ``envs`` is in use for each environment; empty when there is none or it is unreadable."""
    try:
        content = json.loads(layout.pointer.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(content, dict):
        return {}
    return {str(name): value for name, value in content.items() if isinstance(value, str)}


def write_pointer(layout: Layout, content: Mapping[str, str]) -> None:
    """Switch to other environments in one step: a reader sees the old file or the new one. May raise `OSError`."""
    beside = layout.pointer.with_suffix(".new")
    beside.write_text(json.dumps(dict(content), indent=1) + "\n", encoding="utf-8")
    beside.replace(layout.pointer)


def read_stamp(environment: Path) -> Stamp | None:
    """Return what an environment was made from, or None when it is half-made or of another schema."""
    try:
        content = json.loads((environment / "stamp.json").read_text(encoding="utf-8"))
        stamp = Stamp(**content)
    except (OSError, ValueError, TypeError):
        return None
    return stamp if stamp.schema == STAMP_SCHEMA else None


def write_stamp(environment: Path, stamp: Stamp) -> None:
    """Declare an environment complete. May raise `OSError`."""
    content: dict[str, Any] = asdict(stamp)
    beside = environment / "stamp.new"
    beside.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    beside.replace(environment / "stamp.json")


def current_environment(layout: Layout, name: str) -> Path | None:
    """Return the folder of the environment in use under a name, or None."""
    folder = read_pointer(layout).get(name)
    if not folder:
        return None
    environment = layout.environments / Path(folder).name
    return environment if environment.is_dir() else None


def new_environment(layout: Layout, name: str, key: str) -> Path:
    """Return a path for an environment that is not taken yet."""
    number = 1
    while (layout.environments / f"{name}-{key}-{number}").exists():
        number += 1
    return layout.environments / f"{name}-{key}-{number}"


def platform_name() -> str:
    """Return system and processor as in ``linux-x86_64``, ``win32-amd64``, ``darwin-arm64``."""
    import platform

    return f"{sys.platform}-{platform.machine().lower()}"
