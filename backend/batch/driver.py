"""The driver of a batch: gives shots to a crew as it has room, and writes down every change at once."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ..contract.batch_files import WHOLE
from ..contract.events import Emit, notice_event
from ..contract.targets import Targets
from ..run.progress import INTERVAL
from .crew import Crew, Worker
from .identity_step import prepare, settle
from .keys import Keys
from .manifest import write_manifest
from .people import Person
from .plan import Plan, key_of
from .shot import DONE, FAILED, SKIPPED, WAITING, Record
from .shot_file import forget_identity_results, forget_results
from .thumbnails import keep_thumbnails
from .words import summary_of

_PAUSE: Final = 0.03
"""Seconds between two looks at the workers."""

_TOO_EARLY: Final = 0.2
"""Shots that have to be done before the time left is said."""

_PAGE_INTERVAL: Final = 60.0
"""Seconds between two pages that are written while shots are still at work, for who looks in between."""

_PAGE_SHARE: Final = 50
"""A page that takes long to write comes so many times its own seconds apart."""


@dataclass(frozen=True)
class _Task:
    """Work for one worker.

    Attributes:
        record: The shot.
        work: What the worker keeps up to date: the same, the shot's survey, or the person's joint solve.
        person: For whom this is, or for whose identity the shot waits; None where nobody is named.
    """

    record: Record
    work: Record
    person: Person | None

    @property
    def for_person(self) -> bool:
        """Whether this is done before the shots of a person."""
        return self.work is not self.record

    @property
    def is_ready(self) -> bool:
        """Whether nothing else has to be done before."""
        return self.for_person or self.person is None or not self.person.waits

    @property
    def begins_at(self) -> float:
        """How much of the shot is done before this, 0 to 1."""
        surveyed = self.person is not None and self.record.name in self.person.surveys
        return 0.5 if surveyed and (not self.for_person or self.work.others) else 0.0

    @property
    def weight(self) -> float:
        """How much of the shot this is: half, where it is looked at for its person before it is tracked."""
        if self.work.others:
            return 0.0
        return 0.5 if self.person is not None and self.record.name in self.person.surveys else 1.0


@dataclass
class Batch:
    """A batch that runs.

    Attributes:
        plan: What is to be done; its records are kept up to date.
        folder: Of the batch.
        keys: Of the shots.
        crew: Those who work on them.
        emit: Takes events: per shot ``stage`` and ``progress``, and ``progress`` of the whole.
        stopped: Whether somebody asked to stop.
        targets: Which files may be written.
        write_page: Writes the page as things are.
    """

    plan: Plan
    folder: Path
    keys: Keys
    crew: Crew
    emit: Emit
    stopped: Callable[[], bool]
    targets: Targets
    write_page: Callable[[], object] = lambda: None
    clock: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        self._running: list[tuple[Worker, _Task]] = []
        self._started = self._said = self._next_page = self.clock()
        self._next_page += _PAGE_INTERVAL
        self._person_of = {record.name: person for person in self.plan.people for record in person.records}
        self._tasks = self._all_tasks()
        self._finished_before = sum(record.finished for record in self.plan.records)
        self._done = 0.0

    def run(self) -> bool:
        """Track all shots that wait; return whether all have ended, and not whether they are well.

        Raises:
            OSError: The manifest cannot be written; the workers are ended.
        """
        self._say_job()
        try:
            self.save()
            forget_identity_results(self.folder, self.plan.people)
            return self._run()
        finally:
            for worker, _ in self._running:
                worker.close()

    def collect(self) -> None:
        """Write into the manifest what others have tracked, whose results the plan has.

        Raises:
            OSError: The manifest cannot be written.
        """
        self.save()
        forget_results(self.folder, [record.name for record in self.plan.records])
        forget_identity_results(self.folder, self.plan.people)

    def save(self) -> None:
        """Write the manifest."""
        write_manifest(self.folder, self.plan.records, self.plan.people, self.crew.size, self.targets)

    def _all_tasks(self) -> list[_Task]:
        """Return what is to be done, surveys before their shots."""
        surveys = [
            _Task(record, person.surveys[record.name], person)
            for person in self.plan.people
            for record in person.records
            if record.name in person.surveys
        ]
        waiting = (record for record in self.plan.records if record.state == WAITING)
        return surveys + [_Task(record, record, self._person_of.get(record.name)) for record in waiting]

    def _run(self) -> bool:
        while self._tasks or self._running:
            if self.stopped():
                self._stop()
                return False
            for notice in self.crew.notices():
                self.emit(notice_event(notice, WHOLE))
            if self.crew.problem() is not None:
                self._stop()
                return False
            task = next((task for task in self._tasks if task.is_ready), None)
            if task is not None and self.crew.has_room(len(self._running)):
                self._tasks.remove(task)
                self._start(task)
            for worker, task in list(self._running):
                worker.poll()
                if worker.over:
                    self._finish(worker, task)
            self._say_progress()
            time.sleep(_PAUSE)
        return True

    def _start(self, task: _Task) -> None:
        if not task.for_person:
            task.record.key = key_of(task.record, self.folder, self.keys)
        worker = self.crew.worker(task.work, survey=task.for_person)
        self._running.append((worker, task))
        self.emit({"event": "stage", "name": task.record.name, "state": "running"})
        worker.start()
        self.save()

    def _finish(self, worker: Worker, task: _Task) -> None:
        self._running.remove((worker, task))
        self._done += task.weight
        if task.for_person and task.person is not None:
            self._find_identity(task.person)
        else:
            self._add_survey(task)
            keep_thumbnails(self.folder, task.record)
            self._say_end(task.record)
        self.save()
        forget_results(self.folder, [task.work.name])
        self._write_page()

    def _find_identity(self, person: Person) -> None:
        """Solve the identity of a person once all surveys are over, and then give it to the person's shots."""
        if person.waits:
            return
        if person.joint is None and (work := prepare(person, self.folder)) is not None:
            record = next(each for each in person.records if each.shot.file == work.shot.file)
            self._tasks.insert(0, _Task(record, work, person))
            return
        keys = {record.name: self.keys.key_of(record.shot) for record in person.records}
        settle(person, self.folder, keys, self.targets)
        for notice in person.notices:
            self.emit(notice_event(notice, WHOLE))

    def _add_survey(self, task: _Task) -> None:
        """Let a shot count the work that was done on it for its person."""
        survey = task.person.surveys.get(task.record.name) if task.person is not None else None
        if survey is not None:
            task.record.seconds += survey.seconds
            task.record.peak_memory = max(task.record.peak_memory, survey.peak_memory)

    def _write_page(self) -> None:
        now = self.clock()
        if now >= self._next_page and (self._tasks or self._running):
            self.write_page()
            self._next_page = self.clock() + max(_PAGE_INTERVAL, _PAGE_SHARE * (self.clock() - now))

    def _stop(self) -> None:
        """Let all workers stop; their shots wait for the next run of the batch."""
        for worker, task in self._running:
            worker.cancel()
            task.work.reset()
        self.save()
        while self._running:
            for worker, task in list(self._running):
                worker.poll()
                if worker.over:
                    self._running.remove((worker, task))
            time.sleep(_PAUSE)

    def _say_job(self) -> None:
        names = [record.name for record in self.plan.records]
        shots = [{"name": name, "kind": "shot", "label": name} for name in names]
        self.emit({"event": "job", "stages": [*shots, {"name": WHOLE, "kind": WHOLE, "label": "All shots"}]})
        for record in self.plan.records:
            if record.state in (SKIPPED, FAILED):
                self._say_end(record)

    def _say_end(self, record: Record) -> None:
        state = {SKIPPED: "cached", DONE: "done", FAILED: "failed"}[record.state]
        said = {"event": "stage", "name": record.name, "state": state, "seconds": round(record.seconds, 3)}
        self.emit({**said, "summary": summary_of(record)})

    def _say_progress(self) -> None:
        now = self.clock()
        if now - self._said < INTERVAL:
            return
        self._said = now
        words, done = [], self._done
        for worker, task in self._running:
            name, at_work, part = task.record.name, _at_work(worker), task.weight * worker.fraction
            done, share = done + part, task.begins_at + part
            who = f"{task.person.name}: " if task.for_person and task.person is not None else ""
            said = {"event": "progress", "name": name, "done": round(share, 3), "total": 1}
            self.emit({**said, "text": who + at_work})
            words.append(f"{name}: {at_work} {round(100 * share)} %" if at_work else name)
        total = len(self.plan.records)
        before = self._finished_before
        left = (total - before - done) * (now - self._started) / done if done >= _TOO_EARLY else None
        whole = {"event": "progress", "name": WHOLE, "done": round(before + done, 3), "total": total}
        self.emit({**whole, "seconds_left": None if left is None else round(left, 1), "text": "; ".join(words)})


def _at_work(worker: Worker) -> str:
    """Return what is done with a shot just now."""
    face, faces = worker.step
    return worker.at_work + (f", face {face}" if faces > 1 else "")
