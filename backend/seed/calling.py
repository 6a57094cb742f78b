"""What the interfaces of both versions share: errors, warnings, and attributes that have no counterpart here."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..aligned.camera import corner_pixels
from ..contract.failure import Failure, Notice
from ..contract.settings import FaceSettings
from ..head.model import Floats
from ..landmarks.crop import Picture
from ..landmarks.face import Face
from ..photo.fitting import silent_context
from ..photo.people import chosen_face
from .parts import Parts

Value = TypeVar("Value")

_ABSENT: Final = {
    "flame": "Heads are not posed by torch here; the dictionary's codes give FLAME's vertices in any FLAME code.",
    "flametex": "Texture codes are not drawn by torch here; 'tracker.sources' says to which space they belong.",
    "flame_cfg": "There are no settings of that fit here; the configuration's keys are all.",
    "face_parser": "Parsing needs the fitted head here; take result['parsing'].",
    "mesh_renderer": "There is no renderer of nvdiffrast; take result['img_rendered'].",
    "flame_render": "There is no renderer of PyTorch3D; take result['img_rendered'].",
    "flame_texture_render": "There is no renderer of PyTorch3D; take result['mesh_rendered'].",
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


class TrackerError(RuntimeError):
    """Why a picture or video could not be tracked, in one sentence with what to do about it."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(str(failure))
        self.failure = failure


class TrackerWarning(UserWarning):
    """Something to know although the work went on."""


def value_or_raise(value: Value | Failure) -> Value:
    """Return a value; a failure is raised as `TrackerError`."""
    if isinstance(value, Failure):
        raise TrackerError(value)
    return value


def warn(text: str) -> None:
    """Warn whoever called the interface, at the line where they did."""
    warnings.warn(text, TrackerWarning, stacklevel=_lines_inside())


def warn_of_all(sentences: Iterable[str]) -> None:
    """Warn of each."""
    for sentence in sentences:
        warn(sentence)


def warn_of_notice(notice: Notice) -> None:
    """Warn of a notice."""
    warn(notice.sentence)


def warn_of_event(event: Mapping[str, Any]) -> None:
    """Warn of an event that is a notice."""
    if event.get("event") == "notice":
        warn(event["sentence"])


def absent_attribute(name: str) -> AttributeError:
    """Return the error for an attribute that is not there, with what to do instead."""
    advice = _ABSENT.get(name)
    said = f"This tracker has no '{name}'."
    return AttributeError(said if advice is None else f"{said} {advice}")


def face_in(parts: Parts, picture: Picture, name: str) -> Face | Failure:
    """Return the largest face of a picture."""
    return chosen_face(parts.networks, picture, name, FaceSettings(), silent_context(Path(), warn_of_event))


def detected(face: Face) -> tuple[Floats, NDArray[np.float32]]:
    """Return the landmarks of a face (478, 2), counted from the picture's corner, and its scores (52,)."""
    points = corner_pixels(np.asarray(face.points)[:, :2].astype(np.float64))
    return points, np.asarray(face.scores, dtype=np.float32)


def _lines_inside() -> int:
    """How many calls up from `warn` the caller's own code is."""
    package = __name__.rsplit(".", 2)[0] + "."
    depth, frame = 1, sys._getframe(1)
    while frame.f_back is not None and str(frame.f_globals.get("__name__", "")).startswith(package):
        depth, frame = depth + 1, frame.f_back
    return depth
