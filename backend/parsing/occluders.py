"""Occluders of a face: how surely each pixel shows skin, and no hand, hair, glasses or microphone before it.

Two questions, both answered on the surface of the head, where a place keeps its colour while the head moves:

- *Is this place ever bare?* What hangs on the head through the whole clip (hair, glasses, a headset) is there in every
  frame. It is told by BiSeNet's classes where its weights are there, else by its colour, which is no skin's.
- *Does this frame show the place as the clip does?* Colours are learned as medians over frames of the clip. What passes
  before the face (a hand, though it is skin too) differs from them in tint, or in its pattern of light and dark.

Colours are logarithms, so that light is added to them; each frame's exposure, white balance and smooth shading are
fitted robustly and taken off. Brightness and tint count by how much they vary in this clip at this place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from ..contract.arrays import Singles
from ..contract.shading import light_terms
from ..system.compiled import compiled
from .atlas import Atlas
from .skin_statistics import USUAL, as_weight, medians, middles, shading, skin_of, spreads
from .skin_views import HeadPart, Parse, PosedPicture, head_part, observe_texels

_EVERY: Final = 4
"""Pixels from one to the next across and down that shading is fitted to."""
_ISLAND: Final = 9
"""Pixels across below which skin amid an occluder is not believed."""
MOST_PICTURES: Final = 24
"""Frames from which a clip's colours are learned."""
_PARSED: Final = 8
"""Pictures of which a network is asked for the classes: it takes half a second for each."""
_UNSEEN: Final = (0.4, 0.12)
"""By how much brightness and tint may differ at places that no picture shows: they are expected to be like the skin."""
STRANGE: Final = (1.5, 4.0)
"""Mean squared deviation from what the clip shows from which on a pixel counts less, and from which on not at all: of
bare skin on footage and rendered people 95 in 100 pixels lay below 1 to 1.5."""


@dataclass(frozen=True)
class FaceColours:
    """What a clip's face looks like, place by place, and which places are ever bare. Made by `learn_face_colours`.

    Attributes:
        atlas: Of the head.
        table: Of every texel (H, W, 6): brightness and two tints; standard deviations of brightness and of tint from
            frame to frame; how surely the place is the head's own skin, 0..1.
    """

    atlas: Atlas
    table: Singles

    def skin_mask(self, posed: PosedPicture) -> Singles:
        """Return how surely each pixel of a picture shows the face's own skin (H, W), 0..1; 0 beside the head."""
        height, width = posed.picture.shape[:2]
        result = np.zeros((height, width), dtype=np.float32)
        part = head_part(self.atlas, posed)
        if part is None:
            return result
        smooth = self._light(part)
        skin, strange = np.zeros_like(part.visible), np.zeros_like(part.visible)
        _compare(part.colour, part.normals, part.texel, part.visible, self.table, smooth, skin, strange)
        free = skin * _closed(as_weight(_averaged(strange, part.visible), STRANGE))
        rows, columns = part.window
        size = (columns.stop - columns.start, rows.stop - rows.start)
        result[part.window] = cv2.resize(free, size, interpolation=cv2.INTER_LINEAR)
        return result

    def _light(self, part: HeadPart) -> Singles:
        """Smooth light (9, 3) by which a part of a picture differs from what is known of the face."""
        few = (slice(None, None, _EVERY), slice(None, None, _EVERY))
        place = np.rint(part.texel[few]).astype(np.int64)
        known = self.table[place[..., 1], place[..., 0]]
        sure = part.visible[few] * known[..., 5]
        here = sure > 0.5
        away = part.colour[few][here] - known[here][:, :3]
        return shading(away, part.normals[few][here], known[here][:, 3:5], sure[here])


@compiled
def _compare(colour, normals, texel, visible, table, smooth, skin, strange):
    """Fill for every seen pixel how surely its place is bare, and how strange its colour is, see `strangeness`."""
    basis = np.empty(9, dtype=np.float32)
    known = np.empty(6, dtype=np.float32)
    for y in range(visible.shape[0]):
        for x in range(visible.shape[1]):
            if visible[y, x] <= 0:
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
            skin[y, x] = known[5]
            strange[y, x] = total / 3


def learn_face_colours(atlas: Atlas, pictures: Sequence[PosedPicture], parse: Parse | None = None) -> FaceColours:
    """Return the colours of a clip's face.

    Args:
        atlas: Of the head, from `make_atlas`.
        pictures: Up to `MOST_PICTURES` frames of the clip, as different as possible; one for a photograph.
        parse: Tells classes, where there is a network for it; else colours tell skin from what hangs before it.
    """
    parsed = set(np.linspace(0, len(pictures) - 1, min(len(pictures), _PARSED)).round().astype(int).tolist())
    observations = [
        observe_texels(atlas, posed, parse if index in parsed else None) for index, posed in enumerate(pictures)
    ]
    value = np.stack([one.colour for one in observations])
    weight = np.stack([one.visible for one in observations])
    normals = np.stack([one.normals for one in observations])
    inside = atlas.raster.ids >= 0
    trusted = atlas.trusted[inside]
    colour = medians(value - middles(value, weight, trusted)[:, None], weight)
    spread = np.tile(np.array(USUAL, dtype=np.float32), (value.shape[1], 1))
    for _ in range(2):
        lit = []
        for one, turned, visible in zip(value, normals, weight, strict=True):
            there = visible & np.isfinite(colour).all(axis=1)
            smooth = shading((one - colour)[there], turned[there], spread[there], trusted[there] * 0.9 + 0.1)
            lit.append(one - light_terms(turned) @ smooth)
        colour = medians(np.stack(lit), weight)
        spread = spreads(np.stack(lit) - colour, weight, spread)
    return _finished(atlas, colour, spread, weight, [one.own for one in observations])


def _averaged(strange: Singles, visible: Singles) -> Singles:
    """Mean over neighbouring skin pixels: noise is single, occluders are not."""
    capped = np.minimum(strange, np.float32(4 * STRANGE[1])) * visible
    total = cv2.GaussianBlur(visible, (0, 0), 1.5)
    return (cv2.GaussianBlur(capped, (0, 0), 1.5) / np.maximum(total, np.float32(1e-3))).astype(np.float32)


def _closed(free: Singles) -> Singles:
    """Without small islands: amid an occluder a few pixels look like skin by chance."""
    return cv2.morphologyEx(free, cv2.MORPH_OPEN, np.ones((_ISLAND, _ISLAND), np.uint8)).astype(np.float32)


def _finished(
    atlas: Atlas, colour: Singles, spread: Singles, visible: NDArray[np.bool_], own: Sequence[NDArray[np.bool_] | None]
) -> FaceColours:
    """Lay what was found of the texels out as a picture, and fill those that no picture shows."""
    inside = atlas.raster.ids >= 0
    known = np.isfinite(colour).all(axis=1)
    likely, skin = skin_of(atlas.normals[inside], colour, known, atlas.trusted[inside])
    skin[atlas.patterned[inside]] = 1
    asked = [index for index, one in enumerate(own) if one is not None]
    if asked:
        votes = np.sum([one & there for one, there in zip(own, visible, strict=True) if one is not None], axis=0)
        shown = visible[asked].sum(axis=0)
        skin = np.where(shown > 0, votes / np.maximum(shown, 1), skin)
    colour = np.where(known[:, None], colour, likely)
    spread = np.where(known[:, None], spread, np.array(_UNSEEN, dtype=np.float32))
    table = np.zeros((*inside.shape, 6), dtype=np.float32)
    table[inside] = np.column_stack([colour, spread, skin])
    return FaceColours(atlas, _without_gaps(table, inside))


def _without_gaps(picture: Singles, inside: NDArray[np.bool_]) -> Singles:
    """Carry the border of what is known a little further, where reading between texels looks at it."""
    mask = inside.astype(np.float32)[..., None]
    mean = cv2.blur(picture * mask, (5, 5)) / np.maximum(cv2.blur(mask, (5, 5)), np.float32(1e-3))[..., None]
    return np.asarray(np.where(inside[..., None], picture, mean), dtype=np.float32)
