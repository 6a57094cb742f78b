"""Runner of a job: order, keys, cache, events, cancellation. Knows nothing of what the stages do."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..contract.events import Emit, error_event, notice_event
from ..contract.failure import Failure, Notice
from ..contract.job import Job, Stage, spec_of
from ..contract.options import options_of, to_dict
from ..contract.outputs import clash, outputs_of
from ..contract.targets import TargetRefused, Targets, problems
from ..data.context import Cancelled, Context
from ..data.previews import Previews
from ..data.stage_code import StageCode
from .cache import Cache
from .contents import Contents
from .keys import stage_key
from .output_record import OutputRecord
from .progress import ProgressThrottle
from .registry import STAGE_CODE
from .result_locks import locked
from .run_failures import failure_of_stage
from .serialise import Unreadable


@dataclass(frozen=True)
class Finished:
    """A job that is done.

    Attributes:
        files: Files written for the user, name -> path.
        seconds: Time that it took.
        cached: Names of the stages whose output was there already.
        notices: What the user should know.
    """

    files: dict[str, Path]
    seconds: float
    cached: tuple[str, ...]
    notices: tuple[Notice, ...]


@dataclass(frozen=True)
class Stopped:
    """The user asked to stop."""


class _StageFailed(Exception):  # noqa: N818 - carries a `Failure` through the recursion of `_JobRun.value`
    def __init__(self, name: str, failure: Failure) -> None:
        super().__init__(str(failure))
        self.name = name
        self.failure = failure


def run_job(
    job: Job,
    cache: Cache,
    models: Path,
    emit: Emit,
    cancelled: Callable[[], bool],
    registry: Mapping[str, StageCode] = STAGE_CODE,
    previews: Previews | None = None,
) -> Finished | Stopped | Failure:
    """Run every stage that is needed for the job's last ones and not done yet.

    Args:
        job: A valid job.
        cache: Where finished and unfinished work is kept; prepared.
        models: Folder of model files.
        emit: Takes the events of `contract.events`; ``error`` and ``cancelled`` among them, ``hello`` and
            ``heartbeat`` not.
        cancelled: Whether the user asked to stop.
        registry: Kind of stage -> its code.
        previews: Where pictures of the work go, or None where nobody watches.
    """
    run = _JobRun(job, cache, models, emit, cancelled, registry, previews)
    try:
        return run.all()
    except Cancelled:
        emit({"event": "cancelled"})
        return Stopped()
    except _StageFailed as stop:
        failure = stop.failure
        emit(error_event(failure, stop.name))
        return failure


class _JobRun:
    """One run of a job. Outputs live in `values` once they are computed or read."""

    def __init__(
        self,
        job: Job,
        cache: Cache,
        models: Path,
        emit: Emit,
        cancelled: Callable[[], bool],
        registry: Mapping[str, StageCode],
        previews: Previews | None,
    ) -> None:
        self.job = job
        self.cache = cache
        self.models = models
        self.send = emit
        self.cancelled = cancelled
        self.registry = registry
        self.previews = previews
        self.started = time.perf_counter()
        self.keys: dict[str, str] = {}
        self.contents: dict[str, str] = {}
        self.file_hashes = Contents(cache)
        self.values: dict[str, Any] = {}
        self.files: dict[str, Path] = {}
        self.cached: list[str] = []
        self.notices: list[Notice] = []
        self.targets = Targets()
        self.needed: set[str] = set()

    def all(self) -> Finished:
        """Run what is needed, in the job's order."""
        self._emit_job()
        self._check()
        results = [path for outputs in outputs_of(self.job).values() for path in outputs.locked]
        with locked(results, self.cancelled) as busy:
            if self.cancelled():
                raise Cancelled
            if busy is not None:
                raise _StageFailed("", busy)
            return self._all()

    def _check(self) -> None:
        """Refuse what is known to fail before any work is done."""
        for stage in self.job.stages:
            problem = self._code(stage).check(stage.settings)
            if problem is not None:
                raise _StageFailed(stage.name, problem)
        problem = clash(self.job)
        if problem is not None:
            raise _StageFailed("", problem)

    def _check_targets(self) -> None:
        """Refuse to replace what is not ours, before the work; it is asked again when a file is written."""
        self.targets = Targets(self.job.overwrite, tuple(self._inputs_of_job()), self.cache.wrote)
        for name, outputs in outputs_of(self.job).items():
            if not self._is_stored(self.job.stage(name)):
                for problem in problems(self.targets, outputs.files, outputs.folders):
                    raise _StageFailed(name, problem)

    def _inputs_of_job(self) -> Iterator[Path]:
        for stage in self.job.stages:
            code = self._code(stage)
            yield from (code.reads or code.files)(stage.settings, self.models)

    def _all(self) -> Finished:
        for stage in self.job.stages:
            self._find_keys(stage)
        self.file_hashes.save()
        self._check_targets()
        needed = self.needed = self._needed()
        for stage in self.job.stages:
            if stage.name in needed:
                self.value(stage)
            else:
                self._say_cached(stage)
        files = {name: str(path) for name, path in self.files.items()}
        seconds = time.perf_counter() - self.started
        self.send({"event": "done", "outputs": files, "seconds": round(seconds, 3)})
        return Finished(self.files, seconds, tuple(self.cached), tuple(self.notices))

    def value(self, stage: Stage) -> Any:
        """Return a stage's output: from memory, from the cache, or by running it and all that it needs."""
        if stage.name not in self.values:
            stored = self._stored(stage)
            self.values[stage.name] = self._computed(stage) if stored is None else stored
        return self.values[stage.name]

    def _code(self, stage: Stage) -> StageCode:
        return self.registry[stage.kind]

    def _emit_job(self) -> None:
        stages = [{"name": s.name, "kind": s.kind, "label": s.label} for s in self.job.stages]
        self.send({"event": "job", "stages": stages})

    def _upstream(self, stage: Stage) -> dict[str, Stage]:
        """Return all stages that this one depends on, by kind; of two of a kind the nearer one."""
        by_kind: dict[str, Stage] = {}
        row = [stage]
        while row:
            row = [self.job.stage(name) for above in row for name in self._inputs_of_clip(above)]
            for above in row:
                by_kind.setdefault(above.kind, above)
        return by_kind

    def _inputs_of_clip(self, stage: Stage) -> list[str]:
        """Return the stages that it is linked to, without those that look at other clips."""
        others = spec_of(stage.kind).of_others
        return [source for name, source in stage.inputs.items() if name.partition(" ")[0] not in others]

    def _inputs(self, stage: Stage) -> dict[str, Stage]:
        inputs = {name: self.job.stage(source) for name, source in stage.inputs.items()}
        upstream = self._upstream(stage)
        for wanted in self._code(stage).upstream:
            # Another kind may stand in its place and give the same, as photographs do for a video.
            given = [above for above in upstream.values() if wanted in (above.kind, spec_of(above.kind).output)]
            if given:
                inputs[wanted] = given[0]
        return inputs

    def _find_keys(self, stage: Stage) -> None:
        """Find the stage's key and what its output depends on, which is the same wherever files lie."""
        code = self._code(stage)
        settings = {name: value for name, value in to_dict(stage.settings).items() if name not in code.ignored_settings}
        paths = {option.name for option in options_of(stage.settings) if option.kind == "path"}
        placeless = {name: value for name, value in settings.items() if name not in paths}
        self.contents[stage.name] = self._key(stage, placeless, self.contents)
        if code.output_names_inputs:
            settings["names of files"] = [str(path) for path in code.files(stage.settings, self.models)]
        named = code.keep == "files" or code.output_names_inputs
        self.keys[stage.name] = self._key(stage, settings, self.keys) if named else self.contents[stage.name]

    def _key(self, stage: Stage, settings: Mapping[str, Any], keys: Mapping[str, str]) -> str:
        code = self._code(stage)
        inputs = {name: keys[source.name] for name, source in self._inputs(stage).items()}
        files = code.files(stage.settings, self.models)
        return stage_key(stage.kind, settings, inputs, files, code.run.__module__, self.file_hashes.fingerprint)

    def _needed(self) -> set[str]:
        """Return the stages whose output has to be in memory, or be made: seen from the end of the job."""
        wanted = {stage.name for stage in self.job.stages} - {
            source for stage in self.job.stages for source in stage.inputs.values()
        }
        # Files for the user are wanted even where something further down reads them.
        wanted |= {stage.name for stage in self.job.stages if self._code(stage).keep == "files"}
        needed: set[str] = set()
        for stage in reversed(self.job.stages):
            if stage.name in wanted and not self._is_stored(stage):
                needed.add(stage.name)
                wanted |= {source.name for source in self._inputs(stage).values()}
        return needed

    def _is_stored(self, stage: Stage) -> bool:
        key, keep = self.keys[stage.name], self._code(stage).keep
        if keep == "files":
            return self.cache.recorded(stage.kind, key) is not None
        if keep != "data":
            return False
        try:
            return self.cache.meta(stage.kind, key) is not None
        except Unreadable:
            self._damaged(stage)
            return False

    def _stored(self, stage: Stage) -> Any:
        """Return the output from the cache, or None where it is not there."""
        key, code = self.keys[stage.name], self._code(stage)
        if not self._is_stored(stage):
            return None
        if code.keep == "files":
            recorded = self.cache.recorded(stage.kind, key)
            value = code.load(recorded[0]) if code.load is not None and recorded is not None else None
            if value is None or isinstance(value, Failure):
                self._damaged(stage)
                return None
        else:
            try:
                value = self.cache.load(stage.kind, key)
            except Unreadable:
                self._damaged(stage)
                return None
        self._say_cached(stage)
        return value

    def _damaged(self, stage: Stage) -> None:
        self.cache.forget(stage.kind, self.keys[stage.name])
        label = spec_of(stage.kind).label
        sentence = f"The saved result of '{label}' from an earlier run is damaged; it is computed again."
        self._notice(stage, Notice("cache-damaged", sentence))

    def _say_cached(self, stage: Stage) -> None:
        if stage.name in self.cached:
            return
        self.cached.append(stage.name)
        key, keep = self.keys[stage.name], self._code(stage).keep
        meta: dict[str, Any] = {}
        if keep == "files":
            recorded = self.cache.recorded(stage.kind, key)
            if recorded is not None:
                self._add_files(stage, recorded[0])
                meta = recorded[1]
        elif keep == "nothing":
            recorded = self.cache.recorded(stage.kind, key)
            meta = recorded[1] if recorded is not None else {}
        elif keep == "data":
            try:
                meta = self.cache.meta(stage.kind, key) or {}
            except Unreadable:  # nobody needs it in this run; the next one that does computes it
                meta = {}
        self.send(
            {
                "event": "stage",
                "name": stage.name,
                "state": "cached",
                "seconds": 0.0,
                "summary": meta.get("summary", ""),
            }
        )

    def _add_files(self, stage: Stage, files: Mapping[str, Path]) -> None:
        """Name files for the ``done`` event; of several stages of one kind the later ones carry the stage's name."""
        for name, path in files.items():
            self.files[name if self.files.get(name, path) == path else f"{stage.name}/{name}"] = path

    def _computed(self, stage: Stage) -> Any:
        inputs = {name: self.value(source) for name, source in self._inputs(stage).items()}
        if self.cancelled():
            raise Cancelled
        self.send({"event": "stage", "name": stage.name, "state": "running"})
        started = time.perf_counter()
        self._check_outputs()
        code, key = self._code(stage), self.keys[stage.name]
        with self.cache.work(stage.kind, key) as work:
            output = self._run(stage, inputs, work)
            summary = code.summary(output, stage.settings)
            self._keep(stage, output, {"summary": summary})
        seconds = round(time.perf_counter() - started, 3)
        self.send({"event": "stage", "name": stage.name, "state": "done", "seconds": seconds, "summary": summary})
        return output

    def _check_outputs(self) -> None:
        """Refuse what cannot come to an end, as far as the outputs that are there tell: before hours of work."""
        for stage in self.job.stages:
            check_outputs = self._code(stage).check_outputs
            if check_outputs is None or stage.name not in self.needed or stage.name in self.values:
                continue
            upstream = self._upstream(stage).items()
            problem = check_outputs(
                stage.settings, {kind: self.values[each.name] for kind, each in upstream if each.name in self.values}
            )
            if problem is not None:
                raise _StageFailed(stage.name, problem)

    def _run(self, stage: Stage, inputs: dict[str, Any], work: Path) -> Any:
        code = self._code(stage)
        try:
            output = code.run(**inputs, settings=stage.settings, context=self._context(stage, work))
        except Cancelled:
            raise
        except TargetRefused as refused:
            raise _StageFailed(stage.name, refused.failure) from None
        except Exception as error:
            failure = failure_of_stage(error, stage.label, writes=code.keep == "files")
            if failure is None:
                raise
            raise _StageFailed(stage.name, failure) from error
        if isinstance(output, Failure):
            raise _StageFailed(stage.name, output)
        return output

    def _context(self, stage: Stage, work: Path) -> Context:
        settings = {kind: to_dict(above.settings) for kind, above in self._upstream(stage).items()}
        settings[stage.kind] = to_dict(stage.settings)
        writes_files = self._code(stage).keep == "files"
        record = OutputRecord(self.cache, stage.kind, self._key(stage, {}, self.contents)) if writes_files else None
        emit, reusable = ProgressThrottle(self._collect), self.cache.entries
        services = (self.previews, record, reusable, self.targets)
        return Context(stage.name, emit, self.cancelled, work, self.models, settings, *services)

    def _collect(self, event: Mapping[str, Any]) -> None:
        if event.get("event") == "notice":
            self.notices.append(Notice(event["code"], event["sentence"], event.get("advice", "")))
        self.send(event)

    def _notice(self, stage: Stage, notice: Notice) -> None:
        self._collect(notice_event(notice, stage.name))

    def _keep(self, stage: Stage, output: Any, meta: dict[str, Any]) -> None:
        key, keep = self.keys[stage.name], self._code(stage).keep
        try:
            if keep == "data":
                self.cache.store(stage.kind, key, output, meta)
            elif keep == "files":
                self._add_files(stage, output.files)
                self.cache.record(stage.kind, key, output.files, meta)
            elif meta["summary"]:  # to tell it again when the stage is not needed
                self.cache.record(stage.kind, key, {}, meta)
        except OSError as error:
            sentence = f"The result of '{spec_of(stage.kind).label}' could not be saved in {self.cache.root}: {error}."
            advice = (
                "The run continues; free some space, or choose another folder with --cache, to have it saved next time."
            )
            self._notice(stage, Notice("cache-not-written", sentence, advice))
