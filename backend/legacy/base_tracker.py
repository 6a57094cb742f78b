"""Base of the trackers of both versions: what is set up once, and the attributes of the originals."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from ..contract.arrays import Picture
from ..contract.failure import Failure
from ..contract.settings import FaceSettings
from ..landmarks.crop_camera import corner_pixels
from ..landmarks.face import Face
from ..photo.fitting import silent_context
from ..photo.people import chosen_face
from .config import read_config
from .errors import value_or_raise, warn_of_all, warn_of_event, warn_of_notice
from .parts import set_up
from .versions import RENDERED, Version

_ABSENT: Final = {
    "flame": "Heads are not posed by torch here; the dictionary's codes give FLAME's vertices in any FLAME code.",
    "flametex": "Texture codes are not drawn by torch here; 'tracker.sources' says to which space they belong.",
    "flame_cfg": "There are no settings of that fit here; the configuration's keys are all.",
    "face_parser": "Parsing needs the fitted head here; use result['parsing'].",
    "mesh_renderer": "There is no nvdiffrast renderer; use result['img_rendered'].",
    "flame_render": "There is no PyTorch3D renderer; use result['img_rendered'].",
    "flame_texture_render": "There is no PyTorch3D renderer; use result['mesh_rendered'].",
    "deca": "DECA's codes are only where a fit begins; the file is used where deca_model.tar lies in the models.",
    "mica": "MICA's codes are only where a fit begins; the file is used where mica.tar lies in the models.",
    "fa": "FAN is not part of this program; landmarks are MediaPipe's.",
    "mediapipe_detector": "Call mediapipe_face_detection(img) instead.",
    "kf": "Nothing is filtered here: track_video and run_all_images smooth the whole clip at once.",
    "run_deca": "DECA's codes are only where a fit begins.",
    "run_fitting": "Landmarks and fit are one step here; call run(img).",
    "run_fitting_photometric": "Landmarks and fit are one step here; call run(img, photometric_fitting=True).",
    "prepare_intermediate_data_from_image": "Landmarks and fit are one step here; call run(img).",
}
"""Attributes of the originals that mean nothing here, and what to do instead."""

UNNAMED: Final = "the picture"
"""What a picture without a file is called."""


class BaseTracker:
    """A tracker whose parts are loaded.

    Attributes:
        device: What computes (torch.device).
        H, W: Height and width of the rendered pictures.
        fov: Angle of view of the crops, degrees.
        faces: Triangles (F, 3) int64; `mesh_faces` is the same as a tensor on the device.
    """

    def __init__(self, values: Mapping[str, Any], version: Version) -> None:
        config = value_or_raise(read_config(values, video=False, version=version))
        warn_of_all(config.notices)
        self._config = config
        self._parts = value_or_raise(set_up(config, warn_of_notice))
        self.device = config.device
        self.H = self.W = RENDERED
        self.fov = config.degrees
        self.faces: NDArray[np.int64] = np.asarray(self._parts.head.faces, dtype=np.int64)
        self.mesh_faces = torch.from_numpy(self.faces).to(config.device)

    def __getattr__(self, name: str) -> Any:
        sentence = f"This tracker has no '{name}'."
        raise AttributeError(f"{sentence} {_ABSENT[name]}" if name in _ABSENT else sentence)

    @property
    def sources(self) -> dict[str, str]:
        """What the numbers come from: ``head_model``, ``landmarks``, ``tex_space``, ``parsing``."""
        return self._parts.sources

    def _face_in(self, img: Picture, name: str = UNNAMED) -> Face | Failure:
        """The largest face of a picture."""
        context = silent_context(Path(), warn_of_event)
        return chosen_face(self._parts.networks, img, name, FaceSettings(), context)


def detected(face: Face) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Return the landmarks of a face (478, 2), counted from the picture's corner, and its scores (52,)."""
    points = corner_pixels(np.asarray(face.points)[:, :2].astype(np.float64))
    return points, np.asarray(face.scores, dtype=np.float32)
