"""``run JOB.json``: a graph of stages as the node editor or ``track --write-job`` writes it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ..contract.events import error_event
from ..contract.failure import Failure
from ..contract.job import Job
from ..contract.portable import read_job
from ..run.engine import EXIT_FAILED, EventLines, Stop
from .flags import path_argument
from .session import add_common_flags, execute
from .summary import closing_words

LARGEST: Final = 16 << 20
"""Bytes of a job file; one of the node editor has some thousand."""


def parser() -> argparse.ArgumentParser:
    """Return the parser."""
    result = argparse.ArgumentParser(
        prog="python -m backend run",
        description="Run a job: a graph of stages with their settings.",
        epilog="Exit codes: 0 done, 1 failed, 2 not understood, 130 cancelled, 143 ended by SIGTERM.",
        allow_abbrev=False,
    )
    result.add_argument("job", metavar="JOB.json", type=path_argument, help="Job file")
    add_common_flags(result)
    return result


def main(arguments: Sequence[str]) -> int:
    """Run the command."""
    parsed = parser().parse_args(arguments)
    job = _read(parsed.job)
    if isinstance(job, Failure):
        if parsed.events:
            EventLines(sys.stdout, Stop()).emit(error_event(job))
        sys.stderr.write(f"{job}\n")
        return EXIT_FAILED
    return execute(job, parsed, closing_words)


def _read(path: Path) -> Job | Failure:
    try:
        with path.open("rb") as stream:
            content = stream.read(LARGEST + 1)
        if len(content) > LARGEST:
            return Failure("job-not-json", f"{path.name} is too large for a job file.", "Choose the job file.")
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return Failure("job-not-json", f"{path.name} is not a text file.", "Choose the job file, which is JSON.")
    except OSError as error:
        return Failure(
            "job-not-readable",
            f"The job {path} could not be read: {error.strerror or error}.",
            "Choose an existing job file.",
        )
    return read_job(text, path.parent)
