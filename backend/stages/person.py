"""Stage Identity: one person from several clips, solved together."""

from __future__ import annotations

from typing import Any, Final

from ..contract.failure import Failure
from ..contract.settings import FitSettings
from ..data.context import Context
from ..data.stage_code import StageCode, counted
from ..data.types import Person
from ..head.model import HeadModel


def run(head: HeadModel, settings: FitSettings, context: Context, **clips: Any) -> Person | Failure:
    """Find the identity; see `identity.person`.

    Args:
        head, settings, context: As for the fit.
        clips: ``video``, ``landmarks``, ``camera`` of the first clip, ``video 2`` … of the others.
    """
    from ..identity.person import PersonClip, person_in

    numbers = ["", *(f" {number}" for number in range(2, 1 + len(clips) // 3))]
    each = [PersonClip(*(clips[f"{name}{number}"] for name in ("video", "landmarks", "camera"))) for number in numbers]
    return person_in(each, head, settings, context)


def summary(output: Person, _settings: FitSettings) -> str:
    """From how many clips it comes."""
    return f"one identity from {counted(len(output.clips), 'clip')}"


CODE: Final = StageCode(
    run,
    ignored_settings=frozenset({"smoothness", "neck", "longest_gap"}),
    summary=summary,
)
