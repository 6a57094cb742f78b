"""Number of shots that are worked on at once."""

from __future__ import annotations

import pytest

from backend.batch import capacity
from backend.batch.capacity import MEMORY_OF_SHOT, has_memory_for_another, usual_workers

SMALL = MEMORY_OF_SHOT // 4


@pytest.mark.parametrize(
    ("cores", "free", "workers"),
    [(2, 8.0, 2), (16, 100.0, 16), (16, 3.5, 3), (1, 8.0, 1), (8, 0.5, 1), (500, 1000.0, 64)],
)
def test_workers_follow_cores_and_memory(
    monkeypatch: pytest.MonkeyPatch, cores: int, free: float, workers: int
) -> None:
    monkeypatch.setattr(capacity.os, "sched_getaffinity", lambda _pid: range(cores), raising=False)
    monkeypatch.setattr(capacity, "free_memory", lambda: int(free * MEMORY_OF_SHOT))
    assert usual_workers() == workers


def test_workers_that_have_not_grown_yet_count_with_what_they_will_need(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capacity, "free_memory", lambda: 2 * MEMORY_OF_SHOT)
    monkeypatch.setattr(capacity, "memory_of", lambda _pid: (SMALL, SMALL))
    assert has_memory_for_another([1], largest=0)
    assert not has_memory_for_another([1, 2], largest=0)


def test_a_batch_of_large_shots_needs_more_memory_for_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capacity, "free_memory", lambda: 2 * MEMORY_OF_SHOT)
    monkeypatch.setattr(capacity, "memory_of", lambda _pid: (MEMORY_OF_SHOT, MEMORY_OF_SHOT))
    assert has_memory_for_another([1], largest=MEMORY_OF_SHOT)
    assert not has_memory_for_another([1], largest=3 * MEMORY_OF_SHOT)


def test_where_the_system_does_not_say_nothing_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capacity, "free_memory", lambda: None)
    assert has_memory_for_another([1, 2, 3], largest=0)
