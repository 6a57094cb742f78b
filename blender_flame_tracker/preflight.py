"""What is looked at before the engine starts, so that a run does not fail minutes later for a reason known at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from ..backend.contract.failure import Failure
from ..backend.contract.job import Job
from .paths import folder_problem


def problem_of(job: Job) -> Failure | None:
    """Return the first thing that would stop a job, or None."""
    for path in missing_videos(job).values():
        return Failure(
            "video-not-found",
            f"The video {path.name} is not where it was: there is no {path}.",
            "Choose it again, or put it back.",
        )
    for folder in output_folders(job).values():
        problem = folder_problem(folder)
        if problem is not None:
            return problem
    return None


def missing_videos(job: Job) -> Mapping[str, Path]:
    """Return the videos that are not there, by the name of their stage."""
    videos = {stage.name: Path(stage.settings.path) for stage in job.stages if stage.kind == "video"}
    return {name: path for name, path in videos.items() if not path.is_file()}


def output_folders(job: Job) -> Mapping[str, Path]:
    """Return the folders that a job writes to, by the name of the stage that does."""
    return dict(_output_folders(job))


def _output_folders(job: Job) -> Iterator[tuple[str, Path]]:
    for stage in job.stages:
        if stage.kind == "track":
            yield stage.name, Path(stage.settings.path).parent
        elif stage.kind == "report" and stage.settings.folder:
            yield stage.name, Path(stage.settings.folder)
