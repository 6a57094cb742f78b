"""Session of a command that works: cache, log, streams, signals, and the exit code."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..contract.events import Emit, error_event, notice_event
from ..contract.failure import Failure, Notice
from ..contract.job import Job
from ..data.stage_code import StageCode
from ..run.cache import Cache
from ..run.engine import (
    EXIT_DONE,
    EXIT_FAILED,
    EventLines,
    Stop,
    Streams,
    hello,
    own_streams,
    run_guarded,
    watch_input,
    with_signals,
)
from ..run.registry import STAGE_CODE
from ..run.runner import Finished, Stopped
from ..system import cache_folder
from ..system.project import MODELS
from ..system.user_folders import user_cache
from .console import Console
from .flags import path_argument
from .log_file import log_problem


def add_common_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags of the engine itself."""
    group = parser.add_argument_group("Engine")
    group.add_argument(
        "--cache",
        type=path_argument,
        default=None,
        metavar="DIR",
        help="Folder for finished and unfinished work (default: the user's cache folder)",
    )
    group.add_argument(
        "--models",
        type=path_argument,
        default=MODELS,
        metavar="DIR",
        help="Folder of model files (default: models/ of the program)",
    )
    group.add_argument(
        "--log",
        type=path_argument,
        default=None,
        metavar="FILE",
        help="File to append the details to (default: a new one in the cache folder)",
    )
    group.add_argument(
        "--overwrite",
        action="store_true",
        help="Replace existing files that this program did not write (default: stop and name them). "
        "Files that the run reads are never replaced",
    )
    group.add_argument(
        "--events",
        action="store_true",
        help="Write one JSON object per line to standard output instead of a progress bar. The engine then stops "
        "at a line 'cancel' on standard input, or when standard input is closed",
    )


def execute(
    job: Job,
    arguments: argparse.Namespace,
    summary: Any = None,
    registry: Mapping[str, StageCode] = STAGE_CODE,
) -> int:
    """Run a job as a process does and return its exit code.

    Args:
        job: What to run.
        arguments: With the flags of `add_common_flags`.
        summary: Called with what is `Finished`; returns the text to print at the end where there are no events.
        registry: Kind of stage -> its code.
    """
    with open_session(arguments) as session:
        return EXIT_FAILED if isinstance(session, Failure) else execute_in(session, job, arguments, summary, registry)


def execute_in(
    session: Session,
    job: Job,
    arguments: argparse.Namespace,
    summary: Any = None,
    registry: Mapping[str, StageCode] = STAGE_CODE,
) -> int:
    """Run one of several jobs of one process: whoever asks it to stop means all of them. Else as `execute`."""
    if arguments.overwrite:
        job = dataclasses.replace(job, overwrite=True)
    result = run_guarded(
        job,
        session.cache,
        arguments.models,
        session.emit,
        session.stop,
        session.log,
        registry,
        previews=arguments.events,
    )
    if isinstance(result, Finished) and not arguments.events and summary is not None:
        session.streams.error.write(summary(result))
    if isinstance(result, Finished):
        session.cache.prune()
    return exit_code(result, session.stop)


@dataclass(frozen=True)
class Session:
    """A command that is at work, and how it is heard and stopped.

    Attributes:
        emit: Takes its events, for a program or for people.
        stop: Whether it shall stop.
        streams: The process's own.
        cache: Prepared.
        log: What libraries print; removed where nothing was.
    """

    emit: Emit
    stop: Stop
    streams: Streams
    cache: Cache
    log: Path


@contextlib.contextmanager
def open_session(arguments: argparse.Namespace) -> Iterator[Session | Failure]:
    """Open cache, log and streams as the flags of `add_common_flags` say; a failure has been printed already."""
    cache, unusable = _open_cache(arguments.cache)
    if not isinstance(cache, Failure) and arguments.log is not None:
        cache = log_problem(arguments.log) or cache
    if isinstance(cache, Failure):
        if arguments.events:
            EventLines(sys.stdout, Stop()).emit(error_event(cache))
        sys.stderr.write(f"{cache}\n")
        yield cache
        return
    log = arguments.log or cache.new_log()
    stop = Stop()
    with_signals(stop)
    with contextlib.ExitStack() as stack:
        failed = threading.Event()
        stack.callback(_tidy, cache, log, failed, temporary=unusable is not None)
        stack.enter_context(cache.in_use())
        streams = stack.enter_context(own_streams(log))
        if arguments.events:
            lines = EventLines(streams.output, stop)
            stop.send_final_event = lambda: lines.emit({"event": "cancelled"})
            threading.Thread(target=lines.send_heartbeats, daemon=True).start()
            threading.Thread(target=watch_input, args=(stop,), daemon=True).start()
            emit = lines.emit
            stack.callback(lines.close)
            emit(hello())
        else:
            emit = Console(streams.error).emit
            stop.send_final_event = lambda: emit({"event": "cancelled"})
        emit = _noting_errors(emit, failed)
        if unusable is not None:
            emit(notice_event(unusable))
        yield Session(emit, stop, streams, cache, log)


def _noting_errors(emit: Emit, failed: threading.Event) -> Emit:
    def emit_noting(event: Mapping[str, Any]) -> None:
        if event.get("event") == "error":
            failed.set()
        emit(event)

    return emit_noting


def _tidy(cache: Cache, log: Path, failed: threading.Event, *, temporary: bool) -> None:
    """Remove a log of ours in which nothing stands, and a cache of this run alone but for the log of a failure."""
    if log.parent == cache.logs and cache_folder.size_of(log) == 0:
        log.unlink(missing_ok=True)
    if not temporary:
        return
    if not (failed.is_set() and log.parent == cache.logs and log.exists()):
        shutil.rmtree(cache.root, ignore_errors=True)
        return
    for path in cache.root.iterdir():
        if path.is_file():
            path.unlink()
        elif path != cache.logs:
            shutil.rmtree(path, ignore_errors=True)


def exit_code(result: object, stop: Stop) -> int:
    """Return the exit code for what a command came to."""
    if isinstance(result, Failure):
        return EXIT_FAILED
    return stop.exit_code if isinstance(result, Stopped) else EXIT_DONE


def _open_cache(chosen: Path | None) -> tuple[Cache | Failure, Notice | None]:
    """Open the cache; where the user's own folder cannot be used, a temporary one does, and that is said."""
    cache = Cache((chosen or user_cache()).expanduser())
    try:
        cache.prepare()
    except OSError as error:
        sentence = f"The cache folder {cache.root} cannot be used: {error.strerror or error}."
        if chosen is not None:
            advice = "Choose a new or empty folder that you may write to with --cache."
            return Failure("cache-unusable", sentence, advice), None
        cache = Cache(Path(tempfile.mkdtemp(prefix="flame-head-tracker-")))
        cache.prepare()
        return cache, Notice(
            "cache-temporary", sentence, f"This run uses {cache.root}; nothing is saved for the next one."
        )
    return cache, None
