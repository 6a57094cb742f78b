"""A real Dask scheduler with workers of their own on the loopback address, which tests may kill."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


class DaskFarm:
    """A scheduler and its workers; all are ended by `close`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = _free_port()
        self.workers: list[subprocess.Popen[bytes]] = []
        self.scheduler = self._start("scheduler", "--host", "127.0.0.1", "--port", str(self.port))

    @property
    def address(self) -> str:
        return f"tcp://127.0.0.1:{self.port}"

    def add_worker(self, *, program: Path = ROOT) -> subprocess.Popen[bytes]:
        """Start a worker with one thread in the folder of a program."""
        spill = str(self.folder / f"spill{len(self.workers)}")
        flags = ("--host", "127.0.0.1", "--nthreads", "1", "--no-nanny", "--local-directory", spill)
        worker = self._start("worker", self.address, *flags, folder=program)
        self.workers.append(worker)
        return worker

    def restart_scheduler(self) -> None:
        self.scheduler = self._start("scheduler", "--host", "127.0.0.1", "--port", str(self.port))

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """End a process as a crash does, with all that it has started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=20)

    def close(self) -> None:
        for process in [*self.workers, self.scheduler]:
            self.kill(process)

    def _start(self, what: str, *arguments: str, folder: Path = ROOT) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.dask_{what}", *arguments, "--no-dashboard"]
        log = (self.folder / f"{what}-{time.monotonic_ns()}.log").open("wb")
        with log:
            return subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, start_new_session=True)


@contextlib.contextmanager
def dask_farm(folder: Path, workers: int) -> Iterator[DaskFarm]:
    """Give a scheduler with so many workers."""
    farm = DaskFarm(folder)
    try:
        for _ in range(workers):
            farm.add_worker()
        yield farm
    finally:
        farm.close()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
