"""Sentences for what stops a stage from outside: memory, a full disk, a folder that cannot be written to."""

from __future__ import annotations

import errno
import os
from typing import Final

from .contract.failure import Failure

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_FORBIDDEN: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


def is_full(error: OSError) -> bool:
    """Whether a disk is full."""
    return error.errno in _FULL


def memory_failure(label: str) -> Failure:
    """Return the failure of a stage that got no memory."""
    return Failure(
        "out-of-memory",
        f"There is not enough memory for '{label}'.",
        "Close other programs, or track a shorter range of the clip.",
    )


def space_failure(label: str, error: OSError) -> Failure:
    """Return the failure of a stage that found the disk full."""
    name = os.fsdecode(error.filename) if error.filename else f"the result of '{label}'"
    return Failure(
        "disk-full",
        f"The disk is full, so {name} could not be written.",
        "Free some space or choose another folder; what is finished is kept.",
    )


def writing_failure(label: str, error: OSError) -> Failure:
    """Return the failure of a stage whose files could not be written."""
    where = f" {os.fsdecode(error.filename)}" if error.filename else ""
    if error.errno in _FORBIDDEN:
        advice = "Choose a folder that you may write to; what is finished is kept."
    elif error.errno == errno.ENOENT:
        advice = "The folder was moved or removed meanwhile; run it again, and what is finished is not done twice."
    else:
        advice = "Look whether the drive is still there and in order; what is finished is kept."
    return Failure(
        "output-not-written",
        f"A result of '{label}' could not be written:{where} {error.strerror or error}.",
        advice,
    )
