"""Flags of ``batch`` for more than one computer: Dask's workers, an Open Job Description, and what its tasks run."""

from __future__ import annotations

import argparse
import secrets
import sys
from dataclasses import replace
from pathlib import Path

from ..batch.farm.checks import fitness, read_needs, write_needs
from ..batch.farm.dask_crew import DaskCrew, dask_crew
from ..batch.farm.openjd import ENDING, template, write_template
from ..batch.farm.remote import Order
from ..batch.keys import Keys
from ..batch.manifest import read_shots, write_manifest
from ..batch.one_shot import record_to_track, track_one
from ..batch.plan import Plan, key_of
from ..batch.shot import Record
from ..batch.shot_file import write_result
from ..batch.words import summary_of
from ..batch.worker import Program
from ..contract.batch_files import MANIFEST
from ..contract.events import Emit, error_event
from ..contract.failure import Failure
from ..contract.outputs import absolute
from ..contract.targets import Targets
from ..run.engine import EXIT_DONE, EXIT_FAILED
from ..system.project import PROJECT
from ..system.writable import not_writable
from .flags import path_argument
from .session import Session


def add_farm_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags for more than one computer."""
    group = parser.add_argument_group("Several computers")
    way = group.add_mutually_exclusive_group()
    way.add_argument(
        "--dask",
        metavar="ADDRESS",
        default="",
        help="Give the shots to the workers of a Dask scheduler, e.g. tcp://render01:8786; all see DIR and the clips",
    )
    way.add_argument(
        "--openjd",
        type=path_argument,
        metavar="FILE",
        help="Track nothing; write an Open Job Description (FILE.yaml) with a task for each shot, for a render farm",
    )
    way.add_argument(
        "--shot", metavar="NAME", default="", help="Track this shot of the manifest alone, as a farm's task does"
    )
    way.add_argument(
        "--collect",
        action="store_true",
        help="Track nothing; write manifest and page of what a farm's tasks have tracked",
    )
    way.add_argument(
        "--check-computer",
        action="store_true",
        help="Track nothing; say whether this computer has what the shots of the batch in DIR need",
    )


def farm_crew(parsed: argparse.Namespace, out: Path, program: tuple[str, ...], targets: Targets) -> DaskCrew | Failure:
    """Return the workers of the scheduler that ``--dask`` names."""
    order = Order(
        models=str(parsed.models.absolute()),
        cache="" if parsed.cache is None else str(parsed.cache.absolute()),
        overwrite=parsed.overwrite,
        stop_file=f".batch.stop-{secrets.token_hex(4)}",
        program=program,
    )
    return dask_crew(parsed.dask, out, parsed.models.absolute(), order, targets)


def describe(parsed: argparse.Namespace, plan: Plan, out: Path, keys: Keys, targets: Targets) -> Path | Failure:
    """Write the manifest, what computers need, and the Open Job Description of the shots that are to be tracked."""
    file = absolute(str(parsed.openjd))
    if file.suffix.lower() != ENDING:
        return Failure("openjd-name", f"The name {file.name} does not end in {ENDING}.", "Name it so: template.yaml.")
    if plan.surveys:
        return Failure(
            "openjd-people",
            "People are named whose face shape is not known yet, and tasks of a farm do not wait for each other.",
            "Track one shot of each person first and give it as Identity From, use --dask, or name nobody.",
        )
    if not plan.waiting:
        return Failure("openjd-empty", "All shots are done.", "There is nothing for a farm to do.")
    for record in plan.waiting:
        record.key = key_of(record, out, keys)
    models = parsed.models.absolute()
    write_manifest(out, plan.records, plan.people, 0, targets)
    write_needs(out, models, targets)
    made = template(plan.waiting, out, file.parent, sys.executable, PROJECT, models)
    return write_template(file, made, targets)


def check_computer(parsed: argparse.Namespace, emit: Emit) -> int:
    """Say whether this computer can track shots of a batch."""
    out = absolute(str(parsed.out))
    needs = read_needs(out)
    if needs is None:
        failure = Failure("farm-not-seen", f"There is no batch for a farm in {out}.", "Write one with --openjd.")
        emit(error_event(failure))
        return EXIT_FAILED
    problem = fitness(replace(needs, folder=str(out), models=str(parsed.models.absolute()))).problem
    if problem:
        sentence = f"This computer cannot track shots of the batch: {problem}."
        emit(error_event(Failure("farm-unfit", sentence, "Mend that, and let the farm try the task again.")))
        return EXIT_FAILED
    emit({"event": "done", "outputs": {}, "seconds": 0.0})
    return EXIT_DONE


def track_shot(parsed: argparse.Namespace, session: Session, program: Program, emit: Emit) -> int:
    """Track one shot of a manifest and leave what became of it beside it, for ``--collect``.

    A shot that cannot be tracked is a result as well: only where there is none is the task to be tried again.
    """
    out, name = absolute(str(parsed.out)), parsed.shot
    record = _record(out, name)
    if isinstance(record, Failure):
        emit(error_event(record))
        return EXIT_FAILED
    emit({"event": "job", "stages": [{"name": name, "kind": "shot", "label": name}]})

    def progress(share: float, stage: str) -> None:
        emit({"event": "progress", "name": name, "done": round(share, 3), "total": 1, "text": stage})

    emit({"event": "stage", "name": name, "state": "running"})
    make, stopped = program.command, session.stop.asked
    track_one(record, out, program.engine, make, overwrite=parsed.overwrite, stopped=stopped, progress=progress)
    if not record.finished:
        emit({"event": "cancelled"})
        return session.stop.exit_code
    try:
        write_result(record, out)
    except OSError as error:
        emit(error_event(not_writable(out / name, error)))
        return EXIT_FAILED
    state = "done" if record.failure is None else "failed"
    said = {"event": "stage", "name": name, "state": state, "seconds": round(record.seconds, 3)}
    emit({**said, "summary": summary_of(record)})
    emit({"event": "done", "outputs": {}, "seconds": round(record.seconds, 3)})
    return EXIT_DONE


def _record(out: Path, name: str) -> Record | Failure:
    entries = read_shots(out / MANIFEST)
    if isinstance(entries, Failure):
        return entries
    entry = next((each for each in entries if isinstance(each, dict) and each.get("name") == name), None)
    if entry is None:
        return Failure("farm-no-shot", f"{out / MANIFEST} has no shot '{name}'.", "Write it again (batch --openjd).")
    return record_to_track(entry, out)
