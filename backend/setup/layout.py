"""What only the installer does in its folder: claim it, switch to an environment, declare one complete."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..contract.failure import Failure
from ..contract.installation import Layout, Stamp
from .preflight import check_target

MARKER_TEXT = "Made by install_deps.py. Nothing else is installed on this computer: delete this folder to uninstall.\n"


def claim(layout: Layout) -> Failure | None:
    """Create the folder and mark it as ours, or say why it cannot be used."""
    failure = check_target(layout)
    if failure is not None:
        return failure
    try:
        layout.environments.mkdir(parents=True, exist_ok=True)
        if not layout.marker.exists():
            layout.marker.write_text(MARKER_TEXT, encoding="utf-8")
    except OSError as error:
        return Failure(
            "target-not-writable",
            f"The folder {layout.root} cannot be written ({error.strerror}).",
            "Choose a folder of your own with --target.",
        )
    return None


def write_pointer(layout: Layout, content: Mapping[str, str]) -> None:
    """Switch to other environments in one step: a reader sees the old file or the new one. May raise `OSError`."""
    beside = layout.pointer.with_suffix(".new")
    beside.write_text(json.dumps(dict(content), indent=1) + "\n", encoding="utf-8")
    beside.replace(layout.pointer)


def write_stamp(environment: Path, stamp: Stamp) -> None:
    """Declare an environment complete. May raise `OSError`."""
    content: dict[str, Any] = asdict(stamp)
    beside = environment / "stamp.new"
    beside.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    beside.replace(environment / "stamp.json")


def is_environment_name(name: str) -> bool:
    """Whether a folder is called as `new_environment` calls them."""
    return re.fullmatch(r"[a-z0-9.-]+-[0-9a-f]{8}-[0-9]+", name) is not None


def new_environment(layout: Layout, name: str, key: str) -> Path:
    """Return a path for an environment that is not taken yet."""
    number = 1
    while (layout.environments / f"{name}-{key}-{number}").exists():
        number += 1
    return layout.environments / f"{name}-{key}-{number}"
