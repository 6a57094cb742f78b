"""Interface of PeizhiYan/flame-head-tracker 1.01: ``from backend.flame_head_tracker import Tracker, track_video``.

Scripts written for version 1.01 of PeizhiYan/flame-head-tracker run with this one import changed; those of version 4
take `backend.flame_head_tracker_v4`. Differences to know: the landmarks, the fit and the light are this program's;
`tex` belongs to FLAME's texture space only where ``tex_space_path`` names its file, else to a space of our own (see
`Tracker.sources`); the left iris has its right vertices; alignment no longer needs an old Pillow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .legacy.base_tracker import UNNAMED, BaseTracker, detected
from .legacy.config import read_config
from .legacy.dictionary_v1 import dictionary_of
from .legacy.errors import (
    TrackerError,
    TrackerWarning,
    value_or_raise,
    warn,
    warn_of_all,
    warn_of_event,
    warn_of_notice,
)
from .legacy.fitting import fit_picture
from .legacy.parts import set_up
from .legacy.pictures import checked_picture, checked_pictures, fit_pictures
from .legacy.previous_result import read_previous_result
from .legacy.versions import VERSION_1
from .legacy.video_v1 import track_frames, warning_context
from .photo.read import read_photo

__all__ = ["Tracker", "TrackerError", "TrackerWarning", "track_video", "track_video_legacy"]

_NO_FILTER: Final = (
    "'kalman_filter' is not applied: a filter makes the head lag behind the face. track_video and run_all_images"
    " smooth the whole clip at once."
)


class Tracker(BaseTracker):
    """Tracks single pictures.

    Attributes:
        img_size: Side of the aligned pictures in pixels.
        device, H, W, fov, faces, mesh_faces: See `legacy.base_tracker`.

    Others of the original do not mean anything here; asking for one says what to do instead.

    Args:
        tracker_cfg: The dictionary of version 1.01. Every key may be left out; unknown ones are named.

    Raises:
        TrackerError: A key is not known, a file is not there or of another kind.
    """

    def __init__(self, tracker_cfg: Mapping[str, Any]) -> None:
        super().__init__(tracker_cfg, VERSION_1)
        self.img_size = self._config.size

    def load_image_and_run(
        self,
        img_path: str | Path,
        realign: bool = True,
        prev_ret_dict: Mapping[str, Any] | None = None,
        kalman_filter: bool = False,
    ) -> dict[str, Any]:
        """Return the dictionary of a picture file, see `run`."""
        photo = value_or_raise(read_photo(Path(img_path).expanduser()))
        return self._run(photo.pixels, realign, photo.path.name, prev_ret_dict, kalman_filter)

    def run(
        self,
        img: NDArray[np.uint8],
        realign: bool = True,
        prev_ret_dict: Mapping[str, Any] | None = None,
        kalman_filter: bool = False,
    ) -> dict[str, Any]:
        """Return the dictionary of a picture.

        Args:
            img: RGB, uint8 (H, W, 3).
            realign: Fit inside of the aligned square around the face; False where the picture already is one (FFHQ).
            prev_ret_dict: The dictionary of the frame before, where the fit shall begin with its head.
            kalman_filter: Not applied; a warning says so where it is True.

        Raises:
            TrackerError: No face is found, or the picture is none.
        """
        return self._run(value_or_raise(checked_picture(img)), realign, UNNAMED, prev_ret_dict, kalman_filter)

    def run_all_images(
        self, imgs: Sequence[NDArray[np.uint8]], realign: bool = True, kalman_filter: bool = False
    ) -> dict[str, list[Any]]:
        """Return a list for each key of `run`, for pictures of one person, fitted at once with one identity.

        Pictures without a face are left out, which a warning says; ``frame`` is the number of each entry's picture.

        Args:
            imgs: RGB, uint8 (H, W, 3) each; frames of a video in their order, or any pictures.
            realign, kalman_filter: As for `run`.

        Raises:
            TrackerError: No picture shows a face, or one is none.
        """
        if kalman_filter:
            warn(_NO_FILTER)
        pictures = value_or_raise(checked_pictures(imgs))
        clip = value_or_raise(
            fit_pictures(pictures, self._parts, self._config, warning_context(Path(), warn), realign=realign)
        )
        texture, result = clip.texture_code(), {}
        for frame, picture in clip.pictures(clip.tracked_frames):
            one = dictionary_of(clip.crop(frame, picture, texture), self._parts, self._config.size)
            for key, value in {**one, "frame": frame}.items():
                result.setdefault(key, []).append(value)
        return result

    def mediapipe_face_detection(self, img: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
        """Return the landmarks of the largest face (478, 2), pixels from the corner, and its scores (52,).

        Raises:
            TrackerError: No face is found, or the picture is none.
        """
        return detected(value_or_raise(self._face_in(value_or_raise(checked_picture(img)))))

    def _run(
        self,
        picture: NDArray[np.uint8],
        realign: bool,
        name: str,
        previous: Mapping[str, Any] | None,
        kalman_filter: bool,
    ) -> dict[str, Any]:
        if kalman_filter:
            warn(_NO_FILTER)
        before = None if previous is None else value_or_raise(read_previous_result(previous))
        face = value_or_raise(self._face_in(picture, name))
        crop = value_or_raise(
            fit_picture(picture, face, self._parts, self._config, realign=realign, previous=before, emit=warn_of_event)
        )
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
    config = value_or_raise(read_config(tracker_cfg, video=True))
    warn_of_all(config.notices)
    parts = value_or_raise(set_up(config, warn_of_notice))
    return value_or_raise(track_frames(config, parts, warn))


track_video_legacy = track_video
"""The original's older way, frame after frame. Its files are the same; here the clip is fitted at once in both."""
