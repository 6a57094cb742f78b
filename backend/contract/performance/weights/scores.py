"""MediaPipe's scores beside the mesh: each a measurement of its channel, as good as it was found to be.

Mesh and scores err in different ways. The mesh shows changes well, but what a face does all clip long the fit may have
taken for the person's identity, and thick lips for rolled ones. The scores name a smile at sight, but are low or dead
for many shapes. So both are measurements, each with its uncertainty, and an offset of each clip takes up what identity
and expression have exchanged: the mesh says how a weight changes, a good score where it starts from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from ...arrays import Array
from ...names import MEDIAPIPE_SCORES
from ...track import MISSING, Track
from ..channels import CHANNELS

_NOTHING: Final = np.inf
"""Uncertainty of a score that says nothing."""
UNCERTAINTY: Final[Mapping[str, tuple[float, float]]] = {
    "mouthSmile": (0.15, 0.25),
    "mouthUpperUp": (0.2, 0.5),
    "mouthLowerDown": (0.2, 0.5),
    "mouthFrown": (0.2, _NOTHING),
    "mouthDimple": (0.3, 0.3),
    "mouthStretch": (0.25, 0.5),
    "mouthPress": (0.2, 0.25),
    "mouthRollLower": (0.15, 0.15),
    "mouthRollUpper": (0.15, 0.15),
    "mouthShrugLower": (0.25, 0.3),
    "mouthShrugUpper": (0.25, 0.25),
    "mouthPucker": (0.3, 0.3),
    "mouthFunnel": (0.3, 0.6),
}
"""Channel without its side -> standard deviation of its score where it says more than the mesh, and where less.

Of painted people and of the independent rendered head the scores keep a tenth to a half of most shapes, but hardly show
any that is not there: a high one means something, a low one little. Smile and pucker they keep nearly whole. Lips that
roll and dimples they miss; but the mesh shows them where there are none, up to 0.9, in people who laugh too. Not in the
table: what joints and lids tell, brows, lids and squints, which on faces at rest are at 0.1 to 0.5, and the dead ones.
With these numbers the mouth of the independent head has an error of 0.089 instead of 0.103.
"""
MESH: Final = 0.2
"""Millimetres of uncertainty of all that the mesh says: some 25 independent points, right to a millimetre each."""
AT_REST: Final[Mapping[str, float]] = {
    "mouthSmile": 0.02,
    "mouthFrown": 0.02,
    "mouthDimple": 0.01,
    "mouthStretch": 0.02,
    "mouthPress": 0.12,
    "mouthRollLower": 0.01,
    "mouthShrugLower": 0.2,
    "mouthShrugUpper": 0.1,
    "mouthPucker": 0.03,
}
"""Channel without its side -> its score of faces at rest, root mean square over eight painted people; others have 0."""
_LASTING: Final = 0.1
"""Standard deviation of a weight that a face makes all clip long."""
_EXCHANGED: Final = 0.4
"""Standard deviation of the weight that identity has taken from, or given to, a channel."""


@dataclass(frozen=True)
class Scored:
    """Scores of the channels that are solved (C). T frames.

    Attributes:
        wanted: Weights by the scores (T, C); NaN where there are none.
        above, below: Standard deviation where they say more and less than the mesh (C,).
        at_rest: What they say of a face at rest, standard deviation over people (C,).
    """

    wanted: Array
    above: Array
    below: Array
    at_rest: Array

    @property
    def any(self) -> bool:
        """Whether there is one at all."""
        return bool(np.isfinite(self.wanted).any())

    @property
    def usable(self) -> Array:
        """Whether each channel has a score (C,) bool."""
        return np.asarray(np.isfinite(self.wanted).any(axis=0))

    def without_rest(self, weights: Array) -> Scored:
        """Return the scores less what they are likely to say of this person at rest.

        What a score says all clip long beyond the mesh is a face that does so, or one that the network takes for that:
        a full lower lip for a shrug, thin lips for pressed ones. It is shared by how large both usually are.

        Args:
            weights: By the mesh alone (T, C).
        """
        beyond = np.where(self.usable, self.wanted - weights, 0)
        counted = np.isfinite(beyond).all(axis=1)
        lasting = np.maximum(beyond[counted].mean(axis=0), 0) if counted.any() else np.zeros(len(self.at_rest))
        share = self.at_rest**2 / (self.at_rest**2 + _LASTING**2)
        return replace(self, wanted=np.maximum(self.wanted - share * lasting, 0))

    def costs(self, weights: Array, unit: Array) -> tuple[Array, Array]:
        """Return where scores draw channels to (T, C) in millimetres, and the cost of half the squared distance.

        Args:
            weights: As solved before (T, C).
            unit: Millimetres that the face moves by each channel at 1 (C,).
        """
        deviation = np.where(self.wanted > weights, self.above, self.below)
        cost = np.where(np.isfinite(self.wanted), (MESH / (deviation * unit)) ** 2, 0)
        return np.nan_to_num(self.wanted) * unit, cost

    def share(self, distinct: Array, unit: Array) -> Array:
        """Return the scores' share in what is known of each channel (C,), 0 to 1.

        Args:
            distinct: Share of each channel's shape that no other resembles (C,).
            unit: As in `costs`.
        """
        cost = np.where(self.usable, (MESH / (self.above * unit)) ** 2, 0)
        return cost / np.maximum(cost + distinct**2, 1e-12)

    def offset(self, weights: Array, normal: Array, wanted: Array, present: Array, unit: Array) -> Array:
        """Return the weights that identity has taken over (C,) in millimetres: positive where it smiles by itself.

        Args:
            weights: As solved (T, C), millimetres.
            normal, wanted: As in `Problem`, of the mesh alone.
            present: Which frames have a face (T,) bool.
            unit: As in `costs`.
        """
        result, chosen = np.zeros(len(unit)), np.flatnonzero(self.usable)
        beyond = (weights[present] @ normal - wanted[present]).mean(axis=0)[chosen]
        held = np.diag((MESH / (_EXCHANGED * unit[chosen])) ** 2)
        result[chosen] = np.linalg.solve(normal[np.ix_(chosen, chosen)] + held, beyond)
        return result


def scores_of(track: Track, channels: Array, *, used: bool) -> Scored:
    """Return the scores of some channels (C,) of a track, NaN for those not in `UNCERTAINTY`, and if none are used."""
    wanted = np.full((len(track), len(channels)), np.nan)
    above, below = np.full(len(channels), _NOTHING), np.full(len(channels), _NOTHING)
    at_rest = np.zeros(len(channels))
    of_mediapipe = used and track.scores.shape[1] == len(MEDIAPIPE_SCORES)
    for column, channel in enumerate(channels):
        name = CHANNELS[channel]
        without_side = name.removesuffix("Left").removesuffix("Right")
        deviations = UNCERTAINTY.get(without_side)
        if of_mediapipe and deviations is not None:
            wanted[:, column] = track.scores[:, MEDIAPIPE_SCORES.index(name)]
            above[column], below[column] = deviations
            at_rest[column] = AT_REST.get(without_side, 0.0)
    wanted[track.status == MISSING] = np.nan
    return Scored(wanted, above, below, at_rest)
