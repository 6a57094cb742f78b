"""Application of a performance to a character: all is planned and checked, then written at once, then read back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

import bpy

from ....backend.contract.failure import Failure, Notice
from ....backend.contract.performance.characters.mapping import Mapping
from ....backend.contract.performance.performance import Performance
from ....backend.contract.retarget_settings import RetargetSettings
from ...scene.unharmed import unharmed
from ...steps import Steps, finished
from ..checking.verify import Reading, read_back
from .frames import Keyed, on_frames
from .obstacles import existing_in, question, refusal, two_armatures
from .plan import Plan, Planned, plan_of
from .shots import Existing, shot_for


@dataclass(frozen=True)
class Applied:
    """What was written.

    Attributes:
        plan: All that was to be written.
        written: Channels that were, the rest being left as it was.
        left: Channels that were left, with why.
        reading: Of the evaluated character; None where it was not read back.
        notices: What is to be said besides.
    """

    plan: Plan
    written: tuple[Planned, ...]
    left: tuple[tuple[Planned, str], ...]
    reading: Reading | None
    notices: tuple[Notice, ...]


@dataclass(frozen=True)
class Prepared:
    """A plan with what stands in its way.

    Attributes:
        plan: What is to be written.
        existing: Of each of its owners.
        span: First and last scene frame, where only some frames are written.
        name: Of the shot.
    """

    plan: Plan
    existing: Sequence[Existing]
    span: tuple[float, float] | None
    name: str

    @property
    def question(self) -> Failure | None:
        """What has to be decided first, None where nothing has."""
        return question(self.existing, self.plan)


def prepare(
    performance: Performance,
    start: float,
    rate: Fraction,
    mapping: Mapping,
    settings: RetargetSettings,
    scene: bpy.types.Scene,
) -> Prepared | Failure:
    """Plan a performance on a character as `prepare_in_steps` does, at once."""
    return finished(prepare_in_steps(performance, start, rate, mapping, settings, scene))


def prepare_in_steps(
    performance: Performance,
    start: float,
    rate: Fraction,
    mapping: Mapping,
    settings: RetargetSettings,
    scene: bpy.types.Scene,
    *,
    first_frame: bool = False,
) -> Steps[Prepared | Failure]:
    """Plan a performance on a character in steps, and check all that can be checked. Changes nothing.

    Args:
        performance: What is played, calibrated.
        start: Scene frame of its first frame.
        rate: Frames of the scene for a second of it.
        mapping: Of the character, nothing in it doubled (`without_doubling`).
        settings: How.
        scene: Whose frames are chosen from.
        first_frame: Plan that one alone, to know soon what stands in the way: every other has the same channels.
    """
    if not performance.has_face.any():
        return Failure("no-face", f"'{performance.name}' has no frame with a face.", "Choose another performance.")
    keyed = on_frames(performance, rate, start)
    span = _span(settings, scene)
    if span is not None:
        keyed = keyed.within(*span)
    if len(keyed.frame) == 0:
        return _nothing_there(on_frames(performance, rate, start), settings, scene)
    if first_frame:
        keyed = keyed.within(keyed.frame[0], keyed.frame[0])
    plan = two_armatures(mapping) or (yield from plan_of(mapping, keyed, settings))
    if isinstance(plan, Failure):
        return plan
    problem = refusal(plan)
    if problem is not None:
        return problem
    return Prepared(plan, existing_in(plan, partly=span is not None), span, performance.name)


def _span(settings: RetargetSettings, scene: bpy.types.Scene) -> tuple[float, float] | None:
    if settings.frames == "all":
        return None
    if settings.frames == "current":
        return float(scene.frame_current), float(scene.frame_current)
    return float(scene.frame_start), float(scene.frame_end)


def _nothing_there(keyed: Keyed, settings: RetargetSettings, scene: bpy.types.Scene) -> Failure:
    lies = f"it goes from frame {keyed.frame[0]:.0f} to {keyed.frame[-1]:.0f}" if len(keyed.frame) else "it is short"
    where = f"Frame {scene.frame_current}" if settings.frames == "current" else "The scene's range"
    return Failure(
        "no-frames", f"{where} shows no face of the performance; {lies}.", "Choose other frames, or another start."
    )


def carry_out(
    prepared: Prepared, settings: RetargetSettings, scene: bpy.types.Scene, *, verify: bool = True
) -> Applied | Failure:
    """Write what was prepared, then go to the frame of greatest motion and read the character back.

    Args:
        prepared: By `prepare`, of the scene as it is now.
        settings: Say what becomes of what is animated already.
        scene: Where the character stands.
        verify: Whether to read back: not while a slider moves.
    """
    if settings.existing == "ask" and prepared.question is not None:
        return prepared.question
    how = "leave" if settings.existing == "ask" else settings.existing
    made = unharmed(scene, lambda: _written(prepared, how), "The performance could not be written")
    if isinstance(made, Failure):
        return made
    written, left, words = made
    if not written:
        return _all_left(left)
    notices = (*prepared.plan.notices, *(Notice("room-made", f"{each[0].upper()}{each[1:]}.") for each in words))
    reading = unharmed(scene, lambda: read_back(scene, written, prepared.plan), _NOT_READ) if verify else None
    if isinstance(reading, Failure):  # What was written stays, and so must its step of undo.
        notices, reading = (*notices, Notice(reading.code, reading.sentence, reading.advice)), None
    return Applied(prepared.plan, tuple(written), tuple(left), reading, notices)


_NOT_READ: Final = "The character could not be read back"


def _written(prepared: Prepared, how: str) -> tuple[list[Planned], list[tuple[Planned, str]], list[str]]:
    owners = prepared.plan.owners
    shot = shot_for(prepared.name, [owner for owner, _ in owners])
    written: list[Planned] = []
    left: list[tuple[Planned, str]] = []
    words: list[str] = []
    for (owner, planned), existing in zip(owners, prepared.existing, strict=True):
        going = []
        for each in planned:
            reason = _reason_to_leave(each, existing, how)
            if reason:
                left.append((each, reason))
            else:
                going.append(each)
        if not going:
            continue
        _widen_sliders(going)
        words += shot.write(owner, [each.channel for each in going], existing, how, prepared.span)
        written += going
    return written, left, words


def _reason_to_leave(planned: Planned, existing: Existing, how: str) -> str:
    if planned.address in existing.locked:
        return "its curve is locked"
    if planned.address in existing.driven and how != "replace":
        return "a driver moves it"
    if planned.address in existing.keyed and how == "leave":
        return "it has keys already"
    return ""


def _widen_sliders(planned: Sequence[Planned]) -> None:
    """Let shape keys take the values that they get: Blender cuts off what lies outside of their slider."""
    for each in planned:
        if each.kind != "shape":
            continue
        keys: Any = each.owner
        block = keys.path_resolve(each.channel.path.removesuffix(".value"))
        block.slider_max = max(block.slider_max, float(each.channel.value.max()))
        block.slider_min = min(block.slider_min, float(each.channel.value.min()))


def _all_left(left: Sequence[tuple[Planned, str]]) -> Failure:
    reasons = sorted({reason for _, reason in left})
    return Failure(
        "all-left",
        f"Nothing was written: all {len(left)} channels were left as they are, because {' or '.join(reasons)}.",
        "Choose to replace what is animated already.",
    )
