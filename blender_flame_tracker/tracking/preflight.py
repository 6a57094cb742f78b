"""Checks before the engine starts, so that a run does not fail minutes later for a reason known at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from ...backend.contract.failure import Failure
from ...backend.contract.file_access import exists, is_file
from ...backend.contract.job import Job
from ...backend.contract.outputs import outputs_of
from ...backend.contract.portable import stated_file
from ...backend.contract.targets import TAKEN, Targets
from ...backend.contract.track import read_parts
from ..file_stamp import stamp_of
from ..nodes.stages.photographs import files_of
from ..paths import folder_problem


def problem_of(job: Job) -> Failure | None:
    """Return the first thing that would stop a job, or None."""
    for path in missing_videos(job).values():
        return Failure(
            "video-not-found",
            f"The video {path.name} is not where it was: there is no {path}.",
            "Choose it again, or put it back.",
        )
    for path in _missing_photographs(job):
        return Failure(
            "photo-not-found",
            f"The photograph {path.name} is not where it was: there is no {path}.",
            "Choose the photographs again, or put it back.",
        )
    return next(iter(output_problems(job).values()), None) or _target_problem(job)


def files_taken(job: Job) -> list[Path]:
    """Return the files and folders that a job would replace although this program did not write them."""
    return [path for path, problem in _refused(job) if problem.code == TAKEN]


def _target_problem(job: Job) -> Failure | None:
    """Return what may not be replaced, above all what never may."""
    found = [problem for _, problem in _refused(job)]
    return min(found, key=lambda problem: problem.code == TAKEN, default=None)


def _refused(job: Job) -> Iterator[tuple[Path, Failure]]:
    targets = Targets(job.overwrite, tuple(_sources(job)))
    for outputs in outputs_of(job).values():
        for path in outputs.paths:
            problem = targets.problem(path, folder=path in outputs.folders)
            if problem is not None:
                yield path, problem


def missing_videos(job: Job) -> Mapping[str, Path]:
    """Return the videos that are not there, by the name of their stage."""
    videos = {stage.name: Path(stage.settings.path) for stage in job.stages if stage.kind == "video"}
    return {name: path for name, path in videos.items() if not is_file(path)}


def _missing_photographs(job: Job) -> Iterator[Path]:
    for stage in job.stages:
        for path in files_of(stage.settings.path) if stage.kind == "photographs" else ():
            if not exists(path):
                yield path


def output_folders(job: Job) -> Mapping[str, Path]:
    """Return the folders that a job writes to, by the name of the stage that does."""
    return dict(_output_folders(job))


def output_problems(job: Job) -> Mapping[str, Failure]:
    """Return why stages can't write where they should, by their name; those that can are left out."""
    problems = {name: folder_problem(folder) or _taken(job, name) for name, folder in output_folders(job).items()}
    return {name: problem for name, problem in problems.items() if problem is not None}


def _taken(job: Job, name: str) -> Failure | None:
    """Say when the track file would replace that of another clip, as where two clips have one name.

    A clip that was moved is still the same: the other one counts only while it is there.
    """
    stage = job.stage(name)
    found = read_parts(Path(stage.settings.path), ()) if stage.kind == "track" else None
    if found is None or isinstance(found, Failure):
        return None
    other = stated_file(str(found[0]["video"].get("path") or ""), Path(stage.settings.path).parent)
    if other is None or not is_file(other) or other in _sources(job) or other.parent in _copies(job):
        return None
    if stamp_of(other) in {stamp_of(source) for source in _sources(job)}:
        return None  # This project is a copy of the one in which it was tracked.
    return Failure(
        "folder-taken",
        f"{Path(stage.settings.path).parent} holds the results of another clip, {other}.",
        "Choose another folder for the results, so that they are kept.",
    )


def _sources(job: Job) -> set[Path]:
    """Videos and photographs of a job."""
    videos = {Path(each.settings.path) for each in job.stages if each.kind == "video"}
    return videos | {path for each in job.stages if each.kind == "photographs" for path in files_of(each.settings.path)}


def _copies(job: Job) -> set[Path]:
    """Folders in which upright copies of a job's photographs lie."""
    return {Path(each.settings.folder) for each in job.stages if each.kind == "photographs" and each.settings.folder}


def _output_folders(job: Job) -> Iterator[tuple[str, Path]]:
    for stage in job.stages:
        if stage.kind == "track" or (stage.kind == "texture" and stage.settings.path):
            yield stage.name, Path(stage.settings.path).parent
        elif stage.kind in ("report", "export") and stage.settings.folder:
            yield stage.name, Path(stage.settings.folder)
