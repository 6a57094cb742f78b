"""``batch FOLDER_OR_LIST --out DIR``: many shots, several at once, safe to stop, with one page about all at the end."""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..batch.capacity import usual_workers
from ..batch.crew import LocalCrew
from ..batch.driver import Batch
from ..batch.farm.dask_crew import DaskCrew
from ..batch.keys import Keys
from ..batch.opening import opened
from ..batch.page import write_page
from ..batch.plan import Plan
from ..batch.shot import Record, Shot
from ..batch.words import AT_WORK, STOPPED, failure_of_batch, fields_of_end, left_out
from ..batch.worker import Program
from ..contract.batch_files import GIVEN_BY_BATCH, MANIFEST, MOST_WORKERS, WHOLE
from ..contract.events import Emit, error_event, notice_event
from ..contract.failure import Failure
from ..contract.outputs import absolute
from ..contract.supervision.process import Engine
from ..contract.targets import TargetRefused, Targets
from ..run.engine import EXIT_DONE, EXIT_FAILED, EXIT_USAGE, guarded
from ..system.project import PROJECT
from ..system.writable import not_writable
from .batch_farm import add_farm_flags, describe, farm_crew
from .batch_tasks import check_computer, find_identity, track_shot
from .console import clock
from .flags import HelpFormatter, add_flags, path_argument
from .session import Session, add_common_flags, open_session
from .track import add_stage_flag, checked_settings


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
        " (# begins a comment; after a tab, who is in it), or manifest in JSON",
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
    add_farm_flags(result)
    add_common_flags(result)
    add_flags(result, left_out=GIVEN_BY_BATCH)
    return result


def main(arguments: Sequence[str]) -> int:
    """Run the command."""
    return run(parser().parse_args(arguments))


def run(parsed: argparse.Namespace, instead: Sequence[str] = ()) -> int:
    """Run a batch as a process does and return its exit code.

    Args:
        parsed: What `parser` read.
        instead: Command that takes a job file in the engine's stead, on farms too; empty for the engine.
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
        result = guarded(lambda emit: _run(parsed, settings, session, instead, emit), session.emit, session.log)
        return EXIT_FAILED if isinstance(result, Failure) else result


def _run(
    parsed: argparse.Namespace,
    settings: Mapping[str, Any],
    session: Session,
    instead: Sequence[str],
    emit: Emit,
) -> int:
    if parsed.check_computer:
        return check_computer(parsed, emit)
    engine = Engine(Path(sys.executable), PROJECT)
    program = Program(engine, parsed.models.absolute(), str(session.cache.root.absolute()), tuple(instead))
    if parsed.shot or parsed.survey:
        return track_shot(parsed, session, program, emit)
    if parsed.identity_of:
        return find_identity(parsed, session, program, emit)
    out = absolute(str(parsed.out))
    usual = Shot(Path(), settings, tuple(parsed.add), parsed.all_faces)
    targets, keys = Targets(parsed.overwrite), Keys(parsed.models)
    source = absolute(str(parsed.source))
    try:
        with opened(source, usual, out, keys, targets, retry_failed=parsed.retry_failed) as plan:
            if isinstance(plan, Failure):
                return _failed(plan, emit)
            if parsed.openjd is not None:
                return _described(describe(parsed, plan, out, keys, targets), session, emit)
            with _crew(parsed, plan, out, program, targets) as crew:
                if isinstance(crew, Failure):
                    return _failed(crew, emit)
                said = emit if parsed.events else _for_people(emit)
                batch = Batch(plan, out, keys, crew, said, session.stop.asked, targets)
                if parsed.collect:
                    return _collected(batch, emit)
                return _tracked(batch, session, emit, events=parsed.events)
    except TargetRefused as refused:
        return _failed(refused.failure, emit)
    except OSError as error:
        return _failed(not_writable(out, error), emit)


@contextlib.contextmanager
def _crew(
    parsed: argparse.Namespace, plan: Plan, out: Path, program: Program, targets: Targets
) -> Iterator[LocalCrew | DaskCrew | Failure]:
    """Give those who work on the shots, until all is over."""
    if not parsed.dask or not plan.waiting:
        size = min(parsed.workers or usual_workers(), max(1, len(plan.waiting)))
        yield LocalCrew(size, out, program.engine, program.command, overwrite=targets.overwrite)
        return
    crew = farm_crew(parsed, out, program.instead, targets)
    try:
        yield crew
    finally:
        if isinstance(crew, DaskCrew):
            crew.close()


def _described(written: Path | Failure, session: Session, emit: Emit) -> int:
    if isinstance(written, Failure):
        return _failed(written, emit)
    session.streams.error.write(f"  {'job':<14}{written}\n")
    emit({"event": "done", "outputs": {"openjd": str(written)}, "seconds": 0.0})
    return EXIT_DONE


def _tracked(batch: Batch, session: Session, emit: Emit, *, events: bool) -> int:
    """Run a batch and write its page, however it ends."""
    started = time.monotonic()
    records = batch.plan.records

    def page(end: str = "") -> Path:
        return write_page(batch.folder, batch.plan, time.monotonic() - started, batch.crew.size, batch.targets, end)

    batch.write_page = lambda: page(AT_WORK)
    if batch.plan.left_out:
        emit(notice_event(left_out(batch.plan.left_out), WHOLE))
    try:
        through = batch.run()
    except BaseException as error:
        with contextlib.suppress(OSError, TargetRefused):
            page(_reason(error))
        raise
    lost = batch.crew.problem()
    written = page("" if through else STOPPED if lost is None else f"{lost.sentence} {lost.advice}")
    if lost is not None and not through:
        return _failed(lost, emit)
    if not through:
        emit({"event": "cancelled"})
        return session.stop.exit_code
    return _ended(records, batch.folder / MANIFEST, written, time.monotonic() - started, emit, session, events)


def _collected(batch: Batch, emit: Emit) -> int:
    """Write manifest and page of what others have tracked; shots that failed are no reason to try this again."""
    batch.collect()
    missing = len(batch.plan.waiting)
    shots = "one shot is" if missing == 1 else f"{missing} shots are"
    end = f"Made of what is there: {shots} not tracked." if missing else ""
    page = write_page(batch.folder, batch.plan, 0.0, 0, batch.targets, end)
    outputs = {"manifest": str(batch.folder / MANIFEST), "page": str(page)}
    emit({"event": "done", **fields_of_end(outputs, 0.0, batch.plan.records)})
    return EXIT_DONE


def _reason(error: BaseException) -> str:
    """Return for the page why a batch ended in the middle."""
    if isinstance(error, TargetRefused):
        return f"Ended before all was done. {error.failure.sentence}"
    if isinstance(error, OSError):
        return f"Ended before all was done: {error.strerror or error}."
    return "Ended before all was done, by a fault of the program; the same command goes on."


def _failed(failure: Failure, emit: Emit) -> int:
    emit(error_event(failure))
    return EXIT_FAILED


def _for_people(emit: Emit) -> Emit:
    """Leave out the progress of single shots: on a terminal, the line of all shots names those at work."""

    def said(event: Mapping[str, Any]) -> None:
        if event["event"] != "progress" or event["name"] == WHOLE:
            emit(event)

    return said


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
    end = fields_of_end(outputs, seconds, records)
    failure = failure_of_batch(records, page)
    if not events:
        numbers = ", ".join(f"{count} {state}" for state, count in end["shots"].items())
        session.streams.error.write(f"\n{len(records)} shots in {clock(seconds, tenths=True)}: {numbers}.\n")
        session.streams.error.write(f"  {'page':<14}{page}\n  {'manifest':<14}{manifest}\n")
    emit({"event": "done", **end} if failure is None else {**error_event(failure), **end})
    return EXIT_DONE if failure is None else EXIT_FAILED
