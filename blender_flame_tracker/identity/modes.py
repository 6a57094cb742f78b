"""Modes of a head's identity, for the sliders: written by the engine once for each head, and remembered on disk."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ...backend.contract.camera import blender_points
from ...backend.contract.events import failure_of
from ...backend.contract.failure import Failure
from ...backend.contract.supervision.process import Engine
from ...backend.contract.supervision.supervisor import EarlyEnd, Supervisor
from ..paths import user_folder

_UNSAID: Final = Failure(
    "modes-failed",
    "The engine could not tell the modes of this head.",
    "Track the clip again, and try once more.",
)


@dataclass(frozen=True)
class Modes:
    """N modes of a head of V vertices.

    Attributes:
        names: Of the modes (N).
        numbers: Which coefficients they are (N,).
        count: How many coefficients the head has in all.
        displacement: What one standard deviation of each does (N, V, 3), metres, Blender's axes.
    """

    names: tuple[str, ...]
    numbers: NDArray[np.int32]
    count: int
    displacement: NDArray[np.float32]


def modes_file(sha256: str) -> Path:
    """Return the file that has the modes of a head, or will."""
    return user_folder("identity") / f"{sha256[:32] or 'unknown'}.npz"


def known_modes(sha256: str) -> Modes | None:
    """Return the modes of a head, None where the engine has not told them yet."""
    path = modes_file(sha256)
    try:
        return _read(path, path.stat().st_mtime_ns)
    except (OSError, ValueError, KeyError):
        return None


@functools.lru_cache(maxsize=2)
def _read(path: Path, _changed: int) -> Modes:
    with np.load(path, allow_pickle=False) as file:
        displacement = blender_points(file["modes"].astype(np.float32))
        return Modes(tuple(map(str, file["names"])), file["numbers"], int(file["count"][0]), displacement)


class ModeSearch:
    """The engine writes the modes of a track's head; `poll` its supervisor until it is over."""

    def __init__(self) -> None:
        self.supervisor = Supervisor()
        self.failure: Failure | None = None
        self._over = True

    @property
    def over(self) -> bool:
        """Whether the engine has said all."""
        return self._over

    def start(self, engine: Engine, track: Path, sha256: str, models: Path | None) -> Failure | None:
        """Ask the engine for the modes of the head that a track has."""
        file = modes_file(sha256)
        file.parent.mkdir(parents=True, exist_ok=True)
        command = engine.command("identity", track, "--write-modes", file, "--overwrite", models=models)
        self.failure, self._over = None, False
        problem = self.supervisor.start(engine, command, file.with_suffix(".log"), self)
        if problem is not None:
            self.fail(problem)
        return problem

    def take(self, event: Mapping[str, Any]) -> None:
        """Apply an event."""
        if event.get("event") == "error":
            self.fail(failure_of(event, _UNSAID))
        elif event.get("event") == "done":
            self._over = True

    def fail(self, failure: Failure) -> None:
        """Note why there are none."""
        self.failure, self._over = failure, True

    def cancelled(self) -> None:
        """Note that nobody wants them any more."""
        self._over = True

    def reason_of(self, end: EarlyEnd) -> Failure:
        """Say that the engine ended."""
        return replace(_UNSAID, sentence=f"{_UNSAID.sentence[:-1]} (exit status {end.exit_code}).")
