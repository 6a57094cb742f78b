"""Capacity of this computer: how many shots are worked on at once, and whether memory is there for one more."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Final

from ..contract.batch_files import MOST_WORKERS
from ..system.memory import free_memory, memory_of, total_memory

MEMORY_OF_SHOT: Final = 1_300_000_000
"""Bytes of one worker: 0.87 GB were measured with 75 frames of 360 by 288, 1.1 GB with as many of 1920 by 1080."""


def usual_workers() -> int:
    """Return how many shots are worked on at once where nobody says it: one per core, as far as memory goes.

    A worker uses all cores while it detects and fits, and one while it starts and draws. Six shots of 60 frames took
    two workers on two cores 0.74 of the time of one, and 1.13 times the work of the processor (measured twice).
    """
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity is not None else os.cpu_count() or 1
    memory = free_memory() or total_memory() // 2
    by_memory = int(memory // MEMORY_OF_SHOT) if memory else cores
    return max(1, min(cores, by_memory, MOST_WORKERS))


def has_memory_for_another(pids: Iterable[int], largest: int) -> bool:
    """Whether one more worker can be started beside those that run, which may not have grown to their size yet.

    Args:
        pids: Of the workers that run.
        largest: Bytes that a worker of this batch has held at most so far.
    """
    free = free_memory()
    if free is None:
        return True
    need = max(MEMORY_OF_SHOT, largest)
    growth = 0
    for pid in pids:
        held = memory_of(pid)
        growth += max(0, need - held[0]) if held is not None else 0
    return free - growth >= need
