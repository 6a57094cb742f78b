"""One face over the whole clip, its 478 points and 52 scores in every frame."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from ..contract.arrays import Integers, Singles
from ..contract.failure import Failure, Notice
from ..contract.footage import COPY_REASON
from ..contract.names import LANDMARKS, MEDIAPIPE_SCORES
from ..contract.pixel_shape import sizes_of
from ..contract.settings import FaceSettings, LandmarkSettings
from ..data.context import Context
from ..data.landmark_distance import eye_distance
from ..data.types import Landmarks, PersonMasks, Video
from .cuts import parted_by_gaps, shots_of
from .networks import NetworkFiles, find_networks
from .observations import FaceObservations
from .people import Person, choose, in_other_shots, is_elsewhere, others, people_of
from .pipeline import Pipeline

LEAST_WIDTH: Final = 60
"""Pixels that a face should be wide; docs/footage.md names this number."""

_LISTED: Final = 6
"""Ranges of frames that a notice names."""

HEIGHT_OF_WIDTH: Final = 1.25
"""Forehead to chin over cheek to cheek, of the landmarks of a usual face."""


def follow(video: Video, face: FaceSettings, settings: LandmarkSettings, context: Context) -> Landmarks | Failure:
    """Find all faces, follow each by itself, and return the chosen one; nothing is filtered in time.

    Returns:
        The landmarks, or a failure where the networks are missing, no frame can be decoded, no face is found, or the
        face of that number does not exist.
    """
    files = find_networks(settings.task_file, context.models)
    if isinstance(files, Failure):
        return files
    for notice in network_notices(files, settings):
        context.notice(notice)
    pipeline = Pipeline(video, files, face, settings, context)
    observations = pipeline.run()
    if not observations.decoded.any():
        return Failure(
            "video-unreadable",
            f"No frame of {video.path.name} can be decoded any more.",
            "Check that the file is still there, and close other programs in case memory is short.",
        )
    shot = shots_of(observations) if settings.find_cuts else np.zeros(len(video), dtype=np.int64)
    people = people_of(observations, shot)
    if not people:
        return Failure(
            "no-face",
            f"No face was found in the {len(video)} frames of {video.path.name}.",
            "Choose a range in which a face can be seen, or lower the threshold for faces in shadow.",
        )
    number = choose(people, observations, face, (video.width, video.height), video.frame_index)
    if isinstance(number, Failure):
        return number
    for notice in _clip_notices(observations, people, number, shot, video, chosen=face.choose != "largest"):
        context.notice(notice)
    if is_elsewhere(people[number], observations, face, (video.width, video.height), video.frame_index):
        context.notice(
            Notice(
                "face-elsewhere",
                "There is no face at the chosen point; the nearest one is tracked.",
                "Choose the face again, or lower the detection threshold.",
            )
        )
    if settings.find_cuts:
        followed = np.isin(np.arange(len(video)), observations.frame[people[number].rows])
        shot = parted_by_gaps(shot, followed, observations.thumbnail)
    runs = f"{pipeline.effort.run_count} run{'s' if pipeline.effort.run_count > 1 else ''} per frame"
    return _landmarks(video, observations, people, number, shot, f"{files.source}, {runs}")


def _landmarks(
    video: Video, observations: FaceObservations, people: list[Person], number: int, shot: Integers, source: str
) -> Landmarks:
    rows = people[number].rows
    frames = observations.frame[rows]
    total = len(video)
    points = np.full((total, LANDMARKS, 3), np.nan, dtype=np.float32)
    spread = np.full((total, LANDMARKS), np.nan, dtype=np.float32)
    scores = np.full((total, len(MEDIAPIPE_SCORES)), np.nan, dtype=np.float32)
    detection = np.zeros(total, dtype=np.float32)
    points[frames], spread[frames], scores[frames] = (
        observations.points[rows],
        observations.spread[rows],
        observations.scores[rows],
    )
    detection[frames] = _certainty(observations, rows)
    found = np.zeros(total, dtype=np.bool_)
    found[frames] = True
    return Landmarks(
        frame_index=video.frame_index,
        time=video.time,
        rate=video.rate,
        width=video.width,
        height=video.height,
        found=found,
        points=points,
        spread=spread,
        scores=scores,
        detection=detection,
        shot=shot,
        masks=_masks(observations, rows),
        source=source,
        others=others(people, observations, number),
        number=number,
        video=_summary(video),
        metadata=dict(video.metadata),
    )


def _width(points: Singles) -> float:
    """Width in pixels of a face seen from the front, from its landmarks (N, 478, 3): turning does not change it."""
    extent = np.ptp(points[..., :2].astype(np.float64), axis=1).max(axis=1)
    return float(np.median(extent)) / HEIGHT_OF_WIDTH


def _certainty(observations: FaceObservations, rows: Integers) -> Singles:
    """Certainty 0..1 of faces: what the network says, less where its runs disagree or the face is only a few pixels."""
    distance = np.maximum(eye_distance(observations.points[rows, :, :2].astype(np.float64)), 1e-3)
    spread = np.median(observations.spread[rows].astype(np.float64), axis=1) / distance
    # Clear faces: 1-2 % of the eye distance. Half hidden, turned away or blurred ones: 5 % and more.
    agreement = 1.0 / (1.0 + (np.nan_to_num(spread, nan=0.0) / 0.06) ** 2)
    size = distance / (distance + 2.0)
    return (observations.presence[rows] * agreement * size).astype(np.float32)


def _masks(observations: FaceObservations, rows: Integers) -> PersonMasks | None:
    chosen = np.flatnonzero(np.isin(observations.mask_face, rows))
    if len(chosen) == 0:
        return None
    frame = observations.frame[observations.mask_face[chosen]]
    return PersonMasks(frame, observations.mask[chosen], observations.mask_to_image[chosen], observations.skin[chosen])


def _summary(video: Video) -> dict[str, Any]:
    return {
        "name": video.path.name,
        "path": str(video.path),
        "sha256": video.sha256,
        "duration": video.duration,
        "codec": video.codec,
        "frames": len(video),
        "rotation": video.rotation,
        **sizes_of(video.width, video.height, video.file_size),
        **{name: video.metadata[name] for name in (COPY_REASON,) if name in video.metadata},
    }


def network_notices(files: NetworkFiles, settings: LandmarkSettings) -> list[Notice]:
    """Return what the user should know of networks that are not there."""
    notices = []
    older = "landmarks come from the older Face Mesh, without the 52 scores."
    if files.left_out is not None:
        notices.append(Notice("task-left-out", f"{files.left_out.sentence[:-1]}; {older}", files.left_out.advice))
    elif files.scores is None:
        notices.append(
            Notice(
                "no-task-file",
                f"face_landmarker.task is missing: {older}",
                "Put face_landmarker.task into the model folder for better lids and lips and for the scores.",
            )
        )
    if files.person is None and settings.person_mask:
        notices.append(
            Notice(
                "no-person-mask",
                "mediapipe is not installed, so person and background are not separated.",
                "Run install_deps.py; without it the focal length is less certain.",
            )
        )
    return notices


def _clip_notices(
    observations: FaceObservations, people: list[Person], number: int, shot: Integers, video: Video, chosen: bool
) -> list[Notice]:
    notices = []
    # Holes of a sequence were told when it was opened.
    unread = int(
        (~observations.decoded & ~np.isin(video.frame_index, video.metadata.get("missing_pictures", []))).sum()
    )
    if unread:
        notices.append(
            Notice("frames-unreadable", f"{unread} of {len(shot)} frames can't be decoded and count as missing.")
        )
    missing = int(observations.decoded.sum()) - len(people[number].rows)
    if missing:
        notices.append(Notice("face-missing", f"The face is not seen in {missing} of {len(shot)} frames."))
    width = _width(observations.points[people[number].rows])
    if width < LEAST_WIDTH:
        notices.append(
            Notice(
                "face-small",
                f"The face is only about {width:.0f} pixels wide. Below {LEAST_WIDTH} the head is followed roughly, and"
                " lips, lids and brows hardly at all.",
                "Film closer, or track the original if this is a reduced copy.",
            )
        )
    elsewhere = in_other_shots(people, observations, number, shot)
    if elsewhere:
        notices.append(_another_person(elsewhere, video))
    if len(people) > 1 + len({n for n, _, _ in elsewhere}) and not chosen:
        notices.append(
            Notice(
                "several-faces",
                f"There are {len(people)} faces in the clip; the largest is followed.",
                "Choose another one if that is not the one you mean.",
            )
        )
    if shot[-1] > 0:
        cuts = int(shot[-1])
        notices.append(
            Notice("cuts", f"The clip has {cuts} cut{'s' if cuts > 1 else ''}; motion is not smoothed across cuts.")
        )
    return notices


def _another_person(elsewhere: list[tuple[int, int, int]], video: Video) -> Notice:
    """Say in which frames somebody else is seen instead of the person who is followed."""
    numbers = sorted({number for number, _, _ in elsewhere})
    spans = []
    for number, first, last in sorted(elsewhere, key=lambda each: each[1]):
        one, other = int(video.frame_index[first]), int(video.frame_index[last])
        spans.append(f"{one if one == other else f'{one}-{other}'} (face {number})")
    listed = ", ".join(spans[:_LISTED]) + (" and more" if len(spans) > _LISTED else "")
    return Notice(
        "another-person",
        f"Another person is seen after a cut, in frames {listed}; nothing is tracked there.",
        f"Track that person by number (--face number --face-number {numbers[0]}), or everybody with "
        f"--all-faces. If it is the same person, turn off Find Cuts.",
    )
