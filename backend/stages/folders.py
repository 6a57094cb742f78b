"""Whether a folder can be written to, asked before hours of work rather than after."""

from __future__ import annotations

import os
from pathlib import Path

from ..contract.failure import Failure


def writable_problem(folder: Path) -> Failure | None:
    """Make the folder and a file in it, and leave everything as it was; return why that fails."""
    probe = folder / f".writable-{os.getpid()}"
    try:
        new = [place for place in (folder, *folder.parents) if not place.exists()]
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
        for place in new:
            place.rmdir()
    except OSError as error:
        return Failure(
            "output-not-writable",
            f"The results cannot be written to {folder}: {error.strerror or error}.",
            "Choose a folder that you may write to.",
        )
    return None
