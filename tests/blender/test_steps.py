"""Work in steps: done piece by piece with the same result, and stopped without a trace."""

from types import SimpleNamespace

import pytest
from flame_extension.blender_flame_tracker import steps
from flame_extension.blender_flame_tracker.steps import InSteps, Steps, finished


@pytest.fixture
def kept() -> list[str]:
    return []


def counting(kept: list[str]) -> Steps[str]:
    try:
        for part in range(4):
            kept.append("did a piece")
            yield part / 4
        return "all of it"
    finally:
        kept.append("tidied up")


def test_steps_that_are_done_at_once_return_what_they_make(kept: list[str]) -> None:
    assert finished(counting(kept)) == "all of it" and kept[-1] == "tidied up"


def test_pieces_tell_how_far_they_are_and_end_with_what_they_make(kept: list[str], monkeypatch) -> None:
    ticks = iter(range(100))
    monkeypatch.setattr(steps, "time", SimpleNamespace(monotonic=lambda: next(ticks)))
    work = InSteps(counting(kept))
    assert work.work(2.5) and (work.done, work.made) == (0.25, None)
    assert not work.work(50) and (work.done, work.made) == (1.0, "all of it")


def test_what_is_stopped_tidies_up(kept: list[str]) -> None:
    work = InSteps(counting(kept))
    assert not kept
    next(work._steps)
    work.stop()
    assert kept == ["did a piece", "tidied up"] and work.made is None
