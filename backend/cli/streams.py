"""Standard input, output and error of the program: there, even where it was started without them, and written out."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Sequence
from typing import Final, TextIO

EXIT_DONE, EXIT_FAILED = 0, 1
EXIT_INTERRUPTED: Final = 130
"""128 + SIGINT, as shells expect."""


_GONE: Final = frozenset({errno.EPIPE, errno.EINVAL})
"""Nobody reads any more; on Windows the second."""
_UNWRITTEN: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})


def run_with_streams(main: Callable[[Sequence[str]], int], arguments: Sequence[str]) -> int:
    """Run a command with whole streams and return its exit code; 1 where its answer could not be written."""
    open_closed_streams()
    try:
        code = main(arguments)
    except SystemExit as ended:  # argparse, after its help or its complaint
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except KeyboardInterrupt:  # before the engine listens to signals
        code = EXIT_INTERRUPTED
    except OSError as error:
        if error.errno not in (*_GONE, *_UNWRITTEN):
            raise
        code = EXIT_DONE if _could_not_write(error, sys.stdout, sys.stderr) else EXIT_FAILED
    return code if written_out(sys.stdout, sys.stderr) else code or EXIT_FAILED


def open_closed_streams() -> None:
    """Open streams that were closed onto nothing, before a file of ours gets their number."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, which is this one
    if sys.stdout is None:
        sys.stdout = _text_to(1)
    if sys.stderr is None:
        sys.stderr = _text_to(2)


def written_out(stream: TextIO, error_stream: TextIO) -> bool:
    """Write out what waits in a stream, and say on another one why that fails.

    A reader that has gone is no failure: it wants no more.
    """
    try:
        stream.flush()
    except OSError as error:
        return _could_not_write(error, stream, error_stream)
    return True


def _could_not_write(error: OSError, stream: TextIO, error_stream: TextIO) -> bool:
    """Say why a stream could not be written to; return whether that is all right."""
    # What is left would be tried again, and reported in Python's words, when the stream is closed.
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    if error.errno not in _GONE:
        sentence = f"The output could not be written: {error.strerror or error}. Choose another file or disk for it."
        error_stream.write(f"{sentence}\n")
    return error.errno in _GONE


def _text_to(descriptor: int) -> TextIO:
    return os.fdopen(os.dup(descriptor), "w", encoding="utf-8", errors="backslashreplace")
