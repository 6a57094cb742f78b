"""Painted people: skin, lips, brows, hair, eyes and mouth of the built-in head, different with every seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from ..contract import names
from ..contract.arrays import Array, Singles
from ..head.model import HeadModel
from ..render.srgb import linear_from_srgb
from ..render.texture import grow_borders
from .canvas import Canvas, neighbour_mean

SKIN_TONES: Final = ((226, 188, 166), (214, 168, 140), (201, 152, 120), (176, 125, 92), (141, 94, 68), (98, 64, 48))
HAIR: Final = ((38, 28, 24), (74, 50, 34), (24, 22, 24), (120, 88, 56), (150, 146, 142), (58, 36, 26))
EYES: Final = ((86, 118, 140), (92, 66, 40), (70, 98, 74), (54, 36, 26), (104, 130, 150), (60, 44, 34))
CLOTHES: Final = ((44, 58, 92), (92, 36, 40), (52, 72, 56), (60, 58, 62), (120, 112, 98), (70, 46, 84))
"""sRGB."""

RIGHT_BROW: Final = (46, 53, 52, 65, 55, 107, 66, 105, 63, 70)
LEFT_BROW: Final = (276, 283, 282, 295, 285, 336, 296, 334, 293, 300)
"""Landmarks around each brow: lower edge inwards, upper edge outwards (face_mesh_connections.py)."""
OUTER_LIPS: Final = (*names.OUTER_LIPS_UPPER, *names.OUTER_LIPS_LOWER[-2:0:-1])


@dataclass(frozen=True)
class Appearance:
    """How a person looks.

    Attributes:
        texture: (S, S, 3) linear.
        gloss, sharpness: Highlight per vertex (V,).
        hair: How far hair stands off the scalp, per vertex (V,), metres.
        clothes: Colour of the pullover (3,), linear.
    """

    texture: NDArray[np.float32]
    gloss: Array
    sharpness: Array
    hair: Array
    clothes: Array


def linear(colour: tuple[int, int, int]) -> Array:
    """Return an sRGB colour as linear light (3,)."""
    return linear_from_srgb(np.array(colour, dtype=np.uint8))


def painted(canvas: Canvas, seed: int) -> Appearance:
    """Return a person painted from nothing but a seed."""
    random = np.random.default_rng(1000 + seed)
    tone = linear(SKIN_TONES[seed % len(SKIN_TONES)])
    hair = linear(HAIR[(seed * 5 + 1) % len(HAIR)])
    texture = skin(canvas, tone, seed)
    texture = lips(canvas, texture, tone, float(random.uniform(0.35, 0.8)))
    texture = brows(canvas, texture, hair * 0.8, seed, float(random.uniform(0.75, 1.0)))
    texture = scalp(canvas, texture, hair, seed)
    return finished(canvas, texture, linear(EYES[seed % len(EYES)]), linear(CLOTHES[seed % len(CLOTHES)]), seed)


def finished(canvas: Canvas, texture: Array, iris: Array, clothes: Array, seed: int) -> Appearance:
    """Return the person with a painted skin after adding lashes, eyes and mouth, and what the surface is like."""
    texture = lid_lines(canvas, texture)
    texture = mouth(canvas, texture)
    texture = eyes(canvas, texture, iris, seed)
    gloss, sharpness = shine(canvas.head)
    texture = grow_borders(np.clip(texture, 0, 1).astype(np.float32), canvas.layout)
    return Appearance(texture, gloss, sharpness, hair_height(canvas), clothes)


def mix(texture: Array, colour: Array, share: Array) -> Array:
    """Return the texture with a share (S, S) of it replaced by a colour."""
    return texture + (colour - texture) * share[..., None]


def skin(canvas: Canvas, tone: Array, seed: int) -> Array:
    """Return skin (S, S, 3): redder cheeks, nose and ears, darker round the eyes, blotches, pores and freckles."""
    points, marks = canvas.points, canvas.landmarks
    texture = np.broadcast_to(tone, (*canvas.layout.ids.shape, 3)).astype(np.float32).copy()
    red = np.zeros(canvas.layout.ids.shape, dtype=np.float32)
    for index, reach, strength in ((50, 0.020, 0.5), (280, 0.020, 0.5), (4, 0.013, 0.5), (152, 0.014, 0.25)):
        red += strength * np.exp(-((points - marks[index]) ** 2).sum(axis=2) / reach**2).astype(np.float32)
    red += 0.35 * (canvas.region("left_ear", 2) + canvas.region("right_ear", 2))
    red += 0.06 * canvas.noise(0.012, seed)
    texture *= np.exp(np.clip(red, -0.3, 1)[..., None] * np.array([0.06, -0.28, -0.26]))
    dark = np.zeros_like(red)
    for corners in (names.LEFT_EYE_CORNERS, names.RIGHT_EYE_CORNERS):
        centre = marks[list(corners)].mean(axis=0) - (0, 0.004, 0)
        dark += np.exp(-(((points - centre) / (0.024, 0.017, 0.03)) ** 2).sum(axis=2)).astype(np.float32)
    texture *= np.exp(-dark[..., None] * np.array([0.22, 0.32, 0.30]))
    fine = 0.022 * canvas.noise(0.0045, seed + 1) + 0.025 * canvas.noise(0.0017, seed + 2)
    fine += 0.03 * canvas.noise(0.0009, seed + 3)
    freckles = np.clip(canvas.noise(0.0026, seed + 4) - 2.1, 0, 0.8) * (seed % 3 == 0)
    return texture * np.exp(fine - 0.35 * freckles)[..., None]


def lips(canvas: Canvas, texture: Array, tone: Array, strength: float) -> Array:
    """Return the texture with lips painted: redder than the skin, darker where they meet."""
    share = canvas.polygon(OUTER_LIPS, 0.0011) * (1 - canvas.inside_mouth())
    colour = tone * np.array([0.80, 0.42, 0.42])
    texture = mix(
        texture, colour * np.exp(0.07 * canvas.noise((0.0008, 0.003, 0.003), 77))[..., None], share * strength
    )
    seam = canvas.line(names.INNER_LIPS_UPPER, 0.0012, 0.0008)
    return mix(texture, colour * 0.35, np.clip(0.5 * seam, 0, 0.8))


def brows(canvas: Canvas, texture: Array, colour: Array, seed: int, strength: float) -> Array:
    """Return the texture with brows of many short hairs that lean outwards."""
    random = np.random.default_rng(seed)
    sheet = canvas.front_sheet()
    for brow in (RIGHT_BROW, LEFT_BROW):
        lower, upper = canvas.landmarks[list(brow[:5])], canvas.landmarks[list(brow[:4:-1])]
        outwards = np.sign(lower[0, 0])
        for _ in range(420):
            along, across = random.uniform(0, 4), random.beta(1.6, 1.6)
            position = _at(lower, along) * (1 - across) + _at(upper, along) * across
            position[1] -= 0.0008
            lean = np.radians(random.normal(15 + 14 * along, 9))
            length = random.uniform(0.0035, 0.007) * (1.1 - 0.12 * (4 - along))
            tip = position[:2] + length * np.array([outwards * np.cos(lean * 0.9), np.sin(lean) * (0.2 + 0.22 * along)])
            ends = np.rint(canvas.on_sheet(np.stack([position[:2], tip])) * 16).astype(np.int32)
            cv2.line(sheet, ends[0].tolist(), ends[1].tolist(), (1.0,), 1, cv2.LINE_AA, shift=4)
    hairs = cv2.GaussianBlur(sheet, (0, 0), 1.3)
    ground = cv2.GaussianBlur(sheet, (0, 0), 6)
    return mix(texture, colour, np.clip(strength * canvas.from_front(0.75 * hairs + 0.55 * ground), 0, 0.93))


def _at(polyline: Array, position: float) -> Array:
    first = min(int(position), len(polyline) - 2)
    return polyline[first] + (position - first) * (polyline[first + 1] - polyline[first])


def hairline(canvas: Canvas, points: Array) -> Array:
    """Return how far (metres) places lie inside the hair: above a line over the forehead, round the ear and down."""
    top, temple = canvas.landmarks[10], canvas.landmarks[[21, 251]].mean(axis=0)
    ear = canvas.landmarks[[127, 356]].mean(axis=0)
    depth = np.array(
        [-0.2, -0.115, -0.092, -0.070, ear[2] - 0.030, ear[2] - 0.012, ear[2], temple[2], top[2] - 0.012, 0.2]
    )
    line = np.array(
        [
            -0.075, -0.075, -0.062, ear[1] - 0.042, ear[1] - 0.008, ear[1] - 0.012, ear[1] + 0.012, temple[1] + 0.006,
            top[1] - 0.004, top[1] - 0.002,
        ]
    )  # fmt: skip
    return points[..., 1] - np.interp(points[..., 2], depth, line)


def scalp(canvas: Canvas, texture: Array, colour: Array, seed: int) -> Array:
    """Return the texture with hair painted on the scalp, combed away from the crown."""
    centre = np.array([0.0, 0.05, -0.065])
    ray = canvas.points - centre
    azimuth = np.arctan2(ray[..., 0], ray[..., 2])
    level = np.hypot(ray[..., 0], ray[..., 2])
    polar = np.arctan2(level, ray[..., 1])
    combed = np.stack([azimuth, polar, np.zeros_like(polar)], axis=2)
    locks = canvas.noise((0.09, 0.35, 1.0), seed + 12, combed)
    # Strands meet at the crown, where they would become finer than texels.
    strands = 0.20 * canvas.noise((0.030, 0.30, 1.0), seed + 11, combed) * np.clip(level / 0.06, 0.1, 1) + 0.15 * locks
    inside = hairline(canvas, canvas.points) + 0.0014 * canvas.noise(0.003, seed + 10) + 0.002 * locks
    share = np.clip(inside / 0.009 + 0.5, 0, 1).astype(np.float32) * _off_ears(canvas)
    return mix(texture, colour * np.exp(strands)[..., None], share * 0.97)


def _off_ears(canvas: Canvas) -> Singles:
    return np.clip(1 - 2.5 * (canvas.region("left_ear", 1) + canvas.region("right_ear", 1)), 0, 1)


def hair_height(canvas: Canvas) -> Array:
    """Return how far the hair stands off each vertex (V,), metres: short at the hairline, 9 mm on the crown."""
    head = canvas.head
    depth = np.clip((hairline(canvas, head.template) - 0.003) / 0.05, 0, 1)
    depth = depth * depth * (3 - 2 * depth)
    skinless = np.concatenate(
        [np.asarray(head.regions[name]) for name in ("left_ear", "right_ear", "left_eyeball", "right_eyeball", "face")]
    )
    depth[skinless] = 0
    for _ in range(3):
        depth = neighbour_mean(depth, head.faces)
    depth[skinless] = 0
    return 0.010 * depth


def lid_lines(canvas: Canvas, texture: Array) -> Array:
    """Return the texture with lashes along the upper lid, a faint lower rim and the crease above."""
    for upper, lower in (
        (names.LEFT_EYE_UPPER, names.LEFT_EYE_LOWER),
        (names.RIGHT_EYE_UPPER, names.RIGHT_EYE_LOWER),
    ):
        texture = mix(texture, np.array([0.012, 0.009, 0.008]), 0.85 * canvas.line(upper, 0.0013, 0.0005))
        texture = mix(texture, np.array([0.10, 0.05, 0.04]), 0.5 * canvas.line(lower, 0.0009, 0.0005))
    return texture


def mouth(canvas: Canvas, texture: Array) -> Array:
    """Return the texture with a dark mouth, teeth and tongue."""
    inside = canvas.region("mouth_inside")
    # Light hardly gets in: darker the further behind the lips.
    behind = canvas.landmarks[13, 2] - canvas.points[..., 2]
    dim = np.exp(-np.clip(behind - 0.004, 0, 0.05) / 0.022)[..., None]
    texture = mix(texture, np.array([0.17, 0.035, 0.03]) * dim, inside)
    texture = mix(texture, np.array([0.40, 0.13, 0.11]) * dim, canvas.region("tongue"))
    return mix(texture, np.array([0.70, 0.64, 0.53]) * dim, canvas.region("teeth"))


def eyes(canvas: Canvas, texture: Array, iris: Array, seed: int) -> Array:
    """Return the texture with eyeballs: veined sclera, streaked iris with a dark rim, pupil."""
    for name in ("left_eyeball", "right_eyeball"):
        ball = canvas.head.template[np.asarray(canvas.head.regions[name])]
        centre, radius = (ball.max(axis=0) + ball.min(axis=0)) / 2, np.ptp(ball[:, 0]) / 2
        ray = canvas.points - centre
        off_axis = np.hypot(ray[..., 0], ray[..., 1]) + np.where(ray[..., 2] > 0, 0, radius)
        turn = np.arctan2(ray[..., 1], ray[..., 0])
        streaks = np.sin(turn * 23 + 3 * np.sin(turn * 5 + seed)) * 0.5 + np.sin(turn * 41 + seed) * 0.3
        veins = np.clip(canvas.noise(0.0015, seed + 20) - 1.2, 0, 1) * np.clip(off_axis / radius - 0.6, 0, 1)
        colour = np.array([0.72, 0.69, 0.66]) - veins[..., None] * (0.05, 0.30, 0.30)
        inner = np.clip((off_axis - 0.0020) / 0.0018, 0, 1)[..., None]
        coloured = iris * (0.75 + 0.22 * streaks[..., None]) * (1.35 - 0.5 * inner)
        rim = _step(off_axis, 0.0050, 0.0059)
        colour = mix(colour, coloured, 1 - _step(off_axis, 0.0056, 0.0062))
        colour = mix(colour, iris * 0.2, rim * (1 - _step(off_axis, 0.0056, 0.0063)))
        colour = mix(colour, np.array([0.004, 0.004, 0.004]), 1 - _step(off_axis, 0.0020, 0.0024))
        texture = np.where(canvas.region(name)[..., None] > 0.5, colour, texture)
    return texture


def _step(values: Array, low: float, high: float) -> Singles:
    share = np.clip((values - low) / (high - low), 0, 1)
    return (share * share * (3 - 2 * share)).astype(np.float32)


def shine(head: HeadModel) -> tuple[Array, Array]:
    """Return strength and sharpness of the highlight per vertex: wet eyes, moist lips, satin skin."""
    gloss, sharpness = np.full(head.vertex_count, 0.045), np.full(head.vertex_count, 16.0)
    for regions, strength, exponent in (
        (("lips",), 0.10, 34.0),
        (("mouth_inside",), 0.03, 30.0),
        (("teeth",), 0.10, 60.0),
        (("left_eyeball", "right_eyeball"), 0.55, 260.0),
    ):
        for name in regions:
            gloss[np.asarray(head.regions[name])] = strength
            sharpness[np.asarray(head.regions[name])] = exponent
    return gloss, sharpness
