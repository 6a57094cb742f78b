"""Surroundings of the head in the sample: a room out of focus, light, and shoulders in a pullover."""

from __future__ import annotations

import itertools

import cv2
import numpy as np
from numpy.typing import NDArray

from ..contract.arrays import Array
from ..contract.camera import Intrinsics
from ..render.srgb import linear_from_srgb
from ..render.textured import Light, Surface

SHOULDERS = (
    (-0.118, 0.068, 0.066, -0.067),
    (-0.128, 0.074, 0.072, -0.068),
    (-0.150, 0.075, 0.073, -0.070),
    (-0.168, 0.082, 0.075, -0.070),
    (-0.182, 0.112, 0.076, -0.070),
    (-0.196, 0.150, 0.084, -0.072),
    (-0.214, 0.180, 0.094, -0.074),
    (-0.245, 0.203, 0.104, -0.074),
    (-0.300, 0.215, 0.114, -0.072),
    (-0.380, 0.214, 0.120, -0.070),
    (-0.600, 0.200, 0.120, -0.070),
)
"""Rings of the pullover from the collar down: height, half width, half depth, middle in depth; metres, head axes."""
_SEGMENTS = 72


def shoulders(colour: Array, seed: int = 0) -> Surface:
    """Return shoulders and collar below an upright head at the origin, in head axes."""
    random = np.random.default_rng(seed)
    turn = 2 * np.pi * np.arange(_SEGMENTS) / _SEGMENTS
    profile = np.array(SHOULDERS)
    fine = np.linspace(0, len(profile) - 1, 60)
    profile = np.stack([np.interp(fine, np.arange(len(profile)), column) for column in profile.T], axis=1)
    round_x = np.sign(np.cos(turn)) * np.abs(np.cos(turn)) ** 0.85
    round_z = np.sign(np.sin(turn)) * np.abs(np.sin(turn)) ** 0.85
    points = np.stack(
        [
            np.outer(profile[:, 1], round_x),
            profile[:, :1] + 0.012 * np.outer(profile[:, 1] / 0.2, np.abs(round_x) * -1.0),
            profile[:, 3:] + np.outer(profile[:, 2], round_z),
        ],
        axis=-1,
    )
    ribs = 0.0012 * np.cos(36 * turn) * np.exp(-(((profile[:, :1] + 0.135) / 0.02) ** 2))
    points *= 1 + (ribs + 0.004 * _smooth_noise(random, len(profile), _SEGMENTS))[..., None] * (1, 0.2, 1)
    index = np.arange(points.shape[0] * _SEGMENTS).reshape(points.shape[0], _SEGMENTS)
    a, b = index[:-1], np.roll(index, -1, axis=1)[:-1]
    c, d = index[1:], np.roll(index, -1, axis=1)[1:]
    faces = np.concatenate([np.stack([a, b, d], -1).reshape(-1, 3), np.stack([a, d, c], -1).reshape(-1, 3)])
    count = index.size
    shade = 1 + 0.12 * random.standard_normal((count, 1))
    vertices = points.reshape(-1, 3)
    return Surface(vertices, faces, np.asarray(colour) * shade, np.full(count, 0.004), np.full(count, 6.0))


def _smooth_noise(random: np.random.Generator, rows: int, columns: int) -> Array:
    noise = cv2.GaussianBlur(np.tile(random.standard_normal((rows, columns)), (1, 3)), (0, 0), 3)
    noise = noise[:, columns : 2 * columns]
    return noise / noise.std()


def room(intrinsics: Intrinsics, seed: int = 0) -> NDArray[np.float32]:
    """Return a room out of focus (H, W, 3), linear: wall, window, shelf with books, lamp."""
    random = np.random.default_rng(seed)
    height, width = intrinsics.height, intrinsics.width
    y, x = np.mgrid[:height, :width].astype(np.float32)
    u, v = x / width, y / height
    hue = random.uniform(-1, 1)
    wall = np.array([150 + 22 * hue, 150 + 6 * hue, 146 - 20 * hue], dtype=np.float32)
    picture = wall * (1.12 - 0.35 * v - 0.25 * np.abs(u - 0.3))[..., None]
    side = 1 if random.random() < 0.5 else -1
    mirrored = (lambda a, b: (a, b)) if side > 0 else (lambda a, b: (1 - b, 1 - a))
    _window(picture, *mirrored(0.02, 0.26), random)
    _shelf(picture, *mirrored(0.68, 1.02), random)
    _box(picture, 0, 1, 0.9, 1.0, wall * 0.45)
    glow = np.exp(-(((u - (0.62 if side > 0 else 0.38)) / 0.07) ** 2) - ((v - 0.22) / 0.09) ** 2)
    picture += glow[..., None] * np.array([110, 90, 50])
    blurred = cv2.GaussianBlur(np.clip(picture, 0, 255), (0, 0), width / 70)
    return linear_from_srgb(blurred.astype(np.uint8))


def _box(picture: Array, left: float, right: float, top: float, bottom: float, colour: Array) -> None:
    height, width = picture.shape[:2]
    rows = slice(max(0, int(top * height)), max(0, int(bottom * height)))
    columns = slice(max(0, int(left * width)), max(0, int(right * width)))
    picture[rows, columns] = colour


def _window(picture: Array, left: float, right: float, random: np.random.Generator) -> None:
    sky = np.array([205.0, 225.0, 245.0])
    _box(picture, left, right, 0.06, 0.66, np.array([225.0, 222.0, 215.0]))
    panes = np.linspace(left, right, 3)
    for row in range(3):
        top = 0.08 + 0.195 * row
        for a, b in itertools.pairwise(panes):
            green = np.array([110.0, 140.0, 90.0]) * random.uniform(0.7, 1.2)
            _box(picture, a + 0.01, b - 0.01, top, top + 0.17, sky if row < 2 else green)


def _shelf(picture: Array, left: float, right: float, random: np.random.Generator) -> None:
    wood = np.array([96.0, 66.0, 44.0])
    _box(picture, left, right, 0.1, 0.85, wood * 0.55)
    for row in range(4):
        bottom = 0.27 + 0.19 * row
        x = left + 0.01
        while x < right - 0.02:
            thick = random.uniform(0.012, 0.03)
            colour = random.uniform(50, 150) * np.array([1.1, 0.95, 0.8]) + random.uniform(-28, 28, 3)
            _box(picture, x, x + thick, bottom - random.uniform(0.10, 0.16), bottom, colour)
            x += thick + 0.003
        _box(picture, left, right, bottom, bottom + 0.015, wood)


def daylight(seed: int = 0) -> Light:
    """Return the light of a room: bright from above, a soft key light from one side."""
    random = np.random.default_rng(seed)
    side = random.choice([-1.0, 1.0])
    direction = np.array([side * random.uniform(0.35, 0.7), -random.uniform(0.45, 0.7), -0.85])
    warm = np.array([1.0, 0.96, 0.9]) if random.random() < 0.6 else np.array([0.94, 0.97, 1.0])
    ambient = np.zeros((4, 3))
    ambient[0] = np.array([0.50, 0.51, 0.53])
    ambient[1] = -side * 0.07
    ambient[2] = -0.14
    ambient[3] = -0.06
    return Light(ambient, direction / np.linalg.norm(direction), 0.72 * warm)
