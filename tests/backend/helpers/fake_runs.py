"""Jobs run with made stages in this process."""

from __future__ import annotations

from pathlib import Path

import fake_stages

from backend.contract.job import Job
from backend.run.cache import Cache
from backend.run.runner import run_job


class Runs:
    """Runs jobs with the fake stages and one cache, and keeps the events."""

    def __init__(self, folder: Path) -> None:
        self.cache = Cache(folder / "cache")
        self.cache.prepare()
        self.models = folder / "models"
        self.models.mkdir()
        self.events: list[dict] = []

    def __call__(self, job: Job, registry=None, cancelled=lambda: False):
        self.events.clear()
        emit = lambda event: self.events.append(dict(event))  # noqa: E731
        return run_job(job, self.cache, self.models, emit, cancelled, registry or fake_stages.registry())

    def codes(self, kind: str) -> list[str]:
        return [event["code"] for event in self.events if event["event"] == kind]
