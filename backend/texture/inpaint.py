"""Inpainting of what no frame showed: the other half of the face by symmetry, the rest smoothly over the surface.

Colours are linear light, float32.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from ..contract.arrays import Array, Singles
from ..head.surface_values import mirror_vertices, spread_over_mesh
from ..raster.rasterizer import Raster
from ..render.texture import grow_borders
from .eyeballs import WHITE, whole_eyeballs
from .hair import under_hair
from .mouth_shade import shade_in_mouth

ENOUGH: Final = 0.12
"""A texel seen as well as this by its best frame needs no help."""
ENOUGH_HAIR: Final = 0.04
"""The same where hair may be: drawn out by a low angle it is hair still, and skin that runs on there is a bald head."""
GLIMPSED_HAIR: Final = 0.01
"""The same for the smooth colour of such places."""
UNSEEN: Final[Mapping[str, tuple[float, float, float]]] = {
    "teeth": (0.36, 0.33, 0.28),
    "tongue": (0.24, 0.09, 0.08),
    "mouth_inside": (0.14, 0.035, 0.03),
    "left_eyeball": WHITE,
    "right_eyeball": WHITE,
}
"""Linear colours of parts of which too little was seen, on a face of the brightness `_USUAL`. Light inside the mouth is
not the light on the face, and lids and lashes shade the eyes, so what is seen there is kept as it looked."""
_USUAL: Final = 0.29
_EXPOSURE: Final = (0.5, 1.2)
"""How much darker or brighter than that a film may show these parts."""
_SKIN_BESIDE: Final[Mapping[tuple[str, ...], tuple[float, float, float]]] = {
    ("neck", "boundary"): (-0.8, 0.4, 0.16),
    ("left_ear", "right_ear"): (-0.7, 0.5, 0.35),
}
"""Regions, and how much darker and brighter than the face they may be and how far their hue may lie, as logarithms."""
_UNLIKE: Final = 0.15
"""Likeness from which down a texel is no skin at all."""
_GLIMPSE: Final = 0.02
_TEETH_SEEN: Final = 0.5
"""Vertices of teeth that are seen less than this get the colour of the person's teeth."""
_DEPTH: Final = 0.3
"""Most brightness of the mouth's depth against the skin: where all that was seen is teeth, it is not as bright."""
_GLIMPSED: Final = 0.1
"""Weight of a colour of the scalp that was seen at a low angle."""
_HINT: Final = 0.003
"""Weight of a colour that counts only where nothing near was seen."""
_SKIN_HINT: Final = 0.02
"""The same for skin beside the face."""
_STRANDS: Final = 5
"""From this many vertices of the scalp that were seen at all its colour is known."""
_LIKE_SKIN: Final = (0.6, 0.2)
"""How far the scalp's skin may be from the forehead's, in brightness and in hue, as logarithms: more is hair."""
_BARE_HAIR: Final = 0.45
"""Places of a scalp that are unlike skin by this share of the most unlike ones show hair, and little skin with it."""
_FEW: Final = 0.02
"""Share of a part's texels that must be seen before its own colour is used for the rest."""


@dataclass(frozen=True)
class Hints:
    """What frames tell besides the colours of texels.

    Attributes:
        scalp: Colours of scalp or hair at vertices (V, 3), see `hair`.
        scalp_count: How often they were seen (V,).
        teeth: Colour (3,), None where no teeth were seen.
        depth: Colour of the depth of the mouth (3,), None where it was never open.
    """

    scalp: Array
    scalp_count: Array
    teeth: Array | None
    depth: Array | None = None


def inpaint_texture(
    colour: Singles,
    best: Singles,
    layout: Raster,
    faces: Array,
    template: Array,
    corner_uv: Array,
    regions: Mapping[str, Array],
    hints: Hints | None = None,
) -> Singles:
    """Return the texture (S, S, 3) with every texel filled.

    Args:
        colour: What was seen (S, S, 3).
        best: How well, 0..1 (S, S).
        layout: Which triangle each texel shows.
        faces: (F, 3).
        template: Neutral head (V, 3).
        corner_uv: Texture coordinates of the triangles' corners (F, 3, 2).
        regions: Vertices by name.
        hints: What was seen besides.
    """
    apart = part_masks(layout, faces, regions)
    hairy = under_hair(template, regions)[faces].all(axis=1)[layout.ids] & (layout.ids >= 0)
    share = np.clip(best / np.where(hairy, ENOUGH_HAIR, ENOUGH), 0, 1).astype(np.float32)
    share *= _like_skin(colour, share, layout, faces, regions)
    other, other_share = _mirrored(colour, share, layout, faces, template, corner_uv, apart)
    help_needed = (1 - share) * other_share
    total = share + help_needed
    both = (colour * share[..., None] + other * help_needed[..., None]) / np.maximum(total, 1e-6)[..., None]
    low = np.where(hairy, np.clip(best / GLIMPSED_HAIR, 0, 1), 0).astype(np.float32)
    both = np.where((total > 0)[..., None], both, colour)
    known = cv2.GaussianBlur(np.clip(total, 0, 1), (0, 0), len(colour) / 512) * np.sign(total)
    smooth = _extended(both, np.clip(np.maximum(total, low), 0, 1), layout, faces, template, apart, regions, hints)
    texture = smooth + (both - smooth) * known[..., None].astype(np.float32)
    skin = smooth[_texels_of(("face",), ("lips", "eye_region", "eyeball", "iris"), layout, faces, regions)]
    exposure = float(np.clip(skin.mean() / _USUAL, *_EXPOSURE)) if len(skin) else 1.0
    eyes = whole_eyeballs(colour, share, layout, template, faces, regions, apart, exposure)
    for name, values in eyes.items():
        texture[apart[name]] = values
    return grow_borders(texture.astype(np.float32), layout, max(4, len(colour) // 128))


def part_masks(layout: Raster, faces: Array, regions: Mapping[str, Array]) -> dict[str, NDArray[np.bool_]]:
    """Return the texels (S, S) of eyes and of the inside of the mouth, by name."""
    masks: dict[str, NDArray[np.bool_]] = {}
    for name, vertices in _apart(regions).items():
        inside = np.zeros(int(faces.max()) + 1, dtype=bool)
        inside[vertices] = True
        masks[name] = (layout.ids >= 0) & inside[faces].all(axis=1)[layout.ids]
    return masks


def _apart(regions: Mapping[str, Array]) -> dict[str, Array]:
    """Return the vertices of each part of `UNSEEN` that a head has; teeth and tongue are no walls of the mouth."""
    parts = {name: np.asarray(regions[name], dtype=np.int64) for name in UNSEEN if len(regions.get(name, ()))}
    if "mouth_inside" in parts:
        others = [parts[name] for name in ("teeth", "tongue") if name in parts]
        parts["mouth_inside"] = np.setdiff1d(parts["mouth_inside"], np.concatenate(others) if others else [])
    return parts


def _like_skin(colour: Singles, share: Singles, layout: Raster, faces: Array, regions: Mapping[str, Array]) -> Singles:
    """Return how much texels of neck and ears (S, S) look like this face's skin, 0..1; 1 elsewhere.

    Collars, hair and background lie there as often as skin, as the mesh follows neither neck nor ears closely.
    """
    result = np.ones(share.shape, dtype=np.float32)
    face = _texels_of(("face",), ("lips", "eye_region", "eyeball", "iris"), layout, faces, regions) & (share > 0.5)
    if not face.any():
        return result
    middle = np.log(np.median(colour[face], axis=0) + 1e-4)
    for names, (darker, brighter, tint) in _SKIN_BESIDE.items():
        there = _texels_of(names, (), layout, faces, regions)
        away = np.log(colour[there] + 1e-4) - middle
        light = away.mean(axis=1)
        hue = np.linalg.norm(away - light[:, None], axis=1)
        likeness = 1 / (1 + (hue / tint) ** 4)
        likeness *= np.clip((light - darker) / 0.3 + 1, 0, 1) * np.clip((brighter - light) / 0.2 + 1, 0, 1)
        result[there] = np.where(likeness > _UNLIKE, likeness, 0)
    smooth = cv2.GaussianBlur(result, (0, 0), len(share) / 512)
    return np.minimum(smooth, result).astype(np.float32)


def _texels_of(
    names: tuple[str, ...], but: tuple[str, ...], layout: Raster, faces: Array, regions: Mapping[str, Array]
) -> NDArray[np.bool_]:
    """Return the texels (S, S) of some regions, without those whose names contain some words."""
    inside = np.zeros(int(faces.max()) + 1, dtype=bool)
    for name in names:
        inside[np.asarray(regions.get(name, ()), dtype=np.int64)] = True
    for name, vertices in regions.items():
        if any(word in name for word in but):
            inside[np.asarray(vertices)] = False
    return (layout.ids >= 0) & inside[faces].all(axis=1)[layout.ids]


def _mirrored(
    colour: Singles,
    share: Singles,
    layout: Raster,
    faces: Array,
    template: Array,
    corner_uv: Array,
    apart: Mapping[str, NDArray[np.bool_]],
) -> tuple[Singles, Singles]:
    """Return each texel's colour on the other side of the head, and how well that was seen."""
    size = len(colour)
    mirror = mirror_vertices(template)
    triangle = {tuple(sorted(face)): index for index, face in enumerate(faces.tolist())}
    uv = np.full((len(faces), 3, 2), np.nan)
    for index, face in enumerate(mirror[faces].tolist()):
        twin = triangle.get(tuple(sorted(face)))
        if twin is not None:
            order = {vertex: corner for corner, vertex in enumerate(faces[twin].tolist())}
            uv[index] = corner_uv[twin][[order[vertex] for vertex in face]]
    positions = np.einsum("hwk,hwkc->hwc", layout.barycentrics, uv[layout.ids])
    positions[layout.ids < 0] = np.nan
    good = np.isfinite(positions).all(axis=2)
    x = np.where(good, positions[..., 0] * size - 0.5, 0).astype(np.float32)
    y = np.where(good, (1 - positions[..., 1]) * size - 0.5, 0).astype(np.float32)
    other = np.asarray(cv2.remap(colour, x, y, cv2.INTER_LINEAR), dtype=np.float32)
    visibility = np.asarray(cv2.remap(share, x, y, cv2.INTER_NEAREST), dtype=np.float32) * good
    for mask in apart.values():  # a mirrored gaze squints
        visibility[mask] = 0
    return other, visibility


def _extended(
    colour: Singles,
    share: Singles,
    layout: Raster,
    faces: Array,
    template: Array,
    apart: Mapping[str, NDArray[np.bool_]],
    regions: Mapping[str, Array],
    hints: Hints | None,
) -> Singles:
    """Return colours that follow the seen ones and run on smoothly where there are none."""
    values, weights = at_vertices(colour, share, layout, faces, len(template))
    jaw = _jaw_colour(values, weights, template, regions)
    exposure = np.clip(jaw.mean() / _USUAL, *_EXPOSURE)
    for name, chosen in _apart(regions).items():
        mask = apart[name]
        likely = np.array(UNSEEN[name]) * exposure
        if name == "teeth":
            measured = None if hints is None else hints.teeth
            hidden = chosen[weights[chosen] < _TEETH_SEEN]
            tooth = likely if measured is None else measured
            values[hidden], weights[hidden] = tooth * shade_in_mouth(template, faces, hidden)[:, None], 1.0
        elif "eyeball" in name or share[mask].mean() >= _FEW:
            unseen = chosen[weights[chosen] <= _GLIMPSE]
            values[unseen], weights[unseen] = likely, _HINT
        else:
            shaded = likely * shade_in_mouth(template, faces, chosen)[:, None]
            values[chosen], weights[chosen] = np.maximum(shaded, _least_in_mouth(hints, jaw)), 1.0
    if hints is not None:
        glimpsed = np.flatnonzero((hints.scalp_count > 0) & (weights < _GLIMPSED))
        values[glimpsed], weights[glimpsed] = hints.scalp[glimpsed], _GLIMPSED
    _comb(values, weights, regions, jaw)
    for name in ("neck", "left_ear", "right_ear"):  # or hair would run over them
        skin = np.asarray(regions.get(name, np.zeros(0, dtype=np.int64)))
        unseen = skin[weights[skin] <= _GLIMPSE]
        values[unseen], weights[unseen] = jaw, _SKIN_HINT
    spread = spread_over_mesh(values, np.clip(weights, 0, 1), template, faces)
    visible = weights > 0.5
    tone = np.median(values[visible], axis=0) if visible.any() else np.full(3, 0.3)
    empty = spread.sum(axis=1) < 1e-4
    spread[empty] = tone
    return layout.interpolate(spread, faces).astype(np.float32)


def _least_in_mouth(hints: Hints | None, jaw: Array) -> Array:
    """Return the colour (3,) below which nothing in the mouth is: a film's depth is often less than black."""
    if hints is None or hints.depth is None:
        return np.zeros(3)
    return hints.depth * min(1.0, _DEPTH * float(jaw.mean()) / max(float(hints.depth.mean()), 1e-6))


def _comb(values: Array, weights: Array, regions: Mapping[str, Array], jaw: Array) -> None:
    """Pull unseen scalp towards what is seen of it: hair grows on, and skin on a bald head.

    Hair is what differs from the forehead's skin, whether darker, brighter or of another hue: grey hair is as bright
    as skin, and brighter than the forehead's shaded edge.
    """
    scalp = np.asarray(regions.get("scalp", np.zeros(0, dtype=np.int64)))
    visible = scalp[weights[scalp] > _GLIMPSE]
    if len(visible) < _STRANDS:
        return
    forehead = np.asarray(regions.get("forehead", np.zeros(0, dtype=np.int64)))
    forehead = forehead[weights[forehead] > 0.5]
    skin = np.median(values[forehead], axis=0) if len(forehead) >= _STRANDS else jaw
    away = np.log(values[visible] + 1e-4) - np.log(skin + 1e-4)
    light = away.mean(axis=1)
    hue = np.linalg.norm(away - light[:, None], axis=1)
    unlike = np.hypot(light / _LIKE_SKIN[0], hue / _LIKE_SKIN[1])
    most = np.quantile(unlike, 0.9)
    shown = visible[unlike >= _BARE_HAIR * most] if most > 1 else visible
    unseen = scalp[weights[scalp] <= _GLIMPSE]
    values[unseen], weights[unseen] = np.median(values[shown], axis=0), 0.3


def _jaw_colour(values: Array, weights: Array, template: Array, regions: Mapping[str, Array]) -> Array:
    """Return the colour (3,) of cheeks and chin as far as they were seen well; plain skin where they were not."""
    skin = np.zeros(len(values), dtype=bool)
    skin[np.asarray(regions.get("face", np.arange(len(values))))] = True
    for name, vertices in regions.items():
        if any(word in name for word in ("lip", "nose", "eye", "mouth", "teeth", "tongue")):
            skin[np.asarray(vertices)] = False
    visible = np.flatnonzero(skin & (weights > 0.5))
    if len(visible) == 0:
        return np.full(3, _USUAL)
    height = template[visible, 1]
    return np.median(values[visible[height <= np.median(height)]], axis=0)


def at_vertices(colour: Singles, share: Singles, layout: Raster, faces: Array, count: int) -> tuple[Array, Array]:
    """Return the mean colour around each vertex (V, 3) and how well it was seen (V,), about 0..1."""
    known = (layout.ids >= 0) & (share > 0)
    corners = faces[layout.ids[known]]
    sums, visibility = np.zeros((count, 4)), np.zeros(count)
    reach = np.zeros(count)
    inside = layout.ids >= 0
    for corner in range(3):
        part = layout.barycentrics[known][:, corner] * share[known]
        for channel in range(3):
            sums[:, channel] += np.bincount(corners[:, corner], colour[known][:, channel] * part, count)
        visibility += np.bincount(corners[:, corner], part, count)
        reach += np.bincount(faces[layout.ids[inside]][:, corner], layout.barycentrics[inside][:, corner], count)
    return sums[:, :3] / np.maximum(visibility, 1e-9)[:, None], visibility / np.maximum(reach, 1e-9)
