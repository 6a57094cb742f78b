"""Chunks of frames on all cores, each chunk on one thread.

torch's own threads wait for each other actively, many times per operation: next to any other busy program (Blender?)
that made the fit five times slower than a single thread. Whole chunks meet only at the end.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache
from typing import TypeVar

import torch

Result = TypeVar("Result")


@contextmanager
def single_threaded_operations() -> Iterator[None]:
    """Keep each torch operation on the thread that calls it, and put the user's setting back afterwards."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def over_chunks(work: Callable[[slice], Result], count: int, size: int, device: torch.device) -> list[Result]:
    """Return `work` of every chunk of `size` frames, in order; on a GPU one after the other."""
    chunks = [slice(start, min(start + size, count)) for start in range(0, count, size)]
    if device.type != "cpu" or len(chunks) == 1:
        return [work(chunk) for chunk in chunks]
    return list(_pool().map(work, chunks))


@lru_cache(maxsize=1)
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=os.cpu_count() or 1, thread_name_prefix="fit")
