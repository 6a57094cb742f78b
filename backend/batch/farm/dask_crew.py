"""Crew of a Dask scheduler's workers: each is checked, then given as many shots as its cores and memory allow.

Which worker gets a shot is decided here and not by the scheduler, because only checked ones may have it. What a worker
has finished it also writes beside the shot, so that nothing is lost when this program or the scheduler ends.
"""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from ...contract.failure import Failure, Notice
from ...contract.targets import Targets
from ..one_shot import take_result
from ..shot import FAILED, RUNNING, Record
from .checks import NEEDS, Fitness, Needs, write_needs
from .remote import TOPIC, Order, check, track

PATIENCE: Final = 60.0
"""Seconds for which shots wait for a worker after the last one has gone."""
CONNECT: Final = 10.0
"""Seconds that the scheduler has to answer."""
LARGEST_GREETING: Final = 1 << 20
"""Bytes; a scheduler says its version and how it compresses in some hundred, and their number comes first."""
_SIZE: Final = 8
"""Bytes of that number."""
CHECK: Final = 60.0
"""Seconds that a worker has to be checked: its first import of the program may come from a slow drive."""
_INTERVAL: Final = 2.0
"""Seconds between two looks at which workers there are."""
MOST_STARTS: Final = 2
"""Of a shot: one whose worker is lost is given to another, which goes on from what the cache has."""


@dataclass
class _Computer:
    """A worker of the scheduler.

    Attributes:
        address: As the scheduler names it.
        checking: The check on its way; None when it is over.
        fitness: What it said; None before.
        shots: How many it has now.
    """

    address: str
    checking: Any = None
    fitness: Fitness | None = None
    shots: int = 0
    since: float = field(default_factory=time.monotonic)

    @property
    def room(self) -> int:
        """Shots that it may still get."""
        return self.fitness.shots - self.shots if self.fitness is not None and not self.fitness.problem else 0


class DaskCrew:
    """Workers of one scheduler. Made by `dask_crew`; `close` when the batch is over."""

    def __init__(self, client: Any, needs: Needs, order: Order, folder: Path) -> None:
        self._client = client
        self._needs = needs
        self._order = order
        self._folder = folder
        self._computers: dict[str, _Computer] = {}
        self._notices: list[Notice] = []
        self._looked = self._last_worker = time.monotonic()
        self._lost = False
        self.progress: dict[str, tuple[float, str]] = {}
        client.subscribe_topic(TOPIC, self._hear)

    def start(self) -> Failure | None:
        """Check all workers that are there before the first shot; return why none can be used."""
        self._look()
        deadline = time.monotonic() + CHECK
        while any(each.checking is not None for each in self._computers.values()) and time.monotonic() < deadline:
            self._settle()
            time.sleep(_PAUSE)
        if self.size:
            return None
        if not self._computers:
            advice = "Start workers with the engine's Python: python -m distributed.cli.dask_worker ADDRESS."
            return Failure("dask-no-workers", "The Dask scheduler has no workers.", advice)
        said = "; ".join(notice.sentence for notice in self.notices())
        return Failure("dask-no-workers", f"No worker can be used: {said}", "Mend that, and start the batch again.")

    @property
    def size(self) -> int:
        """See `Crew.size`."""
        usable = [each.fitness for each in self._computers.values() if each.fitness and not each.fitness.problem]
        return sum(fitness.shots for fitness in usable)

    def worker(self, record: Record, *, survey: bool) -> RemoteWorker:
        """See `Crew.worker`."""
        return RemoteWorker(record, self, survey)

    def has_room(self, running: int) -> bool:
        """See `Crew.has_room`."""
        return not self._lost and running < self.size and any(each.room > 0 for each in self._computers.values())

    def notices(self) -> Sequence[Notice]:
        """See `Crew.notices`."""
        self._look_now_and_then()
        said, self._notices = self._notices, []
        return said

    def problem(self) -> Failure | None:
        """See `Crew.problem`."""
        advice = "Start it and its workers again, then the same command: what is done is kept."
        if self._lost:
            return Failure("dask-lost", "The Dask scheduler is not there any more.", advice)
        if not self.size and time.monotonic() - self._last_worker > PATIENCE:
            return Failure("dask-lost", "All Dask workers are gone.", advice)
        return None

    def submit(self, record: Record, *, survey: bool) -> tuple[Any, str] | None:
        """Give a shot to the computer with most room; return what tells of its end, and where it is, None for none."""
        best = max(self._computers.values(), key=lambda each: each.room, default=None)
        if best is None or best.room <= 0 or self._lost:
            return None
        arguments = (self._order.for_shot(record, self._folder, survey=survey),)
        options = {"workers": [best.address], "allow_other_workers": False, "pure": False, "retries": 0}
        future = self._client.submit(track, *arguments, **options)
        best.shots += 1
        return future, best.address

    def release(self, address: str) -> None:
        """Note that a computer has one shot less."""
        if address in self._computers:
            self._computers[address].shots -= 1

    def is_there(self, address: str) -> bool:
        """Whether a computer is still one of the scheduler's."""
        return not self._lost and address in self._computers

    def stop(self) -> None:
        """Ask all shots to stop: their computers look for this file."""
        with contextlib.suppress(OSError):
            (self._folder / self._order.stop_file).touch()

    def close(self) -> None:
        """Leave the scheduler; what still runs there is stopped."""
        self.stop()
        with contextlib.suppress(Exception):  # Whatever is wrong with the connection: it is over.
            self._client.close(timeout=2)
        for name in (self._order.stop_file, NEEDS):
            with contextlib.suppress(OSError):
                (self._folder / name).unlink(missing_ok=True)

    def _hear(self, event: tuple[float, Any]) -> None:
        said = event[1]
        if isinstance(said, dict) and "shot" in said:
            self.progress[str(said["shot"])] = (float(said["share"]), str(said["stage"]))

    def _look_now_and_then(self) -> None:
        now = time.monotonic()
        if now - self._looked >= _INTERVAL:
            self._looked = now
            self._look()
        self._settle()
        if self.size:
            self._last_worker = now

    def _look(self) -> None:
        """Find out which workers there are, and have new ones checked."""
        if self._client.status != "running":
            self._lost = True
            return
        try:
            there = set(self._client.scheduler_info(n_workers=-1)["workers"])
        except (OSError, TimeoutError, ValueError):
            self._lost = True
            return
        for address in set(self._computers) - there:
            name = _name_of(self._computers.pop(address))
            self._notices.append(Notice("dask-worker-gone", f"The worker {name} is gone."))
        for address in there - set(self._computers):
            checking = self._client.submit(check, self._needs.to_plain(), workers=[address], pure=False, priority=10)
            self._computers[address] = _Computer(address, checking)

    def _settle(self) -> None:
        """Take what checked workers have said."""
        for each in self._computers.values():
            if each.checking is None:
                continue
            if each.checking.done():
                each.fitness = _fitness_of(each)
            elif time.monotonic() - each.since > CHECK:
                each.fitness = Fitness(each.address, 0, f"it did not answer within {CHECK:.0f} s")
            else:
                continue
            each.checking = None
            if each.fitness.problem:
                sentence = f"The worker {_name_of(each)} is not used: {each.fitness.problem}."
                self._notices.append(Notice("dask-worker-unfit", sentence))


_PAUSE: Final = 0.05
"""Seconds between two looks while workers are checked."""


def _name_of(computer: _Computer) -> str:
    host = computer.fitness.computer if computer.fitness is not None else ""
    return f"{computer.address} ({host})" if host and host not in computer.address else computer.address


def _fitness_of(computer: _Computer) -> Fitness:
    if computer.checking.status == "finished":
        said = computer.checking.result()
        return Fitness(str(said["computer"]), int(said["shots"]), str(said["problem"]))
    return Fitness(
        computer.address,
        0,
        "it does not have this program; start it in the program's folder with the Python of the engine",
    )


class RemoteWorker:
    """One shot on another computer; see `crew.Worker`."""

    def __init__(self, record: Record, crew: DaskCrew, survey: bool) -> None:
        self.record = record
        self._survey = survey
        self._crew = crew
        self._future: Any = None
        self._address = ""
        self._starts = 0
        self._cancelled = False
        self._over = False

    @property
    def over(self) -> bool:
        """See `Worker.over`."""
        return self._over

    @property
    def fraction(self) -> float:
        """See `Worker.fraction`."""
        return self._crew.progress.get(self.record.name, (0.0, ""))[0]

    @property
    def at_work(self) -> str:
        """See `Worker.at_work`."""
        return self._crew.progress.get(self.record.name, (0.0, ""))[1]

    @property
    def step(self) -> tuple[int, int]:
        """Faces are not told apart from here."""
        return 1, 1

    def start(self) -> None:
        """See `Worker.start`."""
        self.record.state = RUNNING
        self._submit()

    def poll(self) -> None:
        """See `Worker.poll`."""
        if self._over:
            return
        if self._future is None:  # It waits for another computer after its own was lost.
            self._give_up() if self._cancelled else self._submit()
            return
        if self._future.done():
            self._take()
        elif not self._crew.is_there(self._address):
            self._again()

    def cancel(self) -> None:
        """See `Worker.cancel`."""
        self._cancelled = True
        self._crew.stop()
        if self._future is not None and self._crew.is_there(self._address):
            return
        self._give_up()

    def close(self) -> None:
        """See `Worker.close`."""
        self._give_up()

    def _submit(self) -> None:
        given = self._crew.submit(self.record, survey=self._survey)
        if given is not None:
            self._future, self._address = given
            self._starts += 1

    def _take(self) -> None:
        future, self._future = self._future, None
        self._crew.release(self._address)
        result = future.result() if future.status == "finished" else None
        if take_result(self.record, result) and (self.record.finished or self._cancelled):
            self.record.starts = max(self.record.starts, self._starts)
            self._over = True
        else:
            self._again()

    def _again(self) -> None:
        """Let another computer go on, or give up where that was done before."""
        self._future = None
        if self._cancelled:
            self._give_up()
        elif self._starts < MOST_STARTS:
            self._submit()
        else:
            advice = "Look at the log of the workers; --retry-failed goes on where it stopped."
            self.record.state = FAILED
            self.record.failure = Failure("worker-died", "Two workers were lost with this shot.", advice)
            self._over = True

    def _give_up(self) -> None:
        if self._future is not None:
            with contextlib.suppress(Exception):  # The scheduler may be gone.
                self._future.cancel()
            self._crew.release(self._address)
        self._future, self._over = None, True


def dask_crew(address: str, folder: Path, models: Path, order: Order, targets: Targets) -> DaskCrew | Failure:
    """Connect to a scheduler and check its workers.

    Args:
        address: Such as ``tcp://render01:8786``.
        folder: Of the batch.
        models: Folder of model files, which all computers have under the same path.
        order: What counts for every shot.
        targets: Which files may be written.

    Raises:
        OSError: The folders cannot be read or written.
        TargetRefused: Somebody else's file stands where ours should be.
    """
    try:
        from distributed import Client  # Only who has a farm has it.
    except ImportError:
        return Failure("dask-missing", "Dask is not installed here.", "Run install_deps.py --farm, then again.")
    try:
        _greeted(address)
        client = Client(address, timeout=CONNECT, name="flame-batch")
    except (OSError, TimeoutError, ValueError) as error:
        sentence = f"No Dask scheduler answers at {address}: {error or type(error).__name__}."
        return Failure("dask-no-scheduler", sentence, "Start one, or correct the address: tcp://HOST:8786.")
    crew = DaskCrew(client, write_needs(folder, models, targets), order, folder)
    problem = crew.start()
    if problem is not None:
        crew.close()
        return problem
    return crew


def _greeted(address: str) -> None:
    """Hear whether a scheduler answers: Dask itself would wait without end, or take another program's words for sizes.

    Raises:
        OSError, ValueError: None answers, or it is another program.
    """
    with socket.create_connection(_host_and_port(address), CONNECT) as connection:
        if urlsplit(address).scheme != "tcp":  # Behind encryption the other side does not speak first.
            return
        size = connection.recv(_SIZE)
    if len(size) < _SIZE or int.from_bytes(size, "little") > LARGEST_GREETING:
        raise ValueError("another program listens there")


def _host_and_port(address: str) -> tuple[str, int]:
    """Return where a scheduler listens (ValueError where the address does not say)."""
    parts = urlsplit(address)
    if not parts.hostname or not parts.port:
        raise ValueError("the address names no computer and port")
    return parts.hostname, parts.port
