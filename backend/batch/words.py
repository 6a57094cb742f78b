"""Sentences and numbers about a batch as a whole, for events, the terminal and the page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from ..contract.batch_files import SOME_FAILED
from ..contract.failure import Failure, Notice
from .shot import DONE, FAILED, RUNNING, SKIPPED, WAITING, Record

AT_WORK: Final = "Still at work: this page is written again from time to time."
STOPPED: Final = "Stopped before all was done; the same command goes on."


def summary_of(record: Record) -> str:
    """Return what became of a shot in one line; of a failure, its sentence."""
    if record.failure is not None:
        return record.failure.sentence
    return "; ".join(_face_words(record))


def _face_words(record: Record) -> Iterator[str]:
    for face in record.faces:
        frames = face.figures.get("frames", {})
        words = [f"{frames['tracked']} of {frames['total']} frames"] if frames else ["tracked"]
        if face.figures.get("error_px") is not None:
            words.append(f"{face.figures['error_px']:.2f} px")
        yield (f"{Path(face.folder).name}: " if len(record.faces) > 1 else "") + ", ".join(words)


def counts_of(records: Sequence[Record]) -> dict[str, int]:
    """Return how many shots are in each state, without those in which none is."""
    states = [record.state for record in records]
    return {state: states.count(state) for state in (DONE, SKIPPED, FAILED, RUNNING, WAITING) if state in states}


def failure_of_batch(records: Sequence[Record], page: Path) -> Failure | None:
    """Return that shots failed, or None where all are well."""
    failed = [record.name for record in records if record.state == FAILED]
    if not failed:
        return None
    some = f"One of {len(records)} shots" if len(failed) == 1 else f"{len(failed)} of {len(records)} shots"
    return Failure(
        SOME_FAILED,
        f"{some} failed.",
        f"{page} says why. After mending them, run the same command again; --retry-failed tries unchanged ones, too.",
    )


def few_memory(count: int) -> Notice:
    """Return the notice that fewer shots are at work than there might be."""
    shots = "one shot is" if count == 1 else f"{count} shots are"
    return Notice("batch-memory", f"Memory is short: {shots} worked on at once until there is more.")


def left_out(count: int) -> Notice:
    """Return the notice that shots of earlier runs are not in the batch any more."""
    shots = "One shot of earlier runs is" if count == 1 else f"{count} shots of earlier runs are"
    return Notice("batch-left-out", f"{shots} not in this batch any more; the files stay.")


def fields_of_end(outputs: dict[str, str], seconds: float, records: Sequence[Record]) -> dict[str, Any]:
    """Return the fields of the final event."""
    return {"outputs": outputs, "seconds": round(seconds, 3), "shots": counts_of(records)}
