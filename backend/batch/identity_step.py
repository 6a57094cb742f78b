"""The step that finds a person's identity, once the surveys of the person's shots are over."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from ..contract.failure import Notice
from ..contract.outputs import TRACK
from ..contract.targets import TargetRefused, Targets
from ..contract.track import Track, read_track, write_track
from .joint_identity import joint_record
from .people import TOGETHER, FoundIdentity, Person, give
from .shared_identity import at_rest, shared_head, worths_of
from .shot import DONE, JOB, LOG, Record
from .shot_file import RESULT


def prepare(person: Person, folder: Path) -> Record | None:
    """Return the joint solve that the person's surveys make possible; None where there is none to be done."""
    person.joint = joint_record(f"{person.folder}{TOGETHER}", person.records, _tracks_of(person, folder))
    return person.joint


def settle(person: Person, folder: Path, keys: Mapping[str, str], targets: Targets) -> None:
    """Take the identity of the joint solve, or the mean, and give it to the person's shots (OSError, `TargetRefused`).

    Where no survey went well there is none: every shot then says by itself what is wrong with it.

    Args:
        person: Whose surveys are over, and whose joint solve where there is one.
        folder: Of the batch.
        keys: Of the person's shots without an identity, by their names.
        targets: Which files may be written.
    """
    tracks = _tracks_of(person, folder)
    worths = worths_of(tracks)
    head, notices = _solved_together(person, folder)
    used = {each.file for each in person.joint.others} if head is not None and person.joint is not None else set()
    made_of = [each.name for each in person.records if each.name in worths and (not used or each.shot.file in used)]
    if head is None:
        shared = shared_head(tracks)
        head = shared[0] if shared is not None else None
    if head is not None:
        failure = write_track(folder / person.file, head, targets)
        if failure is not None:
            raise TargetRefused(failure, folder / person.file)
        source = max(made_of, key=worths.__getitem__)
        give(person, FoundIdentity(source, {name: keys[name] for name in made_of}, notices))
    for survey in person.surveys.values():
        _tidy(folder / survey.name, (TRACK, JOB, LOG, RESULT))
    if person.joint is not None:
        _tidy(folder / person.joint.name, (TRACK, JOB) if person.joint.log else (TRACK, JOB, LOG))


def _solved_together(person: Person, folder: Path) -> tuple[Track | None, list[Notice]]:
    """Return the head that the joint solve found, and what is to be said of it, or of why there is none."""
    joint = person.joint
    if joint is None:
        return None, []
    notices = [Notice(each.code, f"{person.name}: {each.sentence}", each.advice) for each in joint.notices]
    track = read_track(folder / joint.name / TRACK) if joint.state == DONE else None
    if isinstance(track, Track):
        return at_rest(track), [each for each in notices if each.code.startswith("identity-")]
    reason = joint.failure.sentence if joint.failure is not None else "its track could not be read."
    sentence = f"{person.name}: the face shape is the mean of the shots'; they could not be solved together: {reason}"
    advice = f"Remove {person.file} to try it again" + (f"; details are in {joint.log}." if joint.log else ".")
    return None, [Notice("identity-mean", sentence, advice)]


def _tracks_of(person: Person, folder: Path) -> dict[str, Track]:
    tracks = {}
    for name, survey in person.surveys.items():
        track = read_track(folder / survey.name / TRACK) if survey.faces else None
        if isinstance(track, Track):
            tracks[name] = track
    return tracks


def _tidy(folder: Path, names: Iterable[str]) -> None:
    """Remove what this work wrote, and nothing else."""
    with contextlib.suppress(OSError):
        for name in names:
            (folder / name).unlink(missing_ok=True)
        folder.rmdir()
        folder.parent.rmdir()
