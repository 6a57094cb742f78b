"""Chunks of frames on all cores, each chunk on one thread; on a GPU one after the other, smaller where memory is short.

torch's own threads wait for each other actively, many times per operation: next to any other busy program (Blender?)
that made the fit five times slower than a single thread. Whole chunks meet only at the end.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Final, TypeVar

import torch
from threadpoolctl import ThreadpoolController

from ...contract.failure import Notice

Result = TypeVar("Result")
Tell = Callable[[Notice], None]

PROCESSOR: Final = torch.device("cpu")
_CLOSE_OTHERS: Final = "Close other programs that use the GPU, and it will be faster."
_TELL: ContextVar[Tell | None] = ContextVar("tell", default=None)


class GpuMemoryError(Exception):
    """The GPU has no memory left for even a single frame."""


@contextmanager
def single_threaded_operations() -> Iterator[None]:
    """Keep each operation of torch and numpy on the thread that calls it, and put the setting back afterwards."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with _blas().limit(limits=1, user_api="blas"):
            yield
    finally:
        torch.set_num_threads(before)


def on_device(work: Callable[[torch.device], Result], device: torch.device, tell: Tell) -> Result:
    """Return `work` on a device, or on the processor where the GPU's memory does not suffice; notices say so."""
    with _telling(tell):
        try:
            return work(device)
        except (GpuMemoryError, torch.OutOfMemoryError, RuntimeError) as error:
            if device.type == "cpu" or not (isinstance(error, GpuMemoryError) or out_of_memory(error)):
                raise
    free_memory()
    tell(Notice("gpu-memory", "The GPU has too little free memory; the processor does it.", _CLOSE_OTHERS))
    return work(PROCESSOR)


@contextmanager
def _telling(tell: Tell) -> Iterator[None]:
    """Tell of smaller chunks by notices, each once."""
    notices: set[Notice] = set()

    def once(notice: Notice) -> None:
        if notice not in notices:
            notices.add(notice)
            tell(notice)

    token = _TELL.set(once)
    try:
        yield
    finally:
        _TELL.reset(token)


def over_chunks(work: Callable[[slice], Result], count: int, size: int, device: torch.device) -> list[Result]:
    """Return `work` of every chunk of at most `size` frames, in order.

    Raises:
        GpuMemoryError: A GPU has too little memory for one frame; chunks of more are halved until they fit.
    """
    if device.type != "cpu":
        return _one_by_one(work, count, size)
    chunks = [slice(start, min(start + size, count)) for start in range(0, count, size)]
    return [work(chunk) for chunk in chunks] if len(chunks) == 1 else list(_pool().map(work, chunks))


def _one_by_one(work: Callable[[slice], Result], count: int, size: int) -> list[Result]:
    """Do the chunks one after the other; one that memory is too short for is done again in halves."""
    results: list[Result] = []
    start = 0
    while start < count:
        part = slice(start, min(start + size, count))
        try:
            results.append(work(part))
        except (torch.OutOfMemoryError, RuntimeError) as error:
            if not out_of_memory(error):
                raise
            frames = part.stop - part.start
            if frames == 1:
                raise GpuMemoryError(str(error)) from error
            size = frames // 2
        else:
            start = part.stop
            continue
        # Outside of the handler, so that the error no longer holds what the failed attempt had allocated.
        free_memory()
        _say_smaller(size)
    return results


def out_of_memory(error: BaseException) -> bool:
    """Whether an error says that the GPU's memory is used up; Apple's and cuBLAS's have no class of their own."""
    words = ("out of memory", "CUBLAS_STATUS_ALLOC_FAILED", "CUSOLVER_STATUS_ALLOC_FAILED")
    said = isinstance(error, RuntimeError) and any(part in str(error) for part in words)
    return said or isinstance(error, torch.OutOfMemoryError)


def free_memory() -> None:
    """Give back what torch keeps of the GPU's memory for later."""
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    if torch.backends.mps.is_available():
        torch.mps.empty_cache()


def _say_smaller(size: int) -> None:
    tell = _TELL.get()
    if tell is not None:
        tell(
            Notice(
                "gpu-memory",
                f"The GPU ran out of memory; it goes on with {size} frame{'s' if size > 1 else ''} at once.",
                _CLOSE_OTHERS,
            )
        )


@lru_cache(maxsize=1)
def _blas() -> ThreadpoolController:
    return ThreadpoolController()


@lru_cache(maxsize=1)
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=os.cpu_count() or 1, thread_name_prefix="fit")
