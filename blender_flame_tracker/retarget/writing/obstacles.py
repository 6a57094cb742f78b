"""Obstacles to writing onto a character: what cannot be changed, and what has to be decided first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import bpy

from ....backend.contract.failure import Failure
from ....backend.contract.performance.characters.check_state import MESH_OVERRIDE
from ....backend.contract.performance.characters.mapping import Mapping
from ...scene.keyframes import Animated
from .plan import Plan, Planned
from .shots import Existing, existing_on


def refusal(plan: Plan) -> Failure | None:
    """Return why a plan cannot be carried out, or None."""
    for owner, planned in plan.owners:
        problem = _not_editable(owner, planned[0].thing) or _mode(owner, planned[0])
        if problem is not None:
            return problem
    return None


def two_armatures(mapping: Mapping) -> Failure | None:
    """Return why a mapping cannot be followed that turns the bones of two armatures; a face board may be a second one.

    Args:
        mapping: Of one character, as it should be.
    """
    for targets in (mapping.joints, mapping.controls):
        armatures = sorted({each.armature for each in targets if each.use})
        if len(armatures) > 1:
            return Failure(
                "two-armatures",
                f"The mapping drives two armatures at once, '{armatures[0]}' and '{armatures[1]}'.",
                "Switch the rows of one of them off in the mapping.",
            )
    return None


def _not_editable(owner: Animated, thing: bpy.types.Object) -> Failure | None:
    if owner.library is not None and thing.library is None:
        return Failure(
            "mesh-linked",
            f"The mesh of '{thing.name}' is still linked, so its shape keys can't be changed.",
            MESH_OVERRIDE,
        )
    if owner.library is not None:
        return Failure(
            "linked",
            f"'{thing.name}' is linked from {bpy.path.basename(owner.library.filepath)} and can't be changed here.",
            "Make a library override of it (Object > Library Override > Make), or open that file.",
        )
    if not owner.is_editable:
        return Failure(
            "override-locked",
            f"The library override of '{thing.name}' is not editable.",
            "Make it editable: in the Outliner, Library Override > Make > Selected.",
        )
    return None


def _mode(owner: Animated, planned: Planned) -> Failure | None:
    thing = planned.thing
    if thing.mode in ("EDIT", "SCULPT"):
        return Failure(
            "edit-mode", f"'{thing.name}' is in {thing.mode.title()} Mode.", "Go back to Object Mode, then try again."
        )
    if planned.kind == "shape" and not getattr(owner, "use_relative", True):
        return Failure(
            "absolute-keys",
            f"The shape keys of '{thing.name}' are absolute: their values do nothing.",
            "Turn Relative on in its Shape Keys panel.",
        )
    animation: Any = owner.animation_data
    if animation is not None and animation.use_tweak_mode:
        return Failure(
            "tweak-mode",
            f"A strip of '{thing.name}' is being edited in the NLA.",
            "Leave its tweak mode (Tab in the NLA editor), then try again.",
        )
    return None


def existing_in(plan: Plan, *, partly: bool) -> list[Existing]:
    """Return, for each owner of a plan, what stands in the way."""
    return [existing_on(owner, [each.address for each in planned], partly=partly) for owner, planned in plan.owners]


def question(existing: Sequence[Existing], plan: Plan) -> Failure | None:
    """Return what has to be decided before anything is written, None where nothing has."""
    keyed, driven = sum(len(each.keyed) for each in existing), sum(len(each.driven) for each in existing)
    if not keyed and not driven:
        return None
    names = sorted({planned[0].thing.name for (_, planned), each in zip(plan.owners, existing, strict=True)
                    if each.asks})  # fmt: skip
    counts = [f"{count} {'channel' if count == 1 else 'channels'} with {what}"
              for count, what in ((keyed, "keys"), (driven, "drivers")) if count]  # fmt: skip
    return Failure(
        "already-animated",
        f"{' and '.join(counts)} of {', '.join(names[:3])} {'is' if keyed + driven == 1 else 'are'} there already.",
        "Choose whether the performance replaces them, lies above them in the NLA, or leaves them.",
    )
