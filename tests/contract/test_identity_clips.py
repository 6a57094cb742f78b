"""Identity clips: the stages that a job gets for the setting of its head."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend.contract.failure import Failure
from backend.contract.identity_clips import with_identity_clips
from backend.contract.job import Job, default_job, parse_job
from backend.contract.options import SEPARATOR
from backend.contract.settings import CameraSettings, HeadSettings, LandmarkSettings, TrackFileSettings, VideoSettings


@pytest.fixture
def clips(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / name for name in ("shot.mp4", "b.mp4", "c.mp4")]
    for path in paths:
        path.write_bytes(b"")
    return paths


def job_with(shot: Path, clips: list[Path], **head: str) -> Job:
    return default_job(
        {
            "video": VideoSettings(path=str(shot)),
            "head": HeadSettings(identity_clips=SEPARATOR.join(map(str, clips)), **head),
            "camera": CameraSettings(focal_mode="pixels", focal_pixels=900.0),
            "landmarks": LandmarkSettings(quality="draft"),
            "track": TrackFileSettings(path=str(shot.parent / "out" / "track.npz")),
        }
    )


def whole(job: Job) -> Job:
    result = with_identity_clips(job)
    assert isinstance(result, Job)
    return result


def test_a_job_without_identity_clips_stays_as_it_is(clips: list[Path]) -> None:
    job = default_job({"video": VideoSettings(path=str(clips[0]))})
    assert with_identity_clips(job) is job


def test_every_clip_gets_footage_landmarks_and_a_camera_of_its_own(clips: list[Path]) -> None:
    job = whole(job_with(clips[0], clips[1:]))
    kinds = [stage.kind for stage in job.stages]
    assert [kinds.count(kind) for kind in ("video", "landmarks", "camera", "person", "known_head")] == [3, 3, 3, 1, 1]
    person = next(stage for stage in job.stages if stage.kind == "person")
    assert job.stage(person.inputs["camera 2"]).settings == CameraSettings()
    assert job.stage(person.inputs["landmarks"]).settings == LandmarkSettings(quality="draft")
    assert job.stage(person.inputs["video 2"]).settings.path == str(clips[2])


def test_what_used_the_head_uses_the_one_of_the_person(clips: list[Path]) -> None:
    job = whole(job_with(clips[0], clips[1:]))
    head = job.stage(job.stage("fit").inputs["head"])
    assert head.kind == "known_head"
    assert job.stage(head.inputs["head"]).kind == "head"


def test_the_shot_itself_takes_part_with_the_landmarks_and_the_camera_that_it_has(clips: list[Path]) -> None:
    job = whole(job_with(clips[0], clips[:2]))
    person = next(stage for stage in job.stages if stage.kind == "person")
    assert person.inputs["landmarks"] == "landmarks"
    assert person.inputs["camera"] == "camera"
    assert len([stage for stage in job.stages if stage.kind == "landmarks"]) == 2


def test_stages_of_other_clips_are_named_after_them(clips: list[Path]) -> None:
    job = whole(job_with(clips[0], clips[1:2]))
    assert {stage.label for stage in job.stages if stage.kind == "landmarks"} == {"Landmarks", "Landmarks of b.mp4"}


def test_a_whole_job_can_be_written_and_read(clips: list[Path]) -> None:
    job = whole(job_with(clips[0], clips))
    read = parse_job(job.to_json())
    assert isinstance(read, Job)
    assert [(stage.name, dict(stage.inputs)) for stage in read.stages] == [
        (stage.name, dict(stage.inputs)) for stage in job.stages
    ]


def test_a_clip_that_is_not_there_is_named(clips: list[Path]) -> None:
    refused = with_identity_clips(job_with(clips[0], [clips[1], clips[1].with_name("gone.mp4")]))
    assert isinstance(refused, Failure)
    assert "gone.mp4" in refused.sentence


def test_an_identity_cannot_come_from_a_track_and_from_clips(clips: list[Path]) -> None:
    refused = with_identity_clips(job_with(clips[0], clips[1:], identity_track="other.npz"))
    assert isinstance(refused, Failure)
    assert refused.code == "identity-twice"


def test_a_folder_of_photographs_is_looked_at_as_photographs(clips: list[Path], tmp_path: Path) -> None:
    folder = tmp_path / "photographs of the person"
    folder.mkdir()
    job = whole(job_with(clips[0], [folder]))
    (photographs,) = [stage for stage in job.stages if stage.kind == "photographs"]
    assert photographs.settings.path == str(folder)
    assert Path(photographs.settings.folder).parent == clips[0].parent / "out"
