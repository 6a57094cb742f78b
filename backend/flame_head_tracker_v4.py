"""Interface of PeizhiYan/flame-head-tracker 4: ``from backend.flame_head_tracker_v4 import Tracker, track_video``.

Scripts written for version 4.1 of PeizhiYan/flame-head-tracker run with this one import in place of those of its
``tracker_base`` and ``tracker_video``. Differences to know: those of `backend.flame_head_tracker`, and

- landmarks are always MediaPipe's (that version's default mixes in FAN's);
- ``lmks_ears`` are places on the fitted head's ear, not detected ones;
- with ``photometric_fitting`` pictures give texture and light, and the pose and expression of clips; those of a single
  picture come from its landmarks, as one picture cannot correct what its landmarks say.
"""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .contract.arrays import Picture
from .contract.failure import Failure
from .contract.names import LEFT_IRIS, RIGHT_IRIS
from .landmarks.aligned_crop import dlib68
from .legacy.base_tracker import UNNAMED, BaseTracker, detected
from .legacy.config import read_config
from .legacy.dictionary_v4 import dictionary_v4_of, stacked
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
from .legacy.given_codes import identity_from, texture_from
from .legacy.painting import painted_by, seen_closely
from .legacy.parts import Parts, set_up
from .legacy.pictures import checked_picture, checked_pictures, fit_pictures
from .legacy.versions import RENDERED, TEXTURE_MODES, VERSION_4
from .legacy.video_v1 import warning_context
from .legacy.video_v4 import preparation, track_frames_v4
from .photo.read import read_photo
from .render.lit_head import Skin

__all__ = ["Tracker", "TrackerError", "TrackerWarning", "track_video"]

_DETECTORS: Final = ("mediapipe", "FAN", "hybrid")
_ANGLES: Final = (10.0, 60.0)

Result = dict[str, NDArray[Any]]


class Tracker(BaseTracker):
    """Tracks pictures, one or several at once.

    Attributes:
        VERSION: Of the interface.
        IMG_SIZE, RENDER_SIZE: Side of the aligned and of the rendered pictures in pixels.
        NUM_SHAPE_COEFFICIENTS, NUM_EXPR_COEFFICIENTS, NUM_TEX_COEFFICIENTS: Of the dictionary.
        use_matting, optimize_fov, landmark_detector: As configured.
        device, H, W, fov, faces, mesh_faces: See `legacy.base_tracker`.

    Others of the original do not mean anything here; asking for one says what to do instead.

    Args:
        tracker_cfg: The dictionary of version 4.1. Every key may be left out; unknown ones are named.

    Raises:
        TrackerError: A key is not known, a file is not there or of another kind.
    """

    VERSION = "4.1"
    RENDER_SIZE = RENDERED
    NUM_SHAPE_COEFFICIENTS = VERSION_4.shape_modes
    NUM_EXPR_COEFFICIENTS = VERSION_4.expression_modes
    NUM_TEX_COEFFICIENTS = TEXTURE_MODES

    def __init__(self, tracker_cfg: Mapping[str, Any]) -> None:
        super().__init__(tracker_cfg, VERSION_4)
        self.IMG_SIZE = self._config.size
        self.use_matting = self._config.matting
        self.optimize_fov = self._config.free_angle
        self.landmark_detector = "mediapipe"
        self._prepare = preparation(self._parts, self._config, warn)

    def set_landmark_detector(self, landmark_detector: str = "hybrid") -> None:
        """Accept ``mediapipe``; for ``FAN`` and ``hybrid`` a warning says that landmarks stay MediaPipe's.

        Raises:
            TrackerError: It is none of the three.
        """
        if landmark_detector not in _DETECTORS:
            said = f"'landmark_detector' must be one of {', '.join(_DETECTORS)}, not {landmark_detector!r}."
            raise TrackerError(Failure("config-wrong", said, "Leave the call out: landmarks are MediaPipe's."))
        if landmark_detector != "mediapipe":
            warn("FAN is not part of this program: landmarks stay MediaPipe's.")

    def update_init_fov(self, fov: float) -> None:
        """Set the angle of view of the crops in degrees, 10 to 60; with ``optimize_fov`` the fit begins with it.

        Raises:
            TrackerError: The angle is outside of these.
        """
        if isinstance(fov, bool) or not isinstance(fov, (int, float)) or not _ANGLES[0] <= fov <= _ANGLES[1]:
            said = f"'fov' must be from {_ANGLES[0]:g} to {_ANGLES[1]:g} degrees, not {fov!r}."
            raise TrackerError(Failure("config-wrong", said, "20 is usual."))
        self._config = dataclasses.replace(self._config, degrees=float(fov))
        self.fov = float(fov)

    def load_image_and_run(
        self,
        img_path: str | Path,
        realign: bool = True,
        photometric_fitting: bool = False,
        shape_code: NDArray[Any] | None = None,
        texture: NDArray[Any] | None = None,
    ) -> Result | None:
        """Return the dictionary of a picture file, see `run`."""
        photo = value_or_raise(read_photo(Path(img_path).expanduser()))
        return self._run_one(photo.pixels, photo.path.name, realign, photometric_fitting, shape_code, texture)

    def load_batch_images_and_run(
        self,
        img_paths: Sequence[str | Path],
        realign: bool = True,
        photometric_fitting: bool = False,
        shape_code: NDArray[Any] | None = None,
        texture: NDArray[Any] | None = None,
    ) -> tuple[Result, NDArray[np.int64]] | tuple[None, None]:
        """Return the dictionary of several picture files and which of them have a face, see `run`."""
        photos = [value_or_raise(read_photo(Path(path).expanduser())) for path in img_paths]
        pictures = [photo.pixels for photo in photos]
        names = [photo.path.name for photo in photos]
        return self._run_each(pictures, names, realign, photometric_fitting, shape_code, texture)

    def run(
        self,
        img: NDArray[np.uint8] | list[NDArray[np.uint8]],
        realign: bool = True,
        photometric_fitting: bool = False,
        shape_code: NDArray[Any] | None = None,
        texture: NDArray[Any] | None = None,
        temporal_smoothing: bool = False,
        estimate_canonical: bool = False,
    ) -> Result | tuple[Result, NDArray[np.int64]] | tuple[None, None] | None:
        """Return the dictionary of a picture, each array with a leading axis; None without a face, with a warning.

        For a list of pictures the dictionary has one entry for each that shows a face, and comes with their numbers
        (`valid_indices`); None and None where none does.

        Args:
            img: RGB, uint8 (H, W, 3), or a list of such pictures.
            realign: Fit inside of the aligned square around the face; False where the picture already is one (FFHQ).
            photometric_fitting: Add ``texture`` (N, 3, 256, 256), 0..1, and ``mesh_rendered`` with it.
            shape_code: The person's identity (1, 300) where it is known; it is kept as it is.
            texture: The person's texture (1, 3, S, S), 0..1, where it is known; with `photometric_fitting` only.
            temporal_smoothing: The list holds frames of a clip: one identity and smooth motion.
            estimate_canonical: The list shows one person: one identity, and one texture.

        Raises:
            TrackerError: A picture, the shape or the texture is none.
        """
        if not isinstance(img, list):
            picture = value_or_raise(checked_picture(img))
            return self._run_one(picture, UNNAMED, realign, photometric_fitting, shape_code, texture)
        pictures = value_or_raise(checked_pictures(img))
        if temporal_smoothing or estimate_canonical:
            smooth = temporal_smoothing
            return self._run_together(pictures, realign, photometric_fitting, shape_code, texture, smooth=smooth)
        names = [f"picture {number}" for number in range(len(pictures))]
        return self._run_each(pictures, names, realign, photometric_fitting, shape_code, texture)

    def mediapipe_face_detection(
        self, img: NDArray[np.uint8]
    ) -> tuple[NDArray[np.float64], NDArray[np.float32]] | tuple[None, None]:
        """Return the landmarks of the largest face (478, 2), pixels from the corner, and its scores (52,), or Nones."""
        face = self._face_in(value_or_raise(checked_picture(img)))
        return (None, None) if isinstance(face, Failure) else detected(face)

    def detect_face_landmarks(self, img: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]] | None:
        """Return ``lmks_dense`` (478, 2), ``lmks_68``, ``lmks_eyes`` (10, 2), ``blend_scores`` (52,), or None."""
        points, scores = self.mediapipe_face_detection(img)
        if points is None:
            return None
        eyes = points[[*RIGHT_IRIS, *LEFT_IRIS]]
        found = {"lmks_dense": points, "lmks_68": dlib68(points), "lmks_eyes": eyes, "blend_scores": scores}
        return {name: np.asarray(values, dtype=np.float32) for name, values in found.items()}

    def _run_one(
        self,
        picture: Picture,
        name: str,
        realign: bool,
        photometric: bool,
        shape_code: NDArray[Any] | None,
        texture: NDArray[Any] | None,
    ) -> Result | None:
        parts, painted = self._given(shape_code, texture)
        face = self._face_in(picture, name)
        if isinstance(face, Failure):
            warn(face.sentence)
            return None
        picture = self._prepare(picture, np.asarray(face.points))
        crop = value_or_raise(fit_picture(picture, face, parts, self._config, realign=realign, emit=warn_of_event))
        if photometric and painted is None:
            assert crop.fit is not None
            with tempfile.TemporaryDirectory() as work:
                context = warning_context(Path(work), warn)
                found = painted_by(crop.fit, parts.head, crop.fitted, picture, context)
            painted = value_or_raise(found)
        return dictionary_v4_of(crop, parts, self._config.size, painted if photometric else None)

    def _run_each(
        self,
        pictures: Sequence[Picture],
        names: Sequence[str],
        realign: bool,
        photometric: bool,
        shape_code: NDArray[Any] | None,
        texture: NDArray[Any] | None,
    ) -> tuple[Result, NDArray[np.int64]] | tuple[None, None]:
        """Pictures of anybody, each fitted by itself."""
        results: dict[int, Result] = {}
        for number, (picture, name) in enumerate(zip(pictures, names, strict=True)):
            result = self._run_one(picture, name, realign, photometric, shape_code, texture)
            if result is not None:
                results[number] = result
        return (stacked(list(results.values())), np.array(list(results))) if results else (None, None)

    def _run_together(
        self,
        pictures: list[Picture],
        realign: bool,
        photometric: bool,
        shape_code: NDArray[Any] | None,
        texture: NDArray[Any] | None,
        *,
        smooth: bool,
    ) -> tuple[Result, NDArray[np.int64]] | tuple[None, None]:
        """Pictures of one person, fitted at once."""
        parts, painted = self._given(shape_code, texture)
        with tempfile.TemporaryDirectory() as work:
            context = warning_context(Path(work), warn)
            clip = fit_pictures(
                pictures, parts, self._config, context, realign=realign, prepare=self._prepare, apart=not smooth
            )
            if isinstance(clip, Failure):
                warn(clip.sentence)
                return None, None
            if photometric:
                clip, baked = value_or_raise(seen_closely(clip, context))
                painted = painted or baked
        code = clip.texture_code()
        results = [
            dictionary_v4_of(
                clip.crop(frame, picture, code), parts, self._config.size, painted if photometric else None
            )
            for frame, picture in clip.pictures(clip.tracked_frames)
        ]
        return stacked(results), clip.tracked_frames

    def _given(self, shape_code: NDArray[Any] | None, texture: NDArray[Any] | None) -> tuple[Parts, Skin | None]:
        """What the head is made of with an identity that is known, and its texture where that is."""
        parts, head = self._parts, self._parts.head
        if shape_code is not None:
            parts = parts.of_known_shape(value_or_raise(identity_from(shape_code, head)))
        if texture is None:
            return parts, None
        return parts, Skin(value_or_raise(texture_from(texture)), head.uv, head.uv_faces)


def track_video(tracker_cfg: Mapping[str, Any]) -> Path:
    """Track a video and write ``<save_path>/<name of the video>/<frame>.npz`` with a dictionary each.

    Beside them lie ``<frame>_compare.jpg`` and, with ``photometric_fitting``, ``texture.png``. Frames are counted after
    subsampling; those without a face have no file. Identity and texture are the same in all of them, and the whole clip
    is fitted at once, whatever ``batch_size`` says.

    Returns:
        The folder of the results.

    Raises:
        TrackerError: As for `Tracker`; also where the video cannot be read or shows no face.
    """
    config = value_or_raise(read_config(tracker_cfg, video=True, version=VERSION_4))
    warn_of_all(config.notices)
    parts = value_or_raise(set_up(config, warn_of_notice))
    return value_or_raise(track_frames_v4(config, parts, warn))
