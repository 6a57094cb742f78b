"""How surely each pixel shows the face's own skin, and no hand, hair, glasses or microphone before it.

Two questions, both answered on the surface of the head, where a place keeps its colour while the head moves:

- *Is this place ever bare?* What hangs on the head through the whole clip (hair, glasses, a headset) is there in every
  frame. It is told by BiSeNet's classes where its weights are there, else by its colour, which is no skin's.
- *Does this frame show the place as the clip does?* Colours are learned as medians over frames of the clip. What passes
  before the face (a hand, though it is skin too) differs from them in tint, or in its pattern of light and dark.

Colours are logarithms, so that light is added to them; each frame's exposure, white balance and smooth shading are
fitted robustly and taken off. Brightness and tint count by how much they vary in this clip at this place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from ..contract.camera import Intrinsics
from ..contract.shading import light_terms
from ..render.compiled import compiled
from ..render.rasterizer import NEAR
from ..render.rasterizer_numba import NumbaRasterizer
from ..render.shading import facing_camera, vertex_normals
from . import classes
from .atlas import Atlas

Array = NDArray[Any]
Singles = NDArray[np.float32]
Parse = Callable[[NDArray[np.uint8]], NDArray[np.int64]]
"""From an RGB picture (H, W, 3) to the class of each of its pixels (H, W)."""

OWN: Final = (*(k for k in classes.FACE if k != classes.GLASSES), classes.LEFT_EAR, classes.RIGHT_EAR,
              classes.MOUTH, classes.NECK)  # fmt: skip
"""Classes that are the head's own skin."""
_EVERY: Final = 3
"""Pixels from one to the next across and down that shading is fitted to."""
HEAD_PIXELS: Final = 120.0
"""Width of the head at which pictures are compared; larger ones are reduced."""
_ISLAND: Final = 9
"""Pixels across below which skin amid an occluder is not believed."""
MOST_LOOKS: Final = 24
"""Frames from which a clip's colours are learned."""
_DARK: Final = 10.0
"""Added to 8-bit values before the logarithm: below it noise is larger than light."""
_FEWEST: Final = 4
"""Looks at a place that tell how its colour varies."""
_FACING: Final = 0.3
"""Cosine between normal and view below which a pixel tells nothing."""
_USUAL: Final = (0.10, 0.035)
"""By how much brightness and tint of a place vary, from frame to frame, where nobody measured it; the least, too."""
_UNSEEN: Final = (0.4, 0.12)
"""The same for places that no look shows, which are expected to have the colour of the skin."""
_SKIN: Final = (0.4, 0.085)
"""By how much bare skin differs from the face's mean, over one face."""
_STRANGE: Final = (1.5, 4.0)
"""Mean squared deviation from what the clip shows from which on a pixel counts less, and from which on not at all: of
bare skin on footage and rendered people 95 in 100 pixels lay below 1 to 1.5."""
_NO_SKIN: Final = (4.0, 9.0)
"""Sum of squared deviations from the colour of skin from which on a place counts less as bare, and not at all."""
_BEHIND: Final = 0.004
"""Metres by which a place may lie behind the nearest surface and still count as seen."""
_TIES: Final = (1e-4, *(0.05,) * 3, *(0.3,) * 5)
"""How strongly each term of a frame's shading is held at zero: fine shades may be an occluder."""
_DARKER: Final = 1.5
"""How many times as far from the mean as brighter skin may darker skin be, by shadows ..."""
_REDDER: Final = 2.5
"""... and redder skin, by blood and where light has passed through it; what is less red is hair, cloth or metal."""


@dataclass(frozen=True)
class Look:
    """A picture of the head where it is believed to be.

    Attributes:
        picture: RGB (H, W, 3) uint8, the frame or a part of it.
        camera: Of this very picture.
        vertices: Of the head in camera axes (V, 3), metres.
    """

    picture: NDArray[np.uint8]
    camera: Intrinsics
    vertices: Array


@dataclass(frozen=True)
class FaceColours:
    """What a clip's face looks like, place by place, and which places are ever bare. Made by `learn_face_colours`.

    Attributes:
        atlas: Of the head.
        colour: Brightness and two tints (H, W, 3).
        spread: Standard deviation of brightness and of tint from frame to frame (H, W, 2).
        bare: How surely a place is the head's own skin (H, W), 0..1.
    """

    atlas: Atlas
    colour: Singles
    spread: Singles
    bare: Singles

    def free_skin(self, look: Look, parsing: NDArray[np.int64] | None = None) -> Singles:
        """Return how surely each pixel shows the face's own skin (H, W), 0..1; 0 beside the head.

        Args:
            look: Picture and head.
            parsing: Classes of the picture's pixels (H, W) where somebody parsed it already.
        """
        height, width = look.picture.shape[:2]
        result = np.zeros((height, width), dtype=np.float32)
        part = _part(self.atlas, look)
        if part is None:
            return result
        smooth = self._light(part)
        bare, strange = np.zeros_like(part.seen), np.zeros_like(part.seen)
        _compare(part.colour, part.normals, part.texel, part.seen, self._table, smooth, bare, strange)
        free = bare * _closed(_as_weight(_averaged(strange, part.seen), _STRANGE))
        rows, columns = part.window
        size = (columns.stop - columns.start, rows.stop - rows.start)
        result[part.window] = cv2.resize(free, size, interpolation=cv2.INTER_LINEAR)
        return result if parsing is None else result * np.isin(parsing, OWN)

    @cached_property
    def _table(self) -> Singles:
        """Colour, spread and bareness in one (H, W, 6)."""
        return np.ascontiguousarray(np.dstack([self.colour, self.spread, self.bare]))

    def _light(self, part: _Part) -> Singles:
        """Smooth light (9, 3) by which a part of a picture differs from what is known of the face."""
        few = (slice(None, None, _EVERY), slice(None, None, _EVERY))
        place = np.rint(part.texel[few]).astype(np.int64)
        known = self._table[place[..., 1], place[..., 0]]
        sure = part.seen[few] * known[..., 5]
        here = sure > 0.5
        away = part.colour[few][here] - known[here][:, :3]
        return _shading(away, part.normals[few][here], known[here][:, 3:5], sure[here])


@compiled
def _compare(colour, normals, texel, seen, table, smooth, bare, strange):
    """Fill for every seen pixel how surely its place is bare, and how strange its colour is, see `_strangeness`."""
    basis = np.empty(9, dtype=np.float32)
    known = np.empty(6, dtype=np.float32)
    for y in range(seen.shape[0]):
        for x in range(seen.shape[1]):
            if seen[y, x] <= 0:
                continue
            u = min(max(texel[y, x, 0], 0.0), table.shape[1] - 1.001)
            v = min(max(texel[y, x, 1], 0.0), table.shape[0] - 1.001)
            i, j = int(u), int(v)
            a, b = u - i, v - j
            for k in range(6):
                upper = table[j, i, k] * (1 - a) + table[j, i + 1, k] * a
                lower = table[j + 1, i, k] * (1 - a) + table[j + 1, i + 1, k] * a
                known[k] = upper * (1 - b) + lower * b
            n, m, o = normals[y, x, 0], normals[y, x, 1], normals[y, x, 2]
            basis[0], basis[1], basis[2], basis[3] = 1.0, n, m, o
            basis[4], basis[5], basis[6], basis[7], basis[8] = n * m, n * o, m * o, n * n - m * m, 3 * o * o - 1
            total = 0.0
            for k in range(3):
                light = 0.0
                for term in range(9):
                    light += basis[term] * smooth[term, k]
                away = colour[y, x, k] - known[k] - light
                size = known[3] if k == 0 else known[4]
                total += away * away / (size * size)
            bare[y, x] = known[5]
            strange[y, x] = total / 3


def learn_face_colours(atlas: Atlas, looks: Sequence[Look], parse: Parse | None = None) -> FaceColours:
    """Return the colours of a clip's face.

    Args:
        atlas: Of the head, from `make_atlas`.
        looks: Up to `MOST_LOOKS` frames of the clip, as different as possible; one for a photograph.
        parse: Tells classes, where there is a network for it; else colours tell skin from what hangs before it.
    """
    seen_looks = [_sampled(atlas, look, parse) for look in looks]
    value = np.stack([look.colour for look in seen_looks])
    weight = np.stack([look.seen for look in seen_looks])
    normals = np.stack([look.normals for look in seen_looks])
    inside = atlas.raster.ids >= 0
    trusted = atlas.trusted[inside]
    colour = _medians(value - _middle(value, weight, trusted)[:, None], weight)
    spread = np.tile(np.array(_USUAL, dtype=np.float32), (value.shape[1], 1))
    for _ in range(2):
        lit = []
        for one, turned, visible in zip(value, normals, weight, strict=True):
            there = visible & np.isfinite(colour).all(axis=1)
            smooth = _shading((one - colour)[there], turned[there], spread[there], trusted[there] * 0.9 + 0.1)
            lit.append(one - light_terms(turned) @ smooth)
        colour = _medians(np.stack(lit), weight)
        spread = _spreads(np.stack(lit) - colour, weight, spread)
    return _finished(atlas, colour, spread, weight, [look.own for look in seen_looks])


@dataclass(frozen=True)
class _Part:
    """The part of a look around the face, reduced: (h, w) pixels.

    Attributes:
        window: Rows and columns of the look's picture.
        camera: Of the reduced part.
        colour: (h, w, 3).
        seen: Skin that faces the camera (h, w), 0..1.
        normals: Camera axes (h, w, 3).
        texel: Place in the atlas, across and down (h, w, 2).
        depth: Metres (h, w).
    """

    window: tuple[slice, slice]
    camera: Intrinsics
    colour: Singles
    seen: Singles
    normals: Singles
    texel: Singles
    depth: Singles


def _part(atlas: Atlas, look: Look) -> _Part | None:
    """None where the head is not in the picture."""
    found = _window(atlas, look)
    if found is None:
        return None
    (rows, columns), scale = found
    part = np.ascontiguousarray(look.picture[rows, columns])
    width, height = (max(round((s.stop - s.start) * scale), 8) for s in (columns, rows))
    across, down = width / part.shape[1], height / part.shape[0]
    camera = Intrinsics(
        width,
        height,
        look.camera.focal_x * across,
        look.camera.focal_y * down,
        (look.camera.centre_x - columns.start + 0.5) * across - 0.5,
        (look.camera.centre_y - rows.start + 0.5) * down - 0.5,
    )
    small = cv2.resize(part, (width, height), interpolation=cv2.INTER_AREA).astype(np.uint8)
    faces = facing_camera(look.vertices, atlas.faces)
    raster = NumbaRasterizer(threads=1).rasterize(look.vertices, faces, camera)
    values = np.column_stack([vertex_normals(look.vertices, atlas.faces), atlas.place, atlas.skin])
    shown = raster.interpolate(values, faces).astype(np.float32)
    normals, texel = np.ascontiguousarray(shown[..., :3]), np.ascontiguousarray(shown[..., 3:5])
    seen = ((shown[..., 5] > 0.99) & (_facing(normals, camera) > _FACING)).astype(np.float32)
    return _Part((rows, columns), camera, logarithms(small), seen, normals, texel, raster.depth)


def _window(atlas: Atlas, look: Look) -> tuple[tuple[slice, slice], float] | None:
    """Rows and columns around the head, and how much they are reduced."""
    camera = look.camera
    inside = look.vertices[look.vertices[:, 2] > NEAR]
    if len(inside) == 0:
        return None
    x = camera.focal_x * inside[:, 0] / inside[:, 2] + camera.centre_x
    y = camera.focal_y * inside[:, 1] / inside[:, 2] + camera.centre_y
    left, right = int(max(x.min() - 2, 0)), int(min(x.max() + 3, camera.width))
    top, bottom = int(max(y.min() - 2, 0)), int(min(y.max() + 3, camera.height))
    if right - left < 4 or bottom - top < 4:
        return None
    scale = min(1.0, HEAD_PIXELS / max(float(np.ptp(x)), 1.0))
    return (slice(top, bottom), slice(left, right)), scale


def _facing(normals: Singles, camera: Intrinsics) -> Singles:
    """Cosine between normal and view (h, w)."""
    height, width = normals.shape[:2]
    x = (np.arange(width, dtype=np.float32) - np.float32(camera.centre_x)) / np.float32(camera.focal_x)
    y = ((np.arange(height, dtype=np.float32) - np.float32(camera.centre_y)) / np.float32(camera.focal_y))[:, None]
    along = normals[..., 0] * x + normals[..., 1] * y + normals[..., 2]
    return -along / np.sqrt(x * x + y * y + 1)


def logarithms(picture: NDArray[np.uint8]) -> Singles:
    """Return brightness and two tints (..., 3) of RGB: the mean logarithm, red and blue against green."""
    table = np.log(np.arange(256, dtype=np.float32) + np.float32(_DARK))
    red, green, blue = (table[picture[..., k]] for k in range(3))
    return np.stack([(red + green + blue) / 3, red - green, blue - green], axis=-1)


@dataclass(frozen=True)
class _Sampled:
    """What a look tells of the N texels of the atlas that lie on the head.

    Attributes:
        colour: (N, 3).
        seen: Whether the look shows them (N,).
        normals: Camera axes (N, 3).
        own: Whether the classes call them the head's own (N,); None without classes.
    """

    colour: Singles
    seen: NDArray[np.bool_]
    normals: Singles
    own: NDArray[np.bool_] | None


def _sampled(atlas: Atlas, look: Look, parse: Parse | None) -> _Sampled:
    inside = atlas.raster.ids >= 0
    values = np.column_stack([look.vertices, vertex_normals(look.vertices, atlas.faces)])
    points = atlas.raster.interpolate(values, atlas.faces)[inside].astype(np.float32)
    depth = np.maximum(points[:, 2], NEAR)
    part = _part(atlas, look)
    if part is None:
        nothing = np.zeros(len(points), dtype=bool)
        return _Sampled(np.zeros((len(points), 3), np.float32), nothing, points[:, 3:], None)
    x = (part.camera.focal_x * points[:, 0] / depth + part.camera.centre_x).astype(np.float32)
    y = (part.camera.focal_y * points[:, 1] / depth + part.camera.centre_y).astype(np.float32)
    maps = x[:, None], y[:, None]
    colour = cv2.remap(part.colour, *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)[:, 0]
    there = np.where(part.seen > 0, part.depth, np.float32(0))
    near = cv2.remap(there, *maps, cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT)[:, 0]
    seen = (points[:, 2] > NEAR) & (points[:, 2] < near + _BEHIND)
    own = None
    if parse is not None:
        face = np.isin(parse(np.ascontiguousarray(look.picture[part.window])), OWN).astype(np.float32)
        face = cv2.resize(face, part.seen.shape[::-1], interpolation=cv2.INTER_AREA)
        own = cv2.remap(face, *maps, cv2.INTER_LINEAR)[:, 0] > 0.5
    return _Sampled(colour.astype(np.float32), seen, points[:, 3:], own)


def _middle(value: Singles, seen: NDArray[np.bool_], trusted: NDArray[np.bool_]) -> Singles:
    """Median colour of each look over trusted texels, or over all where it shows none of them (K, 3)."""
    result = np.zeros((len(value), 3), dtype=np.float32)
    for look, (one, there) in enumerate(zip(value, seen, strict=True)):
        chosen = there & trusted if (there & trusted).sum() > 20 else there
        if chosen.any():
            result[look] = np.median(one[chosen], axis=0)
    return result


def _medians(value: Singles, seen: NDArray[np.bool_]) -> Singles:
    """Median over looks (N, C) of values (K, N, C); NaN where none shows the place."""
    order = np.sort(np.where(seen[..., None], value, np.float32(np.inf)), axis=0)
    count = seen.sum(axis=0)
    lower, upper = np.maximum((count - 1) // 2, 0), np.minimum(count // 2, len(value) - 1)
    place = np.arange(value.shape[1])
    middle = (order[lower, place] + order[upper, place]) / 2
    return np.where(count[:, None] > 0, middle, np.float32(np.nan)).astype(np.float32)


def _shading(away: Singles, normals: Singles, spread: Singles, weight: Singles) -> Singles:
    """Smooth light (9, 3) that explains deviations (N, 3), by iterated weights: most of what is seen is the face."""
    basis = light_terms(normals).astype(np.float32)
    tie = np.diag(_TIES).astype(np.float32) * np.float32(len(away) / 100)
    result = np.zeros((basis.shape[1], 3), dtype=np.float32)
    if len(away) == 0:
        return result
    result[0] = np.median(away, axis=0)
    for _ in range(5):
        strange = _strangeness(away - basis @ result, spread)
        share = (weight / (1 + (strange / 6) ** 2))[:, None]
        scaled = basis * share
        result = np.linalg.solve(basis.T @ scaled + tie, scaled.T @ away)
    return result


def _strangeness(away: Singles, spread: Singles) -> Singles:
    """Squared deviation (...) of brightness and tints (..., 3), in units of their usual one: 1 is usual."""
    bright = (away[..., 0] / spread[..., 0]) ** 2
    return (bright + (away[..., 1] ** 2 + away[..., 2] ** 2) / spread[..., 1] ** 2) / 3


def _spreads(away: Singles, seen: NDArray[np.bool_], before: Singles) -> Singles:
    """How much brightness and tint of each place vary (N, 2), robustly; as before where too few looks tell it."""
    bright = _medians(np.abs(away[..., :1]), seen)[:, 0]
    tint = _medians(np.abs(away[..., 1:]).max(axis=2, keepdims=True), seen)[:, 0]
    found = np.maximum(1.48 * np.column_stack([bright, tint]), np.array(_USUAL, dtype=np.float32))
    known = seen.sum(axis=0) >= _FEWEST
    return np.asarray(np.where(known[:, None], found, before), dtype=np.float32)


def _averaged(strange: Singles, seen: Singles) -> Singles:
    """Mean over neighbouring skin pixels: noise is single, occluders are not."""
    capped = np.minimum(strange, np.float32(4 * _STRANGE[1])) * seen
    total = cv2.GaussianBlur(seen, (0, 0), 1.5)
    return cv2.GaussianBlur(capped, (0, 0), 1.5) / np.maximum(total, np.float32(1e-3))


def _closed(free: Singles) -> Singles:
    """Without small islands: amid an occluder a few pixels look like skin by chance."""
    return cv2.morphologyEx(free, cv2.MORPH_OPEN, np.ones((_ISLAND, _ISLAND), np.uint8)).astype(np.float32)


def _as_weight(strange: Singles, limits: tuple[float, float]) -> Singles:
    low, high = limits
    return np.asarray(np.clip((high - strange) / (high - low), 0, 1), dtype=np.float32)


def _finished(
    atlas: Atlas, colour: Singles, spread: Singles, seen: NDArray[np.bool_], own: Sequence[NDArray[np.bool_] | None]
) -> FaceColours:
    """Lay what was found of the texels out as pictures, and fill those that no look shows."""
    inside = atlas.raster.ids >= 0
    known = np.isfinite(colour).all(axis=1)
    likely, bare = _skin_of(atlas.normals[inside], colour, known, atlas.trusted[inside])
    bare[atlas.patterned[inside]] = 1
    if all(one is not None for one in own):
        votes = np.stack([one for one in own if one is not None]) & seen
        bare = np.where(known, votes.sum(axis=0) / np.maximum(seen.sum(axis=0), 1), bare)
    colour = np.where(known[:, None], colour, likely)
    spread = np.where(known[:, None], spread, np.array(_UNSEEN, dtype=np.float32))

    def laid_out(values: Singles) -> Singles:
        picture = np.zeros((*inside.shape, *values.shape[1:]), dtype=np.float32)
        picture[inside] = values
        return picture

    filled = [_without_gaps(laid_out(values.astype(np.float32)), inside) for values in (colour, spread, bare)]
    return FaceColours(atlas, *filled)


def _skin_of(
    normals: Array, colour: Singles, known: NDArray[np.bool_], trusted: NDArray[np.bool_]
) -> tuple[Singles, Singles]:
    """Colour that bare skin would have at each place (N, 3), and how likely its colour is that of skin (N,)."""
    sure = known & trusted if (known & trusted).sum() > 50 else known
    # Light from one side reaches the far side of the head less than a line through nose and cheeks says.
    basis = np.column_stack([np.ones(len(normals)), normals]).astype(np.float32)
    tie = np.diag([1e-6, 0.05, 0.05, 0.05]).astype(np.float32) * np.float32(sure.sum())
    weight = np.ones(int(sure.sum()), dtype=np.float32)
    trend = np.zeros((4, 3), dtype=np.float32)
    for _ in range(6):
        scaled = basis[sure] * weight[:, None]
        trend = np.linalg.solve(basis[sure].T @ scaled + tie, scaled.T @ colour[sure])
        strange = _strangeness(colour[sure] - basis[sure] @ trend, np.array(_SKIN, dtype=np.float32) / 2)
        weight = 1 / (1 + strange**2)
    likely = basis @ trend
    away = np.where(known[:, None], colour - likely, 0)
    away[:, 0] = np.where(away[:, 0] < 0, away[:, 0] / _DARKER, away[:, 0])
    away[:, 1] = np.where(away[:, 1] > 0, away[:, 1] / _REDDER, away[:, 1])
    return likely.astype(np.float32), _as_weight(3 * _strangeness(away, np.array(_SKIN, dtype=np.float32)), _NO_SKIN)


def _without_gaps(picture: Singles, inside: NDArray[np.bool_]) -> Singles:
    """Carry the border of what is known a little further, where reading between texels looks at it."""
    mask = inside.astype(np.float32)
    total = cv2.blur(mask, (5, 5))
    spread_out = cv2.blur(picture * (mask if picture.ndim == 2 else mask[..., None]), (5, 5))
    mean = spread_out / np.maximum(total if picture.ndim == 2 else total[..., None], np.float32(1e-3))
    return np.where(inside if picture.ndim == 2 else inside[..., None], picture, mean).astype(np.float32)
