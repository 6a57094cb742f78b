"""Changes by hand to a tracked head, as a performance has them: an animator's edits go where the performance goes.

A rig shows what was fitted, while weights are solved from it and from other evidence. So what was changed is added to
the weights as a difference, and what nobody touched stays as it was solved.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from ..arrays import Array
from ..camera import axis_angles, rotation_matrices
from .channels import CHANNELS, INDEX
from .gaze import COLUMNS, gaze_of, weights_of
from .performance import HAND, Performance
from .transfer.arkit_head import JAW_OPEN

JAW_ASIDE: Final = np.radians(4.5)
"""Turn of the jaw about the upright axis that takes the chin as far as jawLeft does on the built-in head (5.5 mm)."""
LIDS: Final = {"Eyelid Left": "eyeBlinkLeft", "Eyelid Right": "eyeBlinkRight"}
"""Lids that a head has beside its expressions -> the channel of which one unit is shut, too."""
_UNCHANGED: Final = 1e-4
"""Of a weight or in radians: what differs by less was not changed, but rounded."""
_STIFFNESS: Final = 1e-3
"""Part of a shape's own square by which the weights of shapes that look alike are kept small."""


@dataclass(frozen=True)
class Turns:
    """Rotations of a head's bones on T frames.

    Attributes:
        head: From the head at rest, neck and what carries it included (T, 3, 3), in head axes.
        jaw: Against the head (T, 3, 3).
        eyes: Left and right against the head (T, 2, 3, 3).
    """

    head: Array
    jaw: Array
    eyes: Array


@dataclass(frozen=True)
class HandEdits:
    """What was changed by hand on T frames.

    Attributes:
        weights: Added to the channels (T, 52).
        aside: Added to jawLeft, or taken from jawRight (T,).
        gaze: Added to yaw and pitch of left and right eye (T, 2, 2), radians.
        head: Turn that follows the head's own (T, 3, 3), in its axes.
    """

    weights: Array
    aside: Array
    gaze: Array
    head: Array

    @property
    def is_nothing(self) -> bool:
        """Whether nothing differs by more than rounding does."""
        added = (self.weights, self.aside, self.gaze, self.head - np.eye(3))
        return all(np.abs(each).max(initial=0.0) < _UNCHANGED for each in added)


def hand_edits(values: dict[str, Array], before: Turns, after: Turns, others: Array | None = None) -> HandEdits:
    """Return what was changed, from the sliders and bones of a rig.

    Args:
        values: By how much the value of each slider differs (T,); those that are no channel and no lid are in `others`.
        before, after: The bones as they were written and as they are.
        others: What all other sliders add to the channels (T, 52), see `as_channels`.
    """
    weights = np.zeros((len(before.head), len(CHANNELS))) if others is None else others.copy()
    for name, difference in values.items():
        channel = LIDS.get(name, name)
        if channel in INDEX:
            weights[:, INDEX[channel]] += difference
    jaw = axis_angles(after.jaw) - axis_angles(before.jaw)
    weights[:, INDEX["jawOpen"]] += jaw[:, 0] / JAW_OPEN
    gaze = _directions(after.eyes) - _directions(before.eyes)
    return HandEdits(weights, jaw[:, 1] / JAW_ASIDE, gaze, np.swapaxes(before.head, 1, 2) @ after.head)


def _directions(eyes: Array) -> Array:
    """Yaw (towards the subject's right) and pitch (down) of eyes (T, 2, 3, 3)."""
    x, y, z = np.moveaxis(eyes[..., 2], -1, 0)
    return np.stack([-np.arctan2(x, z), -np.arctan2(y, np.hypot(x, z))], axis=-1)


def as_channels(shapes: Array, values: Array, displacement: Array) -> Array:
    """Return as weights of ARKit's shapes (T, 52) what sliders of other shapes do: regularised least squares.

    Args:
        shapes: What one unit of each slider moves (M, V, 3), metres.
        values: Of the sliders (T, M).
        displacement: Of ARKit's shapes on the same head (V, 3, 52); zero for those that it has not.
    """
    basis = np.asarray(displacement, dtype=np.float64).reshape(-1, len(CHANNELS))
    normal = basis.T @ basis
    there = np.flatnonzero(normal.diagonal())
    weights = np.zeros((len(values), len(CHANNELS)))
    if len(there) == 0:
        return weights
    some = normal[np.ix_(there, there)]
    some = some + _STIFFNESS * some.diagonal().mean() * np.eye(len(there))
    wanted = basis[:, there].T @ np.asarray(shapes, dtype=np.float64).reshape(len(shapes), -1).T
    weights[:, there] = values @ np.linalg.solve(some, wanted).T
    return weights


def with_hand_edits(performance: Performance, edits: HandEdits) -> Performance:
    """Return the performance with what was changed by hand; frames without a face stay without one.

    A channel that was not tracked counts from rest where somebody has moved it.
    """
    face = performance.has_face
    weights, touched = _with_weights(performance, edits)
    gaze = performance.gaze
    looking = (np.abs(edits.gaze) > _UNCHANGED).any(axis=2) & face[:, None]
    if looking.any():
        before = gaze_of(np.nan_to_num(weights[:, COLUMNS])) if gaze is None else gaze
        gaze = before + np.where(looking[..., None], edits.gaze, 0.0)
        weights[:, COLUMNS] = np.where(looking[..., None], weights_of(np.nan_to_num(gaze)), weights[:, COLUMNS])
        touched[COLUMNS[looking.any(axis=0)]] = True
    head = performance.head_rotation
    if head is not None:
        turned = axis_angles(rotation_matrices(np.nan_to_num(head)) @ edits.head)
        head = np.where(np.isnan(head), np.nan, turned)
    return replace(
        performance,
        weights=weights,
        gaze=gaze,
        head_rotation=head,
        source=tuple(HAND if by_hand else source for by_hand, source in zip(touched, performance.source, strict=True)),
        trust=np.where(touched & ~performance.is_tracked, 1.0, performance.trust),
    )


def _with_weights(performance: Performance, edits: HandEdits) -> tuple[Array, Array]:
    """Weights (T, 52) with what was added to them, and which channels somebody has touched (52,)."""
    face = performance.has_face
    changed = (np.abs(edits.weights) > _UNCHANGED) & face[:, None]
    left, right = INDEX["jawLeft"], INDEX["jawRight"]
    moved = (np.abs(edits.aside) > _UNCHANGED) & face
    touched = changed.any(axis=0)
    touched[[left, right]] |= moved.any()
    weights = performance.weights.copy()
    weights[np.ix_(face, touched & ~performance.is_tracked)] = 0.0
    weights = np.where(changed, np.clip(weights + edits.weights, 0.0, np.fmax(weights, 1.0)), weights)
    way: Array = np.clip(weights[:, left] - weights[:, right] + edits.aside, -1.0, 1.0)
    weights[:, left] = np.where(moved, np.maximum(way, 0.0), weights[:, left])
    weights[:, right] = np.where(moved, np.maximum(-way, 0.0), weights[:, right])
    return weights, touched
