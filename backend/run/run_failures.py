"""Sentences for what stops a stage from outside: memory, a full disk, folders, files, and what FFmpeg cannot do."""

from __future__ import annotations

import errno
import os
import sys
from typing import Final

from ..contract.failure import Failure

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_FORBIDDEN: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


_NO_MEMORY: Final = (
    "out of memory",
    "not enough memory",
    "insufficient memory",
    "can't allocate memory",
    "cannot allocate memory",
    "failed to allocate",
    "bad_alloc",
    "can't start new thread",
    "failed to map segment",
)
"""What libraries say that have no kind of error of their own for it, in small letters."""


def failure_of_stage(error: Exception, label: str, *, writes: bool) -> Failure | None:
    """Return what an error that leaves a stage means for the user, None where it is a fault of the program.

    Args:
        error: What the stage raised.
        label: Name of the stage for people.
        writes: Whether the stage writes files for the user.
    """
    if _is_memory(error):
        return _memory_failure(label)
    if isinstance(error, OSError) and error.errno in _FULL:
        return _space_failure(label, error)
    if isinstance(error, OSError) and _is_of_ffmpeg(error.__cause__) and not isinstance(error.__cause__, OSError):
        return _media_failure(label, error)
    if isinstance(error, OSError):
        return _writing_failure(label, error) if writes else _reading_failure(label, error)
    return _media_failure(label, error) if _is_of_ffmpeg(error) else None


def _is_memory(error: Exception) -> bool:
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    if isinstance(error, OSError) and error.errno == errno.ENOMEM:
        return True
    of_library = (
        isinstance(error, RuntimeError | ImportError) or type(error).__module__ == "cv2" or _is_of_ffmpeg(error)
    )
    return of_library and any(words in str(error).lower() for words in _NO_MEMORY)


def _is_of_ffmpeg(error: BaseException | None) -> bool:
    """Whether FFmpeg raised it; the question does not load it."""
    library = sys.modules.get("av.error")
    return library is not None and isinstance(error, library.FFmpegError)


def _memory_failure(label: str) -> Failure:
    """Return the failure of a stage that got no memory."""
    return Failure(
        "out-of-memory",
        f"There is not enough memory for '{label}'.",
        "Close other programs, or track a shorter range of the clip.",
    )


def _space_failure(label: str, error: OSError) -> Failure:
    """Return the failure of a stage that found the disk full."""
    name = os.fsdecode(error.filename) if error.filename else f"the result of '{label}'"
    return Failure(
        "disk-full",
        f"The disk is full, so {name} could not be written.",
        "Free some space or choose another folder; finished work is kept.",
    )


def _writing_failure(label: str, error: OSError) -> Failure:
    """Return the failure of a stage whose files could not be written."""
    where = f" {os.fsdecode(error.filename)}" if error.filename else ""
    if error.errno in _FORBIDDEN:
        advice = "Choose a folder that you may write to; finished work is kept."
    elif error.errno == errno.ENOENT:
        advice = "The folder was moved or deleted meanwhile; run it again, and finished work is not repeated."
    else:
        advice = "Check that the drive is connected and works; finished work is kept."
    return Failure(
        "output-not-written",
        f"A result of '{label}' could not be written:{where} {error.strerror or error}.",
        advice,
    )


def _reading_failure(label: str, error: OSError) -> Failure:
    """Return the failure of a stage that could not read what it needs."""
    what = os.fsdecode(error.filename) if error.filename else "a file"
    return Failure(
        "input-not-readable",
        f"'{label}' could not read {what}: {error.strerror or error}.",
        "Check that the drive is connected and the file can be read; finished work is kept.",
    )


def _media_failure(label: str, error: Exception) -> Failure:
    """Return the failure of a stage in which FFmpeg could not do what it was asked to."""
    why = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return Failure(
        "media-failed",
        f"'{label}' could not continue with the video: {why}.",
        "Close other programs, in case memory is short, or convert it to MP4 with H.264; finished work is kept.",
    )
