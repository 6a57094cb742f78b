"""Parsing without any file: landmarks give brows, eyes, lips; the fitted mesh skin, nose, ears, neck; colour the rest.

Hair, cloth and background come from the segmentation of the person in MediaPipe's wheel; hair is told from skin by the
colours of this very picture. Glasses, hats and jewels are not recognised: they count as what they lie on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from ..contract.arrays import Array, Floats, Mask, Picture
from ..contract.camera import Intrinsics
from ..contract.names import (
    INNER_LIPS_LOWER,
    INNER_LIPS_UPPER,
    LEFT_EYE_LOWER,
    LEFT_EYE_UPPER,
    OUTER_LIPS_LOWER,
    OUTER_LIPS_UPPER,
    RIGHT_EYE_LOWER,
    RIGHT_EYE_UPPER,
)
from ..head.model import HeadModel
from ..raster.polygons import filled, signed_area
from ..raster.rasterizer_numba import NumbaRasterizer
from . import classes
from .boundary_refinement import moved_to_colours, without_islands

_RIGHT_BROW: Final = (70, 63, 105, 66, 107, 55, 65, 52, 53, 46)
_LEFT_BROW: Final = (300, 293, 334, 296, 336, 285, 295, 282, 283, 276)
"""MediaPipe's outlines of the brows, upper edge from the outer end, then the lower one back."""

_PART_OF_REGION: Final = {
    "neck": classes.NECK,
    "boundary": classes.NECK,
    "scalp": classes.HAIR,
    "face": classes.SKIN,
    "forehead": classes.SKIN,
    "nose": classes.NOSE,
    "left_ear": classes.LEFT_EAR,
    "right_ear": classes.RIGHT_EAR,
}
"""Later entries lie over earlier ones."""

_FACIAL: Final = (classes.SKIN, classes.NOSE)
_NOSE_TIP, _CHIN = 4, 152
_MOUTH_CORNERS: Final = [61, 291]
_PERSON: Final = 0.5


@dataclass(frozen=True)
class Portrait:
    """A square picture of a fitted head.

    Attributes:
        picture: RGB (S, S, 3).
        camera: Its camera.
        vertices: In camera axes (V, 3).
        landmarks: (478, 2), pixels of this picture.
        person: How surely each pixel is the person (S, S), 0..1; None where that is not known.
    """

    picture: Picture
    camera: Intrinsics
    vertices: Floats
    landmarks: Floats
    person: Floats | None


def parse_portrait(portrait: Portrait, head: HeadModel) -> NDArray[np.int64]:
    """Return the classes of the picture's pixels (S, S)."""
    size = portrait.picture.shape[0]
    part = _mesh_parts(portrait, head)
    # FLAME's mouth is a hole through which its neck is seen from behind.
    part = np.where(_holes(np.isin(part, _FACIAL)), classes.SKIN, part)
    facial = np.isin(part, _FACIAL)
    person = part >= 0 if portrait.person is None else portrait.person > _PERSON
    # The person network is coarse at the chin and cheeks, where the mesh is exact.
    person = person | _shrunk(facial, size // 100)
    lab = _lab(portrait.picture)
    skin = _ColourModel.of(lab, facial).likeness(lab)
    fringe = _fringe(portrait, part, skin)
    result = np.where(facial, np.where(fringe, classes.HAIR, part), classes.BACKGROUND)
    around = person & ~facial
    crown = person & (np.isin(part, (classes.HAIR, -1)) | fringe) & (_rows(part) < portrait.landmarks[_NOSE_TIP, 1])
    hair = _ColourModel.of(lab, crown & (skin < 0.5)).likeness(lab)
    result[around] = _around_the_face(portrait, part, skin)[around]
    bald = (part == classes.HAIR) & person & (skin > 0.6) & (skin > hair)
    result[bald] = classes.SKIN
    result[_falling_hair(result, hair, skin, size)] = classes.HAIR
    mouth = portrait.landmarks[_MOUTH_CORNERS, 1].mean()
    # Beards look like hair and like dark cloth.
    result = moved_to_colours(result, lab, facial & (_rows(part) > mouth))
    result = without_islands(_smoothed(result))
    _paint_features(result, portrait, facial)
    return result


def _rows(part: Array) -> Array:
    return np.arange(part.shape[0])[:, None]


def _around_the_face(portrait: Portrait, part: Array, skin: Array) -> Array:
    """What each pixel beside the face is if it is the person: by the nearest part of the mesh and its colour."""
    size = part.shape[0]
    near, distance = _nearest_part(part)
    mouth, chin = portrait.landmarks[_MOUTH_CORNERS, 1].mean(), portrait.landmarks[_CHIN, 1]
    below, rows = _rows(part) > mouth, _rows(part)
    bare = skin > 0.3
    # In the shade of the chin, or bearded.
    throat = (part == classes.NECK) & (rows < chin + 0.05 * size) & _grown(np.isin(part, _FACIAL), size // 16)
    result = np.full(part.shape, classes.HAIR)
    result[np.isin(near, _FACIAL) & (skin > 0.5) & (distance < 0.03 * size) & ~below] = classes.SKIN
    for ear in (classes.LEFT_EAR, classes.RIGHT_EAR):
        result[(near == ear) & (skin > 0.35) & (distance < 0.07 * size)] = ear
    low = below & (np.isin(near, (classes.NECK, *_FACIAL)) | (distance > 0.12 * size))
    result[low] = classes.CLOTH
    neck = (low & bare) | throat
    result[_joined(neck, part == classes.NECK)] = classes.NECK
    return result


def _nearest_part(part: Array) -> tuple[Array, Floats]:
    """Class of the nearest pixel of the mesh, and how far it is."""
    beside = (part < 0).astype(np.uint8)
    distance, labels = cv2.distanceTransformWithLabels(
        beside, cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    on_mesh = beside == 0
    if not on_mesh.any():
        return np.full(part.shape, classes.HAIR), np.full(part.shape, np.inf)
    number = np.asarray(labels, dtype=np.int64)
    of_label = np.zeros(int(number.max()) + 1, dtype=np.int64)
    of_label[number[on_mesh]] = part[on_mesh]
    return of_label[number], np.asarray(distance, dtype=np.float64)


def _falling_hair(result: Array, hair: Array, skin: Array, size: int) -> Mask:
    """Hair over the shoulders: taken for cloth so far, but of the hair's colour and hanging together with it."""
    cloth = (result == classes.CLOTH) & (hair > 0.3) & (hair > skin)
    thick = _shrunk(cloth | (result == classes.HAIR), size // 64)
    return cloth & _grown(_joined(thick, result == classes.HAIR), size // 50)


def _mesh_parts(portrait: Portrait, head: HeadModel) -> Array:
    """Class of the part of the mesh that each pixel shows (S, S), -1 beside it."""
    of_vertex = np.full(head.vertex_count, classes.SKIN)
    for name, number in _PART_OF_REGION.items():
        if name in head.regions:
            of_vertex[np.asarray(head.regions[name])] = number
    corners = of_vertex[head.faces]
    # Of three corners the class that two share, else the first's.
    of_face = np.where(corners[:, 1] == corners[:, 2], corners[:, 1], corners[:, 0])
    # The neck is open at the bottom: its inner side is not seen.
    outer = _facing(portrait.vertices, head.faces)
    raster = NumbaRasterizer(threads=1).rasterize(portrait.vertices, head.faces[outer], portrait.camera)
    return np.where(raster.ids >= 0, of_face[outer][np.maximum(raster.ids, 0)], -1)


def _facing(vertices: Floats, faces: Array) -> Mask:
    """Which triangles show the camera their outer side (F,)."""
    corners = vertices[faces]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    return (normal * corners[:, 0]).sum(axis=1) < 0


@dataclass(frozen=True)
class _ColourModel:
    """A Gaussian of colours in Lab, with lightness counting less: shadows change it most."""

    mean: Floats
    inverse: Floats

    @staticmethod
    def of(lab: NDArray[np.float32], where: Mask) -> _ColourModel:
        """Return the colours of some pixels of a picture in Lab."""
        values = lab[where].astype(np.float64)
        if len(values) < 50:
            return _ColourModel(np.array([150.0, 145.0, 150.0]), np.diag([1 / 900.0, 1 / 100.0, 1 / 100.0]))
        mean = np.median(values, axis=0)
        near = values[np.abs(values - mean).sum(axis=1) < np.quantile(np.abs(values - mean).sum(axis=1), 0.85)]
        spread = np.cov(near.T) + np.diag([120.0, 12.0, 12.0])
        return _ColourModel(near.mean(axis=0), np.linalg.inv(spread))

    def likeness(self, lab: NDArray[np.float32]) -> NDArray[np.float32]:
        """1 for the mean colour, towards 0 far from it (H, W)."""
        # Whitened by one colour matrix; three planes are squared faster than pixels of three.
        whitening = np.linalg.cholesky(self.inverse).T
        away = cv2.transform(lab, np.column_stack([whitening, -whitening @ self.mean]).astype(np.float32))
        first, second, third = cv2.split(away)
        return np.exp((first * first + second * second + third * third) / -12.0)


def _lab(picture: Picture) -> NDArray[np.float32]:
    """A picture in Lab, smoothed a little: single hairs and pores are no colours of their own."""
    return cv2.cvtColor(cv2.GaussianBlur(picture, (0, 0), 1.5), cv2.COLOR_RGB2LAB).astype(np.float32)


def _fringe(portrait: Portrait, part: Array, skin: Array) -> Mask:
    """Hair over the forehead and temples: unlike skin, and joined to what lies beyond the face."""
    size = part.shape[0]
    brows = portrait.landmarks[[*_RIGHT_BROW[:5], *_LEFT_BROW[:5]], 1].min()
    rim = (part == classes.SKIN) & ~_shrunk(np.isin(part, _FACIAL), size // 16)
    above = (part == classes.SKIN) & (_rows(part) < brows - size * 0.012)
    unlike = (above | (rim & (_rows(part) < brows + 0.2 * size))) & (skin < 0.25)
    return _joined(unlike | (part == classes.HAIR), part == classes.HAIR) & unlike


def _paint_features(result: Array, portrait: Portrait, face: Mask) -> None:
    """Brows, eyes, lips and the open mouth, by their outlines; those of the far side of the head are left out."""
    points = portrait.landmarks
    for outline, number in (
        (_RIGHT_BROW, classes.RIGHT_BROW),
        (_LEFT_BROW[::-1], classes.LEFT_BROW),
        ((*RIGHT_EYE_UPPER, *RIGHT_EYE_LOWER[-2:0:-1]), classes.RIGHT_EYE),
        ((*LEFT_EYE_UPPER[::-1], *LEFT_EYE_LOWER[1:-1]), classes.LEFT_EYE),
        ((*OUTER_LIPS_UPPER, *INNER_LIPS_UPPER[::-1]), classes.UPPER_LIP),
        ((*INNER_LIPS_LOWER, *OUTER_LIPS_LOWER[::-1]), classes.LOWER_LIP),
        ((*INNER_LIPS_UPPER, *INNER_LIPS_LOWER[-2:0:-1]), classes.MOUTH),
    ):
        polygon = points[list(outline)]
        # Seen from the front, outlines go clockwise in the picture; turned away they go the other way round.
        if signed_area(polygon) > 0:
            result[filled(polygon, result.shape) & face] = number


def _smoothed(result: Array) -> Array:
    """Remove specks: each pixel takes the commonest class around it."""
    present = np.flatnonzero(np.bincount(result.ravel()))
    best, most = np.full(result.shape, present[0]), np.zeros(result.shape, dtype=np.float32)
    for number in present:
        score = cv2.GaussianBlur((result == number).astype(np.float32), (0, 0), 3.5)
        more = score > most
        np.copyto(best, number, where=more)
        np.copyto(most, score, where=more)
    return best.astype(np.int64)


def _holes(mask: Mask) -> Mask:
    """The parts of what is not in a mask that it encloses."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats((~mask).astype(np.uint8), connectivity=4)
    left, top = stats[:, cv2.CC_STAT_LEFT], stats[:, cv2.CC_STAT_TOP]
    right, bottom = left + stats[:, cv2.CC_STAT_WIDTH], top + stats[:, cv2.CC_STAT_HEIGHT]
    enclosed = (left > 0) & (top > 0) & (right < mask.shape[1]) & (bottom < mask.shape[0])
    return ~mask & enclosed[np.asarray(labels, dtype=np.int64)]


def _joined(mask: Mask, seed: Mask) -> Mask:
    """The connected parts of a mask that touch the seed."""
    count, labels = cv2.connectedComponents(mask.astype(np.uint8))
    number = np.asarray(labels, dtype=np.int64)
    touched = np.zeros(count, dtype=bool)
    touched[number[mask & seed]] = True
    touched[0] = False
    return touched[number]


def _grown(mask: Mask, pixels: int) -> Mask:
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * pixels + 1, 2 * pixels + 1))
    return cv2.dilate(mask.astype(np.uint8), kernel) > 0


def _shrunk(mask: Mask, pixels: int) -> Mask:
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * pixels + 1, 2 * pixels + 1))
    return cv2.erode(mask.astype(np.uint8), kernel) > 0
