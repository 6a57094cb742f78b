"""The portrait that comes with matplotlib (public domain): fitted, and its texture laid on the head."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

import av
import cv2
import matplotlib.cbook
import numpy as np
from numpy.typing import NDArray

from ..contract import names
from ..contract.arrays import Array, Floats
from ..contract.failure import Failure
from ..contract.settings import FaceSettings, FitSettings, LandmarkSettings, VideoSettings
from ..data.context import Context
from ..data.types import Camera, Fit
from ..head.model import HeadModel
from ..head.skinning import pose_vertices
from ..head.surface_values import mirror_vertices, spread_over_mesh
from ..raster.normals import vertex_normals
from ..render.srgb import linear_from_srgb
from ..render.texture import project_photograph
from ..stages import fit, landmarks, video
from . import appearance
from .appearance import Appearance
from .canvas import Canvas

PORTRAIT: Final = "grace_hopper.jpg"
"""Commodore Grace M. Hopper, James S. Davis, United States Navy, 1984: public domain."""


def portrait_file() -> Path:
    """Return where matplotlib keeps the portrait."""
    return Path(str(matplotlib.cbook.get_sample_data(PORTRAIT, asfileobj=False)))


def read_picture(path: Path) -> NDArray[np.uint8]:
    """Return a picture (H, W, 3), 8-bit sRGB."""
    with av.open(str(path)) as container:
        return np.asarray(next(container.decode(video=0)).to_ndarray(format="rgb24"), dtype=np.uint8)


def fit_portrait(head: HeadModel, path: Path, models: Path) -> Fit | Failure:
    """Fit the head to a single picture with the same stages that track a clip."""
    with tempfile.TemporaryDirectory() as work:
        context = Context("portrait", lambda _event: None, lambda: False, Path(work), models)
        source = video.run(VideoSettings(path=str(path)), context)
        if isinstance(source, Failure):
            return source
        points = landmarks.run(source, FaceSettings(), LandmarkSettings(quality="best"), context)
        if isinstance(points, Failure):
            return points
        lens = Camera(STUDIO_LENS * source.height, "known")
        return fit.run(points, head, lens, FitSettings(device="cpu", identity_spread=2.0), context)


COMPLEXION: Final = (208, 164, 142)
"""sRGB to which the skin's median is brought, as the print's colours are warm."""
STUDIO_LENS: Final = 2.0
"""Focal length taken for a studio portrait, in picture heights (a short telephoto lens)."""


def portrayed(canvas: Canvas, picture: NDArray[np.uint8], fit: Fit) -> Appearance:
    """Return the person of a portrait: what is seen from the picture, the rest from its mirror image or from paint."""
    head = canvas.head
    inside = pose_vertices(head, fit.pose, slice(0, 1))[0]
    vertices = inside @ fit.rotation[0].T + fit.translation[0]
    photograph = linear_from_srgb(picture)
    mirror = mirror_vertices(head.template)
    direct, weight = project_photograph(photograph, vertices, head.faces, canvas.layout, fit.intrinsics)
    other, other_weight = project_photograph(
        photograph, vertices, head.faces, canvas.layout, fit.intrinsics, seen_vertices=vertices[mirror]
    )
    on_face = _trusted(canvas)
    weight, other_weight = weight * on_face, other_weight * on_face
    tone = _skin_tone(canvas, direct, weight)
    weight, other_weight = weight * _skinlike(canvas, direct, tone), other_weight * _skinlike(canvas, other, tone)
    share = np.clip(other_weight * (1 - weight), 0, 1)
    total = np.maximum(weight + share, 1e-6)
    colour = (direct * weight[..., None] + other * share[..., None]) / total[..., None]
    weight = np.clip(total, 0, 1)
    return _completed(canvas, colour, weight, tone)


def _trusted(canvas: Canvas) -> Array:
    """Return where the portrait may be believed (S, S): on the face, not behind the lips and not on the eyeballs."""
    face = canvas.polygon(names.FACE_OVAL, 0.003) * (1 - canvas.inside_mouth())
    return face * (1 - canvas.region("left_eyeball")) * (1 - canvas.region("right_eyeball"))


def _skin_tone(canvas: Canvas, colour: Array, weight: Array) -> Floats:
    """Return the median colour (3,) of the cheeks."""
    cheeks = np.zeros_like(weight, dtype=bool)
    for landmark in (205, 425):
        cheeks |= ((canvas.points - canvas.landmarks[landmark]) ** 2).sum(axis=2) < 0.015**2
    return np.median(colour[cheeks & (weight > 0.3)], axis=0)


def _skinlike(canvas: Canvas, colour: Array, tone: Floats) -> Array:
    """Return where the picture shows bare skin (S, S).

    Hair, a cap, the rims of glasses and their glare are told by colour and by contrast over a few millimetres; lips and
    nostrils, which differ as much, by where they are.
    """
    share = np.log(np.maximum(colour, 1e-3)) - np.log(tone)
    brightness = share.mean(axis=2).astype(np.float32)
    hue = np.linalg.norm(share - brightness[..., None], axis=2)
    alike = np.exp(-((hue / 0.40) ** 4) - np.where(brightness < 0, brightness / 0.9, brightness / 0.9) ** 4)
    window = np.ones((9, 9), np.uint8)
    eyes = canvas.points[..., 1] > canvas.landmarks[[48, 278], 1].mean() + 0.004
    contrast = cv2.dilate(brightness, window) - cv2.erode(brightness, window)
    alike *= np.exp(-((contrast / 0.33) ** 4) * eyes)
    alike = cv2.erode(cv2.GaussianBlur(np.clip(alike * 1.6 - 0.6, 0, 1).astype(np.float32), (0, 0), 1), window)
    near = np.zeros_like(brightness)
    for landmark, reach in ((0, 0.026), (17, 0.026), (61, 0.020), (291, 0.020), (4, 0.020), (98, 0.014), (327, 0.014)):
        distance = ((canvas.points - canvas.landmarks[landmark]) ** 2).sum(axis=2) / reach**2
        near = np.maximum(near, np.clip(1.6 - distance, 0, 1))
    return cv2.GaussianBlur(np.maximum(alike, near).astype(np.float32), (0, 0), 3)


def _completed(canvas: Canvas, colour: Array, weight: Array, tone: Floats) -> Appearance:
    """Return the person after taking the portrait's light off and filling what was not seen with skin."""
    head = canvas.head
    colour = without_light(canvas, colour, weight)
    wanted = appearance.linear(COMPLEXION)
    colour, tone = _softened(colour / tone) * wanted, wanted
    sums = np.zeros((head.vertex_count, 4))
    known = weight > 0.5
    corners = head.faces[canvas.layout.ids[known]]
    for corner in range(3):
        part = (canvas.layout.barycentrics[known][:, corner] * weight[known])[:, None]
        np.add.at(sums, corners[:, corner], np.column_stack([colour[known] * part, part]))
    measured = sums[:, :3] / np.maximum(sums[:, 3:], 1e-9)
    skin_vertices = spread_over_mesh(measured, np.minimum(sums[:, 3], 20) / 20, head.template, head.faces)
    painted_skin = appearance.skin(canvas, np.ones(3), seed=7)
    painted_skin /= painted_skin[canvas.layout.ids >= 0].mean(axis=0)
    smooth = canvas.layout.interpolate(skin_vertices, head.faces)
    smooth = np.where(smooth.sum(axis=2, keepdims=True) > 0.01, smooth, tone)
    texture = appearance.mix(smooth * painted_skin**0.7, colour, cv2.GaussianBlur(weight, (0, 0), 2) * np.sign(weight))
    grey = appearance.linear((132, 124, 116))
    texture = appearance.brows(canvas, texture, appearance.linear((88, 72, 62)), seed=3, strength=0.62)
    texture = appearance.scalp(canvas, texture, grey, seed=3)
    iris, clothes = appearance.linear((92, 70, 50)), appearance.linear((34, 40, 62))
    return appearance.finished(canvas, texture, iris, clothes, seed=3)


def _softened(ratio: Array) -> Array:
    """Return colours relative to the skin's median with less contrast, in hue less still.

    A print has more of both than skin; lit once more its wrinkles would look like scars.
    """
    logarithm = np.log(np.maximum(ratio, 1e-3))
    brightness = logarithm.mean(axis=2, keepdims=True)
    return np.exp(0.5 * brightness + 0.35 * (logarithm - brightness))


def without_light(canvas: Canvas, colour: Array, weight: Array) -> NDArray[np.float32]:
    """Return the colours (S, S, 3) divided by the light that a first-order spherical-harmonic fit finds in them.

    Brightness = albedo (a + b . n) with one albedo for all of the skin; n are normals of the neutral head, which differ
    from the photographed ones by the head's small turn, absorbed by b. What is left keeps the mean brightness.
    """
    normals = canvas.layout.interpolate(vertex_normals(canvas.head.template, canvas.head.faces), canvas.head.faces)
    brightness = colour.mean(axis=2)
    chosen = weight > 0.4
    design = np.concatenate([np.ones((*normals.shape[:2], 1)), normals], axis=2)
    rows, values = design[chosen], brightness[chosen]
    share = np.ones(len(values))
    coefficients = np.zeros(4)
    for _ in range(5):  # reweighted, so that lips, nostrils and brows do not count as shadow
        coefficients = np.linalg.lstsq(rows * share[:, None], values * share, rcond=None)[0]
        error = np.abs(values - rows @ coefficients) / max(float(np.median(values)), 1e-6)
        share = 1 / (1 + (error / 0.15) ** 2)
    light = np.clip((design @ coefficients) / float(np.average(rows @ coefficients)), 0.45, 1.8)
    return (colour / light[..., None]).astype(np.float32)
