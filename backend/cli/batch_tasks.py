"""Tasks of a render farm, as commands of ``batch``: a check of the computer, a survey, an identity, a shot."""

from __future__ import annotations

import argparse
from dataclasses import replace

from ..batch.farm.checks import fitness, read_needs
from ..batch.farm.identity_tasks import person_in, record_in, survey_in, take_identity
from ..batch.identity_step import prepare, settle
from ..batch.one_shot import track_one
from ..batch.shot import Record
from ..batch.shot_file import write_identity_result, write_result
from ..batch.words import summary_of
from ..batch.worker import Program
from ..contract.events import Emit, error_event, notice_event
from ..contract.failure import Failure
from ..contract.outputs import absolute
from ..contract.targets import TargetRefused, Targets
from ..run.engine import EXIT_DONE, EXIT_FAILED
from ..system.writable import not_writable
from .session import Session


def check_computer(parsed: argparse.Namespace, emit: Emit) -> int:
    """Say whether this computer can track shots of a batch."""
    out = absolute(str(parsed.out))
    needs = read_needs(out)
    if needs is None:
        sentence = f"There is no batch for a farm in {out}."
        return _failed(Failure("farm-not-seen", sentence, "Write one with --openjd."), emit)
    problem = fitness(replace(needs, folder=str(out), models=str(parsed.models.absolute()))).problem
    if problem:
        sentence = f"This computer cannot track shots of the batch: {problem}."
        return _failed(Failure("farm-unfit", sentence, "Mend that, and let the farm try the task again."), emit)
    emit({"event": "done", "outputs": {}, "seconds": 0.0})
    return EXIT_DONE


def track_shot(parsed: argparse.Namespace, session: Session, program: Program, emit: Emit) -> int:
    """Track one shot of a manifest, or survey it, and leave what became of it beside it.

    A shot that cannot be tracked is a result as well: only where there is none is the task to be tried again.
    """
    out, name = absolute(str(parsed.out)), parsed.shot or parsed.survey
    record = survey_in(out, name) if parsed.survey else record_in(out, name)
    problem = record if isinstance(record, Failure) else None if parsed.survey else take_identity(record, out)
    if isinstance(record, Failure) or problem is not None:
        return _failed(problem, emit)
    if not _worked(record, name, parsed, session, program, emit):
        return session.stop.exit_code
    try:
        write_result(record, out)
    except OSError as error:
        return _failed(not_writable(out / record.name, error), emit)
    state = "done" if record.failure is None else "failed"
    said = {"event": "stage", "name": name, "state": state, "seconds": round(record.seconds, 3)}
    emit({**said, "summary": summary_of(record)})
    emit({"event": "done", "outputs": {}, "seconds": round(record.seconds, 3)})
    return EXIT_DONE


def find_identity(parsed: argparse.Namespace, session: Session, program: Program, emit: Emit) -> int:
    """Find the identity of a person of whom all shots were surveyed, and leave it for them."""
    out = absolute(str(parsed.out))
    person = person_in(out, parsed.identity_of)
    if isinstance(person, Failure):
        return _failed(person, emit)
    work = prepare(person, out)
    if work is not None and not _worked(work, person.name, parsed, session, program, emit):
        return session.stop.exit_code
    try:
        keys = {record.name: record.key for record in person.records}
        settle(person, out, keys, Targets(parsed.overwrite))
        write_identity_result(person, out)
    except TargetRefused as refused:
        return _failed(refused.failure, emit)
    except OSError as error:
        return _failed(not_writable(out, error), emit)
    for notice in person.notices:
        emit(notice_event(notice, person.name))
    emit({"event": "done", "outputs": {}, "seconds": 0.0 if work is None else round(work.seconds, 3)})
    return EXIT_DONE


def _worked(
    record: Record, name: str, parsed: argparse.Namespace, session: Session, program: Program, emit: Emit
) -> bool:
    """Track, and return whether nobody stopped it."""
    emit({"event": "job", "stages": [{"name": name, "kind": "shot", "label": name}]})

    def progress(share: float, stage: str) -> None:
        emit({"event": "progress", "name": name, "done": round(share, 3), "total": 1, "text": stage})

    emit({"event": "stage", "name": name, "state": "running"})
    track_one(
        record,
        absolute(str(parsed.out)),
        program.engine,
        program.command,
        overwrite=parsed.overwrite,
        survey=not parsed.shot,
        stopped=session.stop.asked,
        progress=progress,
    )
    if not record.finished:
        emit({"event": "cancelled"})
    return record.finished


def _failed(failure: Failure | None, emit: Emit) -> int:
    assert failure is not None
    emit(error_event(failure))
    return EXIT_FAILED
