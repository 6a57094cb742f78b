"""``batch FOLDER_OR_LIST --out DIR``: many shots, several at once, safe to stop, with one page about all at the end."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from ..batch.capacity import MOST_WORKERS, usual_workers
from ..batch.driver import WHOLE, Batch, event_of_end, failure_of_batch
from ..batch.inputs import shots_of
from ..batch.keys import Keys
from ..batch.manifest import MANIFEST
from ..batch.page import PAGE, write_page
from ..batch.plan import planned, waiting
from ..batch.shot import GIVEN_BY_BATCH, Record, Shot
from ..batch.worker import MakeCommand
from ..contract.events import Emit, error_event, notice_event
from ..contract.failure import Failure, Notice
from ..contract.outputs import absolute
from ..contract.settings import FaceSettings
from ..contract.supervision.process import Engine
from ..contract.targets import TargetRefused, Targets
from ..run.engine import EXIT_DONE, EXIT_FAILED, EXIT_USAGE, guarded
from ..system.locks import FileLock
from ..system.project import PROJECT
from ..system.writable import not_writable
from .console import clock
from .flags import HelpFormatter, add_flags, path_argument
from .session import Session, add_common_flags, open_session
from .track import add_stage_flag, checked_settings

LOCK: Final = ".batch.lock"


def parser() -> argparse.ArgumentParser:
    """Return the parser, its flags made from the settings."""
    result = argparse.ArgumentParser(
        prog="python -m backend batch",
        usage="python -m backend batch FOLDER_OR_LIST --out DIR [options]",
        description="Track many shots. Writes a folder for each as 'track' does, batch.json (what became of each)"
        " and batch.html (a page about all).",
        epilog="Run the same command again to go on after a stop, or after clips were added: shots that are done and"
        " unchanged are skipped. Exit codes: 0 all shots are done, 1 some failed, 2 not understood, 130 cancelled.",
        allow_abbrev=False,
        formatter_class=HelpFormatter,
    )
    result.add_argument(
        "source",
        metavar="FOLDER_OR_LIST",
        type=path_argument,
        help="Folder (its videos and image sequences, also those in folders in it), text file with a path per line"
        " (# begins a comment), or manifest in JSON",
    )
    result.add_argument("--out", type=path_argument, required=True, metavar="DIR", help="Folder for the results")
    result.add_argument(
        "--workers",
        type=int,
        default=0,
        metavar="N",
        help=f"Shots that are worked on at once, 1 to {MOST_WORKERS} (default: one per core, as far as memory goes)",
    )
    result.add_argument(
        "--retry-failed", action="store_true", help="Track shots again that failed, though nothing has changed"
    )
    add_stage_flag(result)
    result.add_argument(
        "--all-faces",
        action="store_true",
        help="Track everyone in each shot, with one lens: results in DIR/SHOT/face1, DIR/SHOT/face2 ...",
    )
    add_common_flags(result)
    add_flags(result, left_out=GIVEN_BY_BATCH)
    return result


def main(arguments: Sequence[str]) -> int:
    """Run the command."""
    return run(parser().parse_args(arguments), engine_command)


def engine_command(parsed: argparse.Namespace, session: Session, engine: Engine) -> MakeCommand:
    """Return how the engine is started for a job of a batch: as Blender does, with the batch's cache."""

    def command(job: Path, log: Path) -> list[str]:
        flags = ["--cache", str(session.cache.root.absolute()), "--log", str(log)]
        return [*engine.command("run", job, models=parsed.models.absolute()), *flags]

    return command


def run(
    parsed: argparse.Namespace,
    command: Callable[[argparse.Namespace, Session, Engine], MakeCommand],
) -> int:
    """Run a batch as a process does and return its exit code.

    Args:
        parsed: What `parser` read.
        command: Makes the command that starts a worker.
    """
    settings = checked_settings(parsed, {})
    if isinstance(settings, Failure):
        sys.stderr.write(f"{settings}\n")
        return EXIT_USAGE
    if not 0 <= parsed.workers <= MOST_WORKERS:
        sys.stderr.write(f"--workers is a number from 1 to {MOST_WORKERS}.\n")
        return EXIT_USAGE
    with open_session(parsed) as session:
        if isinstance(session, Failure):
            return EXIT_FAILED
        engine = Engine(Path(sys.executable), PROJECT)
        make = command(parsed, session, engine)
        result = guarded(lambda emit: _run(parsed, settings, session, engine, make, emit), session.emit, session.log)
        return EXIT_FAILED if isinstance(result, Failure) else result


def _run(
    parsed: argparse.Namespace,
    settings: Mapping[str, Any],
    session: Session,
    engine: Engine,
    command: MakeCommand,
    emit: Emit,
) -> int:
    started = time.monotonic()
    out = absolute(str(parsed.out))
    usual = Shot(Path(), settings, tuple(parsed.add), parsed.all_faces)
    shots = _checked(shots_of(absolute(str(parsed.source)), usual, out))
    targets = Targets(parsed.overwrite)
    problem = shots if isinstance(shots, Failure) else _problem_of(out, targets)
    if isinstance(shots, Failure) or problem is not None:
        return _failed(problem, emit)
    lock = FileLock(out / LOCK)
    try:
        if not lock.acquire():
            busy = Failure(
                "batch-in-use", f"Another batch is at work in {out}.", "Wait for it, or choose another folder."
            )
            return _failed(busy, emit)
        keys = Keys(parsed.models)
        records, left = planned(shots, out, keys, parsed.retry_failed)
        if left:
            emit(notice_event(_left_out(left), WHOLE))
        workers = min(parsed.workers or usual_workers(), max(1, len(waiting(records))))
        said = emit if parsed.events else _for_people(emit)
        batch = Batch(records, out, keys, workers, engine, command, said, session.stop.asked, targets)
        if not batch.run():
            emit({"event": "cancelled"})
            return session.stop.exit_code
        page = write_page(out, records, time.monotonic() - started, workers, targets)
        return _ended(records, out / MANIFEST, page, time.monotonic() - started, emit, session, parsed.events)
    except TargetRefused as refused:
        return _failed(refused.failure, emit)
    except OSError as error:
        return _failed(not_writable(out, error), emit)
    finally:
        lock.release()


def _checked(shots: list[Shot] | Failure) -> list[Shot] | Failure:
    """Refuse shots of which everyone is to be tracked, and one face chosen."""
    if isinstance(shots, Failure):
        return shots
    for shot in shots:
        if shot.all_faces and shot.settings["face"] != FaceSettings():
            sentence = f"{shot.input.name}: everyone in it is to be tracked, and one face is chosen."
            return Failure("flags-contradict", sentence, "Leave out the settings that choose a face, or --all-faces.")
    return shots


def _problem_of(out: Path, targets: Targets) -> Failure | None:
    """Make the folder of the batch; return why nothing can be written there, before hours of work."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return not_writable(out, error)
    return targets.problem(out / MANIFEST) or targets.problem(out / PAGE)


def _failed(failure: Failure | None, emit: Emit) -> int:
    assert failure is not None
    emit(error_event(failure))
    return EXIT_FAILED


def _for_people(emit: Emit) -> Emit:
    """Leave out the progress of single shots: on a terminal, the line of all shots names those at work."""

    def said(event: Mapping[str, Any]) -> None:
        if event["event"] != "progress" or event["name"] == WHOLE:
            emit(event)

    return said


def _left_out(count: int) -> Notice:
    shots = "One shot of earlier runs is" if count == 1 else f"{count} shots of earlier runs are"
    return Notice("batch-left-out", f"{shots} not in this batch any more; the files stay.")


def _ended(
    records: Sequence[Record],
    manifest: Path,
    page: Path,
    seconds: float,
    emit: Emit,
    session: Session,
    events: bool,
) -> int:
    outputs = {"manifest": str(manifest), "page": str(page)}
    end = event_of_end(outputs, seconds, records)
    failure = failure_of_batch(records, page)
    if not events:
        numbers = ", ".join(f"{count} {state}" for state, count in end["shots"].items())
        session.streams.error.write(f"\n{len(records)} shots in {clock(seconds, tenths=True)}: {numbers}.\n")
        session.streams.error.write(f"  {'page':<14}{page}\n  {'manifest':<14}{manifest}\n")
    emit({"event": "done", **end} if failure is None else {**error_event(failure), **end})
    return EXIT_DONE if failure is None else EXIT_FAILED
