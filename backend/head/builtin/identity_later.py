"""Identity modes of ears, cranium, cheeks, jaw and neck that came after the general ones.

They stand at the end, so that coefficients of earlier tracks mean what they meant. Sizes are standard deviations of
adult anthropometry (Farkas, "Anthropometry of the Head and Face", 1994; Gordon et al., ANSUR, 1989): breadth of the
head and of the cheekbones 6 mm, of the jaw 6-7 mm, length of the ear 4 mm, its protrusion 3 mm, circumference of the
neck 8 %. `bench truth --only identity` measures how well they reach real heads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np

from ...contract.arrays import Floats
from .anatomy import Anatomy
from .ears import LOOP_ANGLES, ear_frame
from .identity_table import Anchor
from .topology import nearest

ROOT_RINGS: Final = 4
"""Rings of an ear from the skin of the head on which it bends away from the head."""
AROUND: Final = 0.014
"""Metres (standard deviation) around an ear's root within which the skin goes with it."""

LATER: Final[Mapping[str, tuple[Anchor, ...]]] = {
    "cheekbone_breadth": (((66, 2, 8), (3.0, 0, 0), 24, 1),),
    "full_cheeks": (((54, -36, 22), (3.4, 0, 1.2), 22, 1), ((62, -28, -4), (2.0, -0.4, 0), 22, 1)),
    "jowls": (((42, -66, 28), (2.4, -1.6, 0.6), 16, 1),),
    "jaw_corner_back": (((58, -48, -14), (0, 0, -3.4), 22, 1),),
    "jaw_line_height": (((42, -66, 22), (0, -2.8, 0), 20, 1),),
    "jaw_forward": (((0, -72, 30), (0, 0, 3.4), 44, 1),),
    "lower_face_height": (((0, -85, 30), (0, -3.4, 0), 50, 1),),
    "chin_fold": (((0, -62, 53), (0, 0, -1.4), 8, 1),),
    "midface_forward": (((0, -10, 64), (0, 0, 2.4), 30, 1),),
    "neck_breadth": (((52, -95, -55), (3.0, 0, 0), 34, 1), ((56, -165, -68), (3.2, 0, 0), 44, 1)),
    "neck_depth": (((0, -130, -14), (0, 0, 4.4), 42, 1), ((0, -125, -118), (0, 0, -4.4), 42, 1)),
    "neck_forward": (((0, -195, -68), (0, 0, 7.5), 62, 1),),
    "neck_flare": (((60, -162, -82), (4.2, 0, -1.6), 27, 1),),
    "throat_depth": (((0, -98, -14), (0, 0, -3.2), 18, 1),),
    "nape_sides": (((38, -62, -106), (0.6, 0, -3.0), 17, 1),),
    "nape": (((0, -55, -118), (0, 0, -3.6), 34, 1),),
    "cranium_breadth": (((72, 50, -50), (2.2, 0, 0), 48, 1),),
    "cranium_length": (((0, 45, -150), (0, 0, -3.4), 58, 1), ((0, 70, 30), (0, 0, 0.8), 36, 1)),
    "cranium_height": (((0, 135, -60), (0, 3.4, 0), 62, 1),),
    "skull_base_breadth": (((68, 8, -78), (3.0, 0, 0), 34, 1),),
    "behind_ears": (((62, -36, -60), (-2.6, 0, 0), 18, 1),),
    "forehead_breadth": (((50, 56, 32), (2.2, 0, -1.0), 22, 1),),
    "brow_ridge_outer": (((40, 38, 40), (0.4, 0, 1.8), 12, 1),),
    "nose_wings_up": (((17, -16, 58), (0, 1.3, 0), 8, 1),),
    "nose_tip_breadth": (((7, -11, 73), (1.1, 0, 0), 6, 1),),
    "nose_base_forward": (((0, -20, 62), (0, 0, 1.6), 9, 1),),
    "mouth_corners_up": (((25, -45, 40), (0, 1.2, 0), 9, 1),),
    "upper_lip_height": (((0, -35, 57), (0, 0.9, 0.2), 6, 1), ((14, -37, 54), (0, 0.8, 0), 6, 1)),
    "lower_lip_height": (((0, -54, 55), (0, -1.0, 0), 6.5, 1), ((12, -52, 52), (0, -0.8, 0), 6.5, 1)),
}
"""Pulls at anchors, as in `identity_table`."""

Turn = Callable[[Floats], Floats]
"""Takes places (N, 3) from the middle of an ear's root, metres: forward, down, outward; returns displacements there."""


def _protruding(position: Floats) -> Floats:
    """Turned out about the front of the root: 2.8 mm at the rim."""
    angle = 0.10
    return np.stack([angle * position[:, 2], 0 * position[:, 0], angle * (0.010 - position[:, 0])], axis=1)


def _tilted(position: Floats) -> Floats:
    """Its top leaning back by five degrees."""
    angle = np.radians(5.0)
    return np.stack([angle * position[:, 1], -angle * position[:, 0], 0 * position[:, 0]], axis=1)


def _front_flat(position: Floats) -> Floats:
    """The lobe and the front lying against the cheek: 1.6 mm."""
    pull = np.exp(-0.5 * ((position[:, 1] - 0.018) ** 2 + (position[:, 0] - 0.010) ** 2) / 0.013**2)
    return pull[:, None] * (0.0, 0.0, -0.0016)


def _lobe(position: Floats) -> Floats:
    """A longer and thicker lobe: 2 mm."""
    pull = np.exp(-0.5 * ((position[:, 1] - 0.026) ** 2 + position[:, 0] ** 2) / 0.009**2)
    return pull[:, None] * (0.0, 0.0020, 0.0006)


FREE_EARS: Final[Mapping[str, tuple[Turn, float]]] = {
    "ear_protrusion": (_protruding, 1.0),
    "ear_lobe": (_lobe, 1.0),
    "ear_front_flat": (_front_flat, 1.0),
    "ears_uneven": (lambda position: 0.5 * _protruding(position), -1.0),
}
"""What the ear does on its root, and the same (1) or the opposite (-1) on the right side; asymmetric modes say so."""
WHOLE_EARS: Final[Mapping[str, tuple[Turn, float]]] = {
    "ear_length": (lambda position: position * (0.0, 0.050, 0.0), 1.0),
    "ear_breadth": (lambda position: position * (0.060, 0.0, 0.0), 1.0),
    "ear_tilt": (_tilted, 1.0),
    "ear_back": (lambda position: np.broadcast_to((-0.0030, 0.0, 0.0), position.shape), 1.0),
    "ear_down": (lambda position: np.broadcast_to((0.0, 0.0024, 0.0), position.shape), 1.0),
}
"""What the ear does together with the skin around it."""

LATER_NAMES: Final = (*LATER, *FREE_EARS, *WHOLE_EARS)


def ear_modes(anatomy: Anatomy) -> list[Floats]:
    """Return the displacement (V, 3) of one standard deviation of each mode of the ears, in the order of the names."""
    on_root, with_skin = _weights(anatomy)
    free = [_of_both_ears(anatomy, turn, even, on_root) for turn, even in FREE_EARS.values()]
    return free + [_of_both_ears(anatomy, turn, even, with_skin) for turn, even in WHOLE_EARS.values()]


def _weights(anatomy: Anatomy) -> tuple[Floats, Floats]:
    """Return how much each vertex (2, V), right and left, goes with its ear's root held, and with the skin around."""
    on_root, with_skin = (np.zeros((2, len(anatomy.points))) for _ in range(2))
    ring_size = 2 * len(LOOP_ANGLES)
    for side, ear in enumerate(anatomy.ears):
        step = np.clip((np.arange(len(ear)) // ring_size) / ROOT_RINGS, 0.0, 1.0)
        on_root[side, ear] = step * step * (3 - 2 * step)
        distance, _ = nearest(anatomy.points[ear], anatomy.points)
        with_skin[side] = np.exp(-0.5 * (distance / AROUND) ** 2)
    return on_root, with_skin


def _of_both_ears(anatomy: Anatomy, turn: Turn, even: float, weight: Floats) -> Floats:
    """Return the displacement (V, 3) of the right and the left ear."""
    centre, *axes = ear_frame()
    frame = np.stack(axes)
    result = np.zeros_like(anatomy.points)
    for side, sign, strength in ((0, -1.0, even), (1, 1.0, 1.0)):
        mirror = np.array((sign, 1.0, 1.0))
        moved = turn((anatomy.points * mirror - centre) @ frame.T) @ frame
        result += strength * weight[side][:, None] * moved * mirror
    return result
