"""Opening of a batch: its folder checked and locked, its shots read, its plan made."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from ..contract.batch_files import PAGE
from ..contract.failure import Failure
from ..contract.settings import FaceSettings
from ..contract.targets import Targets
from ..system.locks import FileLock
from ..system.writable import not_writable, writable_problem
from .inputs import shots_of
from .keys import Keys
from .manifest import manifest_problem
from .plan import Plan, planned
from .shot import Shot

LOCK: Final = ".batch.lock"


@contextlib.contextmanager
def opened(
    source: Path, usual: Shot, out: Path, keys: Keys, targets: Targets, *, retry_failed: bool
) -> Iterator[Plan | Failure]:
    """Give the plan of a batch that nobody else works on meanwhile, or why there can be none.

    Args:
        source, usual, out: As of `shots_of`.
        keys: Of the shots.
        targets: Which files may be written.
        retry_failed: As of `planned`.
    """
    shots = _checked(shots_of(source, usual, out))
    problem = shots if isinstance(shots, Failure) else _problem_of(out, targets)
    if isinstance(shots, Failure) or problem is not None:
        assert problem is not None
        yield problem
        return
    lock = FileLock(out / LOCK)
    try:
        if lock.acquire():
            yield planned(shots, out, keys, retry_failed)
        else:
            sentence = f"Another batch is at work in {out}."
            yield Failure("batch-in-use", sentence, "Wait for it, or choose another folder.")
    finally:
        lock.release()


def _checked(shots: list[Shot] | Failure) -> Sequence[Shot] | Failure:
    """Refuse shots that ask for two things of which one rules out the other."""
    if isinstance(shots, Failure):
        return shots
    for shot in shots:
        if shot.all_faces and shot.settings["face"] != FaceSettings():
            sentence = f"{shot.input.name}: everyone in it is to be tracked, and one face is chosen."
            return Failure("flags-contradict", sentence, "Leave out the settings that choose a face, or --all-faces.")
        if shot.all_faces and shot.person:
            sentence = f"{shot.input.name}: everyone in it is to be tracked, and one person is named."
            advice = "Name the clip once for each person, with the number of the face in its settings, or nobody."
            return Failure("flags-contradict", sentence, advice)
        head = shot.settings["head"]
        if shot.person and (head.identity_track or head.identity_clips):
            sentence = f"{shot.input.name}: a person is named, and a setting says where the face shape comes from."
            return Failure("flags-contradict", sentence, "Leave out the person, or Identity From and Identity Clips.")
    return shots


def _problem_of(out: Path, targets: Targets) -> Failure | None:
    """Make the folder of the batch; return why nothing can be written there, before hours of work."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return not_writable(out, error)
    return writable_problem(out) or manifest_problem(out, targets) or targets.problem(out / PAGE)
