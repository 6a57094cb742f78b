"""Prior of an unknown focal length, from the kind of camera and the distance of the face.

A phone at arm's length, a webcam and a camera with a long lens are told apart by what the file says of its device, by
the format and size of its pictures, and by the size of the face: each kind of camera is used from its own distance, and
distance over focal length is seen. The kinds stay side by side, each with its share, until the outline of the head has
been heard too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from ...contract.arrays import Floats


@dataclass(frozen=True)
class CameraKind:
    """Cameras that are used alike.

    Attributes:
        words: For people.
        focal, focal_sigma: Focal length over the longer side of the picture, and deviation of its logarithm.
        distance, distance_sigma: Of the face, metres, and deviation of its logarithm.
    """

    words: str
    focal: float
    focal_sigma: float
    distance: float
    distance_sigma: float


SELFIE: Final = CameraKind("a phone at arm's length", 0.80, 0.17, 0.45, 0.35)
PHONE: Final = CameraKind("a phone held by someone else", 0.92, 0.30, 1.3, 0.55)
WEBCAM: Final = CameraKind("a webcam", 0.90, 0.20, 0.60, 0.35)
CAMERA: Final = CameraKind("a camera", 1.7, 0.45, 1.7, 0.6)
ZOOM: Final = CameraKind("a camera that zooms", 2.5, 0.5, 2.0, 0.6)
CUT_OUT: Final = CameraKind("a part cut out of a picture", 3.0, 0.6, 1.5, 0.7)
"""Front cameras of phones have 23 to 28 mm of a full-frame camera, their main cameras 24 to 28 (and steadying cuts a
tenth to a quarter off both sides of a film), webcams see 55 to 78 degrees, interviews are filmed with 35 to 85 mm.
Of a zoom the longest focal length counts."""

_EYES: Final = 0.063
"""Metres between the irises of adults (Dodgson, "Variation and extrema of human interpupillary distance", 2004)."""
_PHONES: Final = re.compile("android|apple|iphone|ipad|samsung|google|pixel|xiaomi|huawei|oneplus|oppo|vivo")
_WEBCAM_SIZES: Final = ((640, 480), (640, 360), (1280, 720), (800, 600), (320, 240))
_SQUARE: Final = 1.1
"""Longer over shorter side up to which a picture was cut out: no camera films squares."""
_PORTRAIT: Final = 1.2


@dataclass(frozen=True)
class Source:
    """What a file says of how it was made.

    Attributes:
        width, height: Of its pictures.
        eyes: Distance between the irises of a face seen from the front, pixels.
        device: Names of maker, model and lens, in small letters; empty where nothing is said.
        turned: Whether the camera was held upright, and noted it.
        photographs: Whether these are photographs: people turn cameras for them, too.
        zooms: Whether the lens was seen to zoom.
    """

    width: int
    height: int
    eyes: float
    device: str = ""
    turned: bool = False
    photographs: bool = False
    zooms: bool = False

    @property
    def longer(self) -> int:
        """Pixels of the longer side."""
        return max(self.width, self.height)


def source_of(width: int, height: int, eyes: float, metadata: Mapping[str, Any], rotation: float = 0) -> Source:
    """Return what a clip's metadata (`Video.metadata`) says; the other arguments as in `Source`."""
    names = (str(metadata.get(key, "")) for key in ("camera_make", "camera_model", "lens_model"))
    device = " ".join(name for name in names if name).lower()
    return Source(width, height, eyes, device, rotation % 180 == 90, bool(metadata.get("photographs")))


@dataclass(frozen=True)
class LensPrior:
    """A mixture of Gaussians on log focal.

    Attributes:
        words: Of each kind of camera (K).
        share: How likely each is (K,), sum 1.
        log_focal, sigma: Mean and deviation of log focal in pixels under each (K,).
        evidence: What was known, for people.
    """

    words: tuple[str, ...]
    share: Floats
    log_focal: Floats
    sigma: Floats
    evidence: tuple[str, ...]

    def logarithm(self, log_focal: Floats) -> Floats:
        """Return the logarithm of the density (N,), up to a constant."""
        return np.asarray(np.logaddexp.reduce(self._parts(log_focal), axis=0))

    def moments(self) -> tuple[float, float]:
        """Return mean and standard deviation of log focal."""
        mean = float(self.share @ self.log_focal)
        spread = self.share @ (self.sigma**2 + (self.log_focal - mean) ** 2)
        return mean, float(np.sqrt(spread))

    def with_likelihood(self, grid: Floats, likelihood: Floats) -> LensPrior:
        """Return the mixture after something was seen: log likelihood (N,) on a grid of log focal (N,), evenly spaced.

        Every kind keeps a Gaussian, with the mean and deviation that it then has.
        """
        parts = self._parts(grid) + likelihood
        weight = np.exp(parts - parts.max())
        total = np.maximum(weight.sum(axis=1), 1e-300)
        mean = weight @ grid / total
        variance = (weight * (grid - mean[:, None]) ** 2).sum(axis=1) / total
        known = total > 1e-12 * total.max()
        return replace(
            self,
            share=np.where(known, total, 0.0) / total[known].sum(),
            log_focal=np.where(known, mean, self.log_focal),
            sigma=np.where(known, np.sqrt(np.maximum(variance, 1e-6)), self.sigma),
        )

    def summary(self) -> dict[str, Any]:
        """Return what the fit's report says."""
        mean, sigma = self.moments()
        order = np.argsort(-self.share)
        return {
            "cameras": {self.words[k]: round(float(self.share[k]), 3) for k in order},
            "evidence": list(self.evidence),
            "focal": float(np.exp(mean)),
            "uncertainty": sigma,
        }

    def _parts(self, log_focal: Floats) -> Floats:
        error = (log_focal - self.log_focal[:, None]) / self.sigma[:, None]
        with np.errstate(divide="ignore"):
            return np.log(self.share / self.sigma)[:, None] - 0.5 * error**2


def one_guess(focal: float, sigma: float) -> LensPrior:
    """Return the prior of somebody's guess: pixels, and the deviation of its logarithm."""
    return LensPrior(("guessed",), np.ones(1), np.array([np.log(focal)]), np.array([sigma]), ())


def lens_prior(source: Source) -> LensPrior:
    """Return what is plausible for a clip."""
    kinds, evidence = _kinds(source)
    longer, cameras = source.longer, list(kinds)
    focal = np.log([kind.focal * longer for kind in cameras])
    by_distance = np.log([kind.distance * source.eyes / _EYES for kind in cameras])
    lens_variance = np.array([kind.focal_sigma for kind in cameras]) ** 2
    distance_variance = np.array([kind.distance_sigma for kind in cameras]) ** 2
    both = lens_variance + distance_variance
    likely = np.log(list(kinds.values())) - 0.5 * (focal - by_distance) ** 2 / both - 0.5 * np.log(both)
    share = np.exp(likely - likely.max())
    return LensPrior(
        tuple(kind.words for kind in cameras),
        share / share.sum(),
        (focal * distance_variance + by_distance * lens_variance) / both,
        np.sqrt(lens_variance * distance_variance / both),
        (*evidence, f"eyes {100 * source.eyes / longer:.0f} % of the longer side apart"),
    )


def _kinds(source: Source) -> tuple[dict[CameraKind, float], list[str]]:
    """Return how likely each kind of camera is before the face is looked at, and by what."""
    if source.zooms:
        return {ZOOM: 0.85, PHONE: 0.15}, ["the lens zooms"]
    if "front" in source.device:
        return {SELFIE: 0.9, PHONE: 0.1}, ["the file names a front camera"]
    if "back" in source.device and _PHONES.search(source.device):
        return {SELFIE: 0.1, PHONE: 0.9}, ["the file names a phone's main camera"]
    if _PHONES.search(source.device):
        return {SELFIE: 0.5, PHONE: 0.5}, ["the file names a phone"]
    if source.device:
        return {CAMERA: 0.8, PHONE: 0.2}, ["the file names a camera"]
    if source.photographs:
        return {SELFIE: 0.15, PHONE: 0.25, CAMERA: 0.6}, ["a photograph"]
    if source.height > _PORTRAIT * source.width or source.turned:
        return {SELFIE: 0.5, PHONE: 0.35, CAMERA: 0.15}, ["an upright picture, as phones film"]
    if source.longer < _SQUARE * min(source.width, source.height):
        return {CUT_OUT: 0.6, CAMERA: 0.25, WEBCAM: 0.15}, ["a square picture, which is cut out of a wider one"]
    if (source.width, source.height) in _WEBCAM_SIZES:
        return {WEBCAM: 0.4, SELFIE: 0.1, PHONE: 0.1, CAMERA: 0.4}, ["a picture of the size of webcams"]
    return {WEBCAM: 0.15, SELFIE: 0.1, PHONE: 0.15, CAMERA: 0.6}, []
