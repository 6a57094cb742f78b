"""Pinned frames of a clip as the solver has them: which of its frames they are, and the unknowns that they fix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..contract.arrays import Floats, Integers
from ..contract.camera import rotation_matrices
from ..contract.corrections.corrections import HARD, KeyPose, PinnedFrame
from ..contract.failure import Failure
from ..data.types import Fit
from ..head.model import HeadModel


@dataclass(frozen=True)
class PinnedRows:
    """Pinned frames that are part of a clip.

    Attributes:
        pinned: In the order of their frames.
        row: Position in the clip of each (P,).
    """

    pinned: tuple[PinnedFrame, ...]
    row: Integers

    @property
    def hard(self) -> Integers:
        """Positions in the clip of those that the track passes through exactly."""
        return self.row[[each.hardness == HARD for each in self.pinned]]


def pinned_rows(fit: Fit, pinned: Sequence[PinnedFrame]) -> PinnedRows:
    """Return which frames of the clip are pinned; those outside the range or step that is tracked are left out."""
    index = fit.landmarks.frame_index
    row = np.searchsorted(index, [each.frame for each in pinned]).clip(0, len(index) - 1)
    inside = [int(index[at]) == each.frame for at, each in zip(row, pinned, strict=True)]
    kept = tuple(each for each, there in zip(pinned, inside, strict=True) if there)
    return PinnedRows(kept, row[np.array(inside, dtype=bool)])


def pins_problem(pinned: Sequence[PinnedFrame], head: HeadModel) -> Failure | None:
    """Return why pins cannot belong to a head, or None."""
    modes, triangles = head.expression_basis.shape[2], len(head.faces)
    for each in pinned:
        if len(each.pose.expression) != modes:
            return Failure(
                "pins-of-another-head",
                f"The pins have {len(each.pose.expression)} expression shapes and the head '{head.name}' {modes}.",
                "Use the head, and as many expression shapes, with which the pins were made.",
            )
        if any(not 0 <= pin.triangle < triangles for pin in each.pins):
            return Failure(
                "pins-of-another-head",
                f"A pin on frame {each.frame} is on a triangle that the head '{head.name}' does not have.",
                "Use the head with which the pins were made.",
            )
    return None


def with_poses(fit: Fit, row: Integers, poses: Sequence[KeyPose], *, follows_torso: bool) -> Fit:
    """Return a fit with given poses on some frames.

    Args:
        fit: The fit.
        row: Positions in the clip (P,).
        poses: As many.
        follows_torso: Whether the neck is found from the head's motion later: then that of the poses does not count.
    """

    def of(name: str) -> Floats:
        return np.array([getattr(pose, name) for pose in poses], dtype=np.float64)

    def placed(values: Floats, name: str) -> Floats:
        result = values.copy()
        result[row] = of(name)
        return result

    rotation = fit.rotation.copy()
    rotation[row] = rotation_matrices(of("head_rotation"))
    pose = replace(
        fit.pose,
        neck=fit.pose.neck if follows_torso else placed(fit.pose.neck, "neck_pose"),
        jaw=placed(fit.pose.jaw, "jaw_pose"),
        left_eye=placed(fit.pose.left_eye, "left_eye_pose"),
        right_eye=placed(fit.pose.right_eye, "right_eye_pose"),
        eyelids=placed(fit.pose.eyelids, "eyelids"),
        expression=placed(fit.pose.expression, "expression"),
    )
    return replace(fit, pose=pose, rotation=rotation, translation=placed(fit.translation, "head_translation"))
