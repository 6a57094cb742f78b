"""The seed's interface: ``from backend.flame_head_tracker import Tracker, track_video``.

Scripts written for version 1.01 of PeizhiYan/flame-head-tracker run with this one import changed. Differences to know:
the landmarks, the fit and the light are this program's; `tex` belongs to FLAME's texture space only where
``tex_space_path`` names its file, else to a space of our own (see `Tracker.sources`); the left iris has its right
vertices; alignment no longer needs an old Pillow.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .contract.failure import Failure, Notice
from .contract.settings import FaceSettings
from .photo.fitting import silent_context
from .photo.people import chosen_face
from .photo.read import read_photo
from .seed.config import read_config
from .seed.dictionary import dictionary_of
from .seed.fitting import fit_picture
from .seed.parts import set_up
from .seed.video import track_frames

__all__ = ["Tracker", "TrackerError", "TrackerWarning", "track_video"]


class TrackerError(RuntimeError):
    """Why a picture or video could not be tracked, in one sentence with what to do about it."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(str(failure))
        self.failure = failure


class TrackerWarning(UserWarning):
    """Something to know although the work went on."""


class Tracker:
    """Tracks single pictures.

    Args:
        tracker_cfg: The dictionary of version 1.01. Every key may be left out; unknown ones are named.

    Raises:
        TrackerError: A key is not known, a file is not there or of another kind.
    """

    def __init__(self, tracker_cfg: Mapping[str, Any]) -> None:
        config = _or_raise(read_config(tracker_cfg, video=False))
        _warn_of_all(config.notices)
        self._config = config
        self._parts = _or_raise(set_up(config, _warn_of_notice))

    @property
    def sources(self) -> dict[str, str]:
        """What the numbers come from: ``head_model``, ``landmarks``, ``tex_space``, ``parsing``."""
        return self._parts.sources

    def load_image_and_run(self, img_path: str | Path, realign: bool = True) -> dict[str, Any]:
        """Return the dictionary of a picture file, see `run`."""
        photo = _or_raise(read_photo(Path(img_path).expanduser()))
        return self._run(photo.pixels, realign, photo.path.name)

    def run(self, img: NDArray[np.uint8], realign: bool = True) -> dict[str, Any]:
        """Return the dictionary of a picture.

        Args:
            img: RGB, uint8 (H, W, 3).
            realign: Fit inside of the aligned square around the face; False where the picture already is one (FFHQ).

        Raises:
            TrackerError: No face is found, or the picture is none.
        """
        if img.ndim != 3 or img.shape[2] != 3 or img.dtype != np.uint8 or min(img.shape[:2]) < 2:
            what = f"{img.dtype} {img.shape}"
            raise TrackerError(
                Failure("photo-unreadable", f"The picture is {what}.", "Give RGB pixels, uint8 (H, W, 3).")
            )
        return self._run(np.ascontiguousarray(img), realign, "the picture")

    def _run(self, picture: NDArray[np.uint8], realign: bool, name: str) -> dict[str, Any]:
        context = silent_context(Path(), _warn_of)
        face = _or_raise(chosen_face(self._parts.networks, picture, name, FaceSettings(), context))
        crop = _or_raise(fit_picture(picture, face, self._parts, self._config, realign=realign, emit=_warn_of))
        return dictionary_of(crop, self._parts, self._config.size)


def track_video(tracker_cfg: Mapping[str, Any]) -> Path:
    """Track a video and write ``<save_path>/<name of the video>/<frame>.npy`` with a dictionary each.

    Files are pickled dictionaries, as version 1.01 wrote them, beside ``<frame>_compare.jpg``. Frames are counted after
    subsampling; those without a face have no file. Identity and texture code are the same in all of them, and the whole
    clip is fitted at once.

    Returns:
        The folder of the results.

    Raises:
        TrackerError: As for `Tracker`; also where the video cannot be read or shows no face.
    """
    config = _or_raise(read_config(tracker_cfg, video=True))
    _warn_of_all(config.notices)
    parts = _or_raise(set_up(config, _warn_of_notice))
    return _or_raise(track_frames(config, parts, _warn))


def _warn_of(event: Mapping[str, Any]) -> None:
    if event.get("event") == "notice":
        warnings.warn(event["sentence"], TrackerWarning, stacklevel=6)


def _warn(text: str) -> None:
    warnings.warn(text, TrackerWarning, stacklevel=3)


def _warn_of_notice(notice: Notice) -> None:
    warnings.warn(notice.sentence, TrackerWarning, stacklevel=5)


def _warn_of_all(sentences: Iterable[str]) -> None:
    for sentence in sentences:
        warnings.warn(sentence, TrackerWarning, stacklevel=3)


def _or_raise(value: Any) -> Any:
    if isinstance(value, Failure):
        raise TrackerError(value)
    return value
