"""Check that a folder can be written to, made before hours of work rather than after."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import time
from pathlib import Path
from typing import Final

from ..contract.failure import Failure
from ..contract.file_access import exists

TRIES: Final = 50
"""How often a folder is made that another run, which only looked whether it can, removes at the same moment."""

PAUSE: Final = 0.002
"""Seconds between two of them."""


def writable_problem(folder: Path) -> Failure | None:
    """Make a folder and a file in it, and leave everything as it was; return why that fails."""
    probe = folder / f".writable-{os.getpid()}-{secrets.token_hex(4)}"
    for remaining in reversed(range(TRIES)):
        new = [path for path in (folder, *folder.parents) if not exists(path)]
        try:
            folder.mkdir(parents=True, exist_ok=True)
            probe.touch()
            probe.unlink()
        except (FileNotFoundError, FileExistsError) as error:  # another run has just left everything as it was
            if not remaining:
                return not_writable(folder, error)
            time.sleep(PAUSE)
        except OSError as error:
            return not_writable(folder, error)
        else:
            with contextlib.suppress(OSError):  # another run has put something there meanwhile
                for path in new:
                    path.rmdir()
            return None
    return None


def not_writable(folder: Path, error: OSError) -> Failure:
    """Return the failure for a folder of results that cannot be written to."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    return Failure(
        "output-not-writable",
        f"The results cannot be written to {folder}: {error.strerror or error}.",
        "Make room there, or choose another folder." if full else "Choose a folder that you may write to.",
    )
