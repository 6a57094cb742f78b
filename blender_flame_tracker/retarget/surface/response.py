"""Response of a rig: how far every control goes when one of them is moved, measured on the evaluated rig at rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .controls import Control
from .working_copy import WorkingCopy

Array = NDArray[np.float64]

_STEP: Final = 0.005
"""Of the distance between the outermost controls: far more than rounding, far less than what bends."""
_LEAST: Final = 0.2
"""Way of controls per unit of their channels below which these do nothing for it, as across the eyeball on which a lid
is held: Rigify's others have 0.5 and more."""


@dataclass(frozen=True)
class Response:
    """What a rig's controls do. C controls.

    Attributes:
        corrections: From wanted ways of all controls to changes of their locations (3 C, 3 C). What a control of lower
            order carries with it, no other one carries again.
        frames: Rotation of each control's bone at rest (C, 3, 3).
        gains: Way of each control per unit of its own location (C, 3, 3).
    """

    corrections: Array
    frames: Array
    gains: Array

    def locations_for(self, ways: Array, turned: Array) -> Array:
        """Return by how much to change locations (F, C, 3) so that the controls go their ways (F, C, 3), about.

        Args:
            ways: Still to go on each of F frames, in the head at rest.
            turned: How far each control's bone is turned from its rest (F, C, 3, 3), as by the jaw it hangs on.
        """
        changes = (ways.reshape(len(ways), -1) @ self.corrections.T).reshape(ways.shape)
        local = self.frames.transpose(0, 2, 1) @ turned.transpose(0, 1, 3, 2) @ self.frames
        return np.asarray((local @ changes[..., None])[..., 0])

    def holds(self, control: int, direction: Array) -> bool:
        """Whether the rig keeps a control from going in a direction (3,) of length 1, as off a sphere."""
        return float(np.linalg.norm(direction @ self.gains[control])) < _LEAST


def measure_response(copy: WorkingCopy, controls: Sequence[Control]) -> Response:
    """Return the response of a rig at rest; controls that no bone follows together are moved together."""
    chosen = np.array([each.index for each in controls])
    rest = copy.rest[chosen]
    step = _STEP * float(np.ptp([each.rest for each in controls], axis=0).max())
    moves = np.zeros((len(controls), 3, len(controls), 3))
    follows = _followers(copy, controls)
    tried = [(group, axis) for group in _groups(follows) for axis in range(3)]
    locations = np.zeros((len(tried), len(controls), 3))
    for pose, (group, axis) in enumerate(tried):
        locations[pose, group, axis] = step
    for (group, axis), matrices in zip(tried, copy.play(chosen, locations), strict=True):
        ways = (matrices[chosen, :3, 3] - rest[:, :3, 3]) / step
        for index in group:
            moves[follows[index], :, index, axis] = ways[follows[index]]
    orders = np.array([each.order for each in controls])
    stages = [np.flatnonzero(orders == order) for order in np.unique(orders)]
    axes = rest[:, :3, :3] / np.linalg.norm(rest[:, :3, :3], axis=1, keepdims=True)
    gains = np.stack([moves[index, :, index] for index in range(len(controls))])
    return Response(_corrections(moves, stages), axes, gains)


def _corrections(moves: Array, stages: Sequence[NDArray[np.int64]]) -> Array:
    """See `Response`.

    Args:
        moves: Way of each control (C, 3) per unit of each control's location (C, 3): (C, 3, C, 3).
        stages: Controls of one order together, the lowest order first.
    """
    moves = moves.reshape(3 * len(moves), -1)
    found, left = np.zeros_like(moves), np.eye(len(moves))
    for stage in stages:
        chosen = (3 * stage[:, None] + np.arange(3)).ravel()
        found[chosen] = _inverse(moves[np.ix_(chosen, chosen)]) @ left[chosen]
        left -= moves[:, chosen] @ found[chosen]
    return found


def _followers(copy: WorkingCopy, controls: Sequence[Control]) -> list[NDArray[np.int64]]:
    """For each control, which controls follow it, itself included."""
    depends = [copy.depends_on[each.bone] for each in controls]
    return [np.array([j for j, names in enumerate(depends) if each.bone in names]) for each in controls]


def _groups(follows: Sequence[NDArray[np.int64]]) -> list[list[int]]:
    groups: list[tuple[list[int], set[int]]] = []
    for index, followers in enumerate(follows):
        fitting = next((each for each in groups if each[1].isdisjoint(followers.tolist())), None)
        if fitting is None:
            groups.append(([index], set(followers.tolist())))
        else:
            fitting[0].append(index)
            fitting[1].update(followers.tolist())
    return [members for members, _ in groups]


def _inverse(moves: Array) -> Array:
    """Inverse of ways per location (3 N, 3 N) that leaves alone what moves nothing."""
    u, size, v = np.linalg.svd(moves)
    kept = np.where(size > _LEAST, 1 / np.maximum(size, _LEAST), 0.0)
    return np.asarray((v.T * kept) @ u.T, dtype=np.float64)
