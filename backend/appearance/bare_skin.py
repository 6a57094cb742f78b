"""Points of the skin that a frame shows bare: what passes before a face tells nothing of how the head moves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from ..contract.arrays import Floats, Singles
from ..contract.camera import project
from ..data.context import Context
from ..data.types import Fit, Video
from ..fit.geometry.surface_samples import SurfaceSamples
from ..head.model import HeadModel
from ..head.skinning import pose_vertices, select_frames
from ..parsing.atlas import make_atlas
from ..parsing.occluders import MOST_PICTURES, FaceColours, PosedPicture, learn_face_colours
from ..parsing.parser import open_classes
from ..video.excluded_pixels import ExcludedPixels
from ..video.reader import read_frames


@dataclass(frozen=True)
class BareSkin:
    """Tells it for the frames of a clip, where the fit has the head.

    Attributes:
        fit: The finished fit.
        head: Its head.
        samples: Points on its surface.
        colours: What the face looks like in this clip.
        hidden: Tells which pixels shall not count; None where all do.
    """

    fit: Fit
    head: HeadModel
    samples: SurfaceSamples
    colours: FaceColours
    hidden: ExcludedPixels | None = None

    @staticmethod
    def learned(
        fit: Fit,
        head: HeadModel,
        samples: SurfaceSamples,
        video: Video,
        frames: Iterable[int],
        context: Context,
        hidden: ExcludedPixels | None = None,
    ) -> BareSkin | None:
        """Learn what the face looks like from some frames; None where none of them can be read."""
        chosen = np.unique(np.fromiter(frames, dtype=np.int64))
        chosen = chosen[np.unique(np.linspace(0, len(chosen) - 1, MOST_PICTURES).round().astype(int))]
        pictures = [_posed(fit, head, frame, picture, hidden) for frame, picture in read_frames(video, chosen.tolist())]
        if not pictures:
            return None
        neutral = head.template + head.identity_basis @ fit.pose.identity
        parse = open_classes(context.models, torch.device("cpu"), context.notice)
        colours = learn_face_colours(make_atlas(neutral, head.faces, head.regions), pictures, parse)
        return BareSkin(fit, head, samples, colours, hidden)

    def at(self, frame: int, picture: NDArray[np.uint8]) -> Singles:
        """Return how surely a frame's picture, full size, shows each point bare (N,), 0..1."""
        posed = _posed(self.fit, self.head, frame, picture, self.hidden)
        mask = self.colours.skin_mask(posed)
        points = self.samples.at(posed.vertices, self.head.faces)
        pixels: Any = project(points, posed.camera, nearest=1e-3).astype(np.float32)
        sampled = cv2.remap(mask, pixels[:, None, 0], pixels[:, None, 1], cv2.INTER_LINEAR)
        return np.asarray(sampled[:, 0], dtype=np.float32)


def _posed(
    fit: Fit, head: HeadModel, frame: int, picture: NDArray[np.uint8], hidden: ExcludedPixels | None
) -> PosedPicture:
    pose = select_frames(fit.pose, np.array([frame]))
    vertices: Floats = pose_vertices(head, pose)[0] @ fit.rotation[frame].T + fit.translation[frame]
    mask = None if hidden is None else hidden.at(frame)
    return PosedPicture(picture, fit.intrinsics.on_frame(frame, fit.zoom), vertices, mask)
