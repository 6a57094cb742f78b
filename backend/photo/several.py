"""One head for one or several photographs of a person: a shared identity, and each photograph's own lens."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np

from ..contract.camera import Intrinsics
from ..contract.failure import Failure, Notice
from ..contract.settings import CameraSettings, FitSettings
from ..head.model import Floats, HeadModel
from ..head.skinning import select_frames
from ..landmarks.crop import apply
from ..landmarks.face import Face
from ..landmarks.masks import person_mask
from ..landmarks.networks import Network
from ..regress.starts import best_fit, guessed_starts
from ..solve.fitting import ASSUMED_FOCAL
from ..stages import camera as camera_stage
from ..stages.data import Camera, Context, Fit, PersonMasks, Video
from .fitting import fit_landmarks, landmarks_of, moved
from .read import Photo

_SIDE: Final = 1000
"""Longer side in pixels of the picture in which all photographs are fitted together."""


@dataclass(frozen=True)
class Sitting:
    """A photograph and the face in it that is meant."""

    photo: Photo
    face: Face


def fit_sittings(
    sittings: list[Sitting],
    head: HeadModel,
    lens: CameraSettings,
    settings: FitSettings,
    person: Network | None,
    context: Context,
) -> list[Fit] | Failure:
    """Fit one identity to all photographs and return a fit of one frame for each, in its own pixels.

    All are brought to one virtual camera first, which is exact: a pinhole picture scaled about its middle is that of
    another focal length. Where no photograph tells its lens, one angle of view is estimated for all of them.
    """
    cameras = [_camera(sitting.photo, lens, context) for sitting in sittings]
    problem = next((camera for camera in cameras if isinstance(camera, Failure)), None)
    if problem is not None:
        return problem
    known = [camera.focal for camera in cameras if isinstance(camera, Camera)]
    if any(known) and not all(known):
        _tell_of_mixed_lenses(sittings, known, context)
    scales = [_scale(sitting.photo, focal, any(known)) for sitting, focal in zip(sittings, known, strict=True)]
    maps = [_to_common(sitting.photo, scale) for sitting, scale in zip(sittings, scales, strict=True)]
    landmarks = landmarks_of(
        [moved(sitting.face, matrix) for sitting, matrix in zip(sittings, maps, strict=True)],
        _SIDE,
        _SIDE,
        masks=None if person is None else _masks(person, sittings, maps),
    )
    common = Camera(ASSUMED_FOCAL * _SIDE, "known") if any(known) else Camera(None, "estimated")
    faces = [(sitting.photo.pixels, sitting.face.points) for sitting in sittings]
    starts = guessed_starts(faces, head, context.models, context)
    if isinstance(starts, Failure):
        return starts
    fit = best_fit(head, starts, lambda one: fit_landmarks(landmarks, one, common, settings, context))
    if isinstance(fit, Failure):
        return fit
    sources = [camera.source if camera.focal else None for camera in cameras if isinstance(camera, Camera)]
    return [_own_fit(fit, index, sittings[index], scales[index], sources[index]) for index in range(len(sittings))]


def _camera(photo: Photo, lens: CameraSettings, context: Context) -> Camera | Failure:
    """What is known of the photograph's lens, by the same rules as for clips."""
    metadata = {} if photo.focal_35mm is None else {"focal_length_35mm": photo.focal_35mm}
    still = Video(
        photo.path, "", photo.width, photo.height, 0, Fraction(1), 0.0, np.arange(1), np.zeros(1), "still", metadata
    )
    return camera_stage.run(still, lens, context)


def _tell_of_mixed_lenses(sittings: list[Sitting], known: list[float | None], context: Context) -> None:
    silent = [sitting.photo.path.name for sitting, focal in zip(sittings, known, strict=True) if not focal]
    context.notice(
        Notice(
            "focal-assumed",
            f"{', '.join(silent)} {'does' if len(silent) == 1 else 'do'} not say which lens took it; a usual one is"
            " assumed, as other photographs tell theirs.",
        )
    )


def _scale(photo: Photo, focal: float | None, lenses_known: bool) -> float:
    """Pixels of the common picture per pixel of a photograph."""
    longer = max(photo.width, photo.height)
    return ASSUMED_FOCAL * _SIDE / (focal or ASSUMED_FOCAL * longer) if lenses_known else _SIDE / longer


def _to_common(photo: Photo, scale: float) -> Floats:
    middle = np.array([(photo.width - 1) / 2, (photo.height - 1) / 2])
    return np.column_stack([np.eye(2) * scale, (_SIDE - 1) / 2 - scale * middle])


def _masks(network: Network, sittings: list[Sitting], maps: list[Floats]) -> PersonMasks:
    masks, matrices = [], []
    for sitting, to_common in zip(sittings, maps, strict=True):
        mask, to_image = person_mask(network, sitting.photo.pixels, sitting.face)
        masks.append(mask)
        corner = apply(to_common, to_image[:, 2])
        matrices.append(np.column_stack([to_common[:, :2] @ to_image[:, :2], corner]))
    return PersonMasks(np.arange(len(masks)), np.stack(masks), np.stack(matrices))


def _own_fit(fit: Fit, index: int, sitting: Sitting, scale: float, source: str | None) -> Fit:
    """One photograph's part of the common fit, in that photograph's own pixels."""
    photo, one = sitting.photo, slice(index, index + 1)
    summary = {
        "name": photo.path.name,
        "path": str(photo.path.absolute()),
        "sha256": "",
        "duration": 0.0,
        "codec": "still",
        "frames": 1,
        "rotation": 0,
    }
    return dataclasses.replace(
        fit,
        landmarks=landmarks_of([sitting.face], photo.width, photo.height, video=summary, source=fit.landmarks.source),
        intrinsics=Intrinsics.centred(photo.width, photo.height, fit.intrinsics.focal_x / scale),
        focal_source=source or ("assumed" if fit.focal_source == "known" else fit.focal_source),
        pose=select_frames(fit.pose, one),
        rotation=fit.rotation[one],
        translation=fit.translation[one],
        status=fit.status[one],
        confidence=fit.confidence[one],
        reprojection_error=fit.reprojection_error[one] / scale,
        visibility=fit.visibility[one],
    )
