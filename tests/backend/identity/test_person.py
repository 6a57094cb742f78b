"""One person from several clips: solved together, and what is said of clips that do not belong."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from small_videos import Messages
from synthetic_clips import MadeClip, made_clip

from backend.contract.failure import Failure
from backend.contract.settings import FitSettings
from backend.data.context import Context
from backend.data.types import Camera, Landmarks, Person, Video
from backend.identity.person import PersonClip, person_in

LOOKS = {"head_width": 1.0, "nose_length": 1.5, "jaw_width": -1.2, "mouth_width": 1.0}


def part_of(made: MadeClip, name: str, frames: slice, focal: float | None = None) -> PersonClip:
    """Some frames of a clip as a file of their own."""
    whole = made.landmarks
    per_frame = ("frame_index", "time", "found", "points", "spread", "scores", "detection", "shot")
    landmarks = replace(whole, **{field: getattr(whole, field)[frames] for field in per_frame})
    return PersonClip(video_of(name, landmarks), landmarks, Camera(focal, "known" if focal else "estimated"))


def video_of(name: str, landmarks: Landmarks) -> Video:
    return Video(
        path=Path(name),
        sha256=name,
        width=landmarks.width,
        height=landmarks.height,
        rotation=0,
        rate=Fraction(30),
        duration=1.0,
        frame_index=landmarks.frame_index,
        time=landmarks.time,
        codec="h264",
    )


@pytest.fixture(scope="module")
def made() -> MadeClip:
    return made_clip(40, noise=0.4, looks=LOOKS)


def solved(clips: list[PersonClip], made: MadeClip, context: Context) -> Person:
    person = person_in(clips, made.head, FitSettings(device="cpu", key_frames=16), context)
    assert isinstance(person, Person)
    return person


def shape_error(person: Person, made: MadeClip) -> float:
    """Distance of the landmarks at rest from the true ones, millimetres, without position and size."""
    corners = made.head.faces[made.head.landmarks.triangle]
    basis = np.einsum("nk,nkcm->ncm", made.head.landmarks.barycentric, made.head.identity_basis[corners])
    template = np.einsum("nk,nkc->nc", made.head.landmarks.barycentric, made.head.template[corners])
    points = [template + basis @ identity for identity in (person.identity, made.pose.identity)]
    centred = [each - each.mean(0) for each in points]
    fitted, true = (each / np.linalg.norm(each) for each in centred)
    return 1000 * float(np.linalg.norm(centred[1]) * np.sqrt(np.square(fitted - true).sum(1).mean()))


def test_two_clips_give_one_identity_that_is_nearer_to_the_person_than_the_average_head(
    made: MadeClip, context: Context
) -> None:
    clips = [part_of(made, "a.mp4", slice(0, 20), 1400.0), part_of(made, "b.mp4", slice(20, 40), 1400.0)]
    person = solved(clips, made, context)
    average = Person(np.zeros_like(person.identity), "", (), ())
    assert person.clips == ("a.mp4", "b.mp4")
    assert shape_error(person, made) < 0.5 * shape_error(average, made)


def test_a_clip_without_a_face_is_left_out_and_named(made: MadeClip, context: Context, messages: Messages) -> None:
    empty = part_of(made, "empty.mp4", slice(0, 10))
    nobody = replace(empty, landmarks=replace(empty.landmarks, found=np.zeros(10, bool)))
    person = solved([part_of(made, "a.mp4", slice(0, 20), 1400.0), nobody], made, context)
    assert person.clips == ("a.mp4",)
    assert messages == ["identity-clip-without-face"]


def test_the_same_clip_twice_counts_once(made: MadeClip, context: Context, messages: Messages) -> None:
    clip = part_of(made, "a.mp4", slice(0, 20), 1400.0)
    person = solved([clip, clip], made, context)
    assert person.clips == ("a.mp4",)
    assert messages == ["identity-clip-twice"]


def test_clips_that_all_lack_a_face_are_refused(made: MadeClip, context: Context) -> None:
    clip = part_of(made, "a.mp4", slice(0, 10))
    nobody = replace(clip, landmarks=replace(clip.landmarks, found=np.zeros(10, bool)))
    refused = person_in([nobody], made.head, FitSettings(device="cpu"), context)
    assert isinstance(refused, Failure)
    assert refused.code == "identity-no-face"


def test_clips_of_two_people_are_noticed(made: MadeClip, context: Context, messages: Messages) -> None:
    other = made_clip(20, noise=0.4, looks={name: -2 * value for name, value in LOOKS.items()})
    clips = [part_of(made, "a.mp4", slice(0, 20), 1400.0), part_of(other, "b.mp4", slice(0, 20), 1400.0)]
    solved(clips, made, context)
    assert messages == ["identity-of-two-people"]


def test_clips_of_one_person_are_not(made: MadeClip, context: Context, messages: Messages) -> None:
    clips = [part_of(made, "a.mp4", slice(0, 20), 1400.0), part_of(made, "b.mp4", slice(20, 40), 1400.0)]
    person = solved(clips, made, context)
    assert messages == []
    assert max(person.disagreement) < 1.0


def test_a_single_picture_with_an_expression_is_not_taken_for_somebody_else(
    made: MadeClip, context: Context, messages: Messages
) -> None:
    clips = [part_of(made, "a.mp4", slice(0, 20), 1400.0), part_of(made, "photo.png", slice(30, 31), 1400.0)]
    person = solved(clips, made, context)
    assert person.clips == ("a.mp4", "photo.png")
    assert messages == []
