"""Jobs: a graph comes back as it was written, in an order that works, or is refused by name."""

from __future__ import annotations

import json

import pytest

from backend.contract.failure import Failure
from backend.contract.job import ADDED, INSTEAD, STAGES, Job, default_job, parse_job
from backend.contract.settings import FitSettings, PhotographSettings, VideoSettings


def stages(**changes: dict) -> list[dict]:
    """The stages of a small valid job; a change replaces keys of the stage of that name."""
    graph = {
        "camera": {"name": "camera", "kind": "camera", "inputs": {"video": "clip"}},
        "clip": {"name": "clip", "kind": "video", "settings": {"path": "a.mp4"}},
    }
    for name, change in changes.items():
        graph[name] = {**graph[name], **change}
    return list(graph.values())


def parsed(entries: list[dict]) -> Job | Failure:
    return parse_job(json.dumps({"schema": 1, "stages": entries}))


def test_the_default_job_has_every_stage_but_those_to_be_asked_for_and_comes_back_from_json() -> None:
    job = default_job({"video": VideoSettings(path="é.mp4"), "fit": FitSettings(smoothness=2.5)})
    again = parse_job(job.to_json())
    assert again == job
    assert {stage.kind for stage in job.stages} == set(STAGES) - set(ADDED) - set(INSTEAD)
    assert job.stage("smooth").inputs == {"fit": "fit"}
    assert job.stage("track").inputs == {"fit": "smooth"}


def test_stages_that_are_asked_for_stand_where_they_belong() -> None:
    job = default_job({}, ADDED)
    assert {stage.kind for stage in job.stages} == set(STAGES) - set(INSTEAD)
    assert job.stage("smooth").inputs == {"fit": "appearance"}
    assert parse_job(job.to_json()) == job


def test_photographs_take_the_place_of_the_video() -> None:
    job = default_job({"photographs": PhotographSettings(path="a.jpg|b.jpg")}, ["photographs", "texture"])
    assert {stage.kind for stage in job.stages} & {"photographs", "video"} == {"photographs"}
    assert job.stage("landmarks").inputs == {"video": "photographs", "face": "face"}
    assert job.stage("texture").inputs == {"track": "track", "video": "photographs"}
    assert parse_job(job.to_json()) == job


def test_stages_are_put_in_an_order_that_works() -> None:
    job = parsed(stages())
    assert isinstance(job, Job)
    assert [stage.name for stage in job.stages] == ["clip", "camera"]


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"clip": {"settings": {"path": 1}}}, "bad-setting", ["'clip'", "'path'"]),
        ({"clip": {"settings": {"pth": "a"}}}, "unknown-setting", ["'clip'", "'pth'"]),
        ({"clip": {"settings": []}}, "job-stage", ["'clip'"]),
        ({"clip": {"kind": "film"}}, "job-kind", ["'clip'", "'film'"]),
        ({"clip": {"name": ""}}, "job-stage", ["number 1"]),
        ({"clip": {"name": "camera"}}, "job-name", ["'camera'"]),
        ({"camera": {"inputs": {}}}, "job-input", ["'camera'", "'video'"]),
        ({"camera": {"inputs": {"video": "film"}}}, "job-input", ["'camera'", "'film'"]),
        ({"camera": {"inputs": {"video": 3}}}, "job-input", ["'camera'", "'video'"]),
        ({"camera": {"inputs": {"video": ["clip"]}}}, "job-input", ["'camera'", "'video'"]),
        ({"camera": {"inputs": {"video": "clip", "sound": "clip"}}}, "job-input", ["'sound'"]),
        ({"camera": {"inputs": {"video": "camera"}}}, "job-type", ["'camera'", "'video'"]),
    ],
)
def test_a_wrong_job_is_refused_by_name(changes: dict, code: str, words: list[str]) -> None:
    result = parsed(stages(**changes))
    assert isinstance(result, Failure)
    assert result.code == code
    assert all(word in str(result) for word in words), str(result)


def test_stages_that_wait_for_each_other() -> None:
    loop = [
        {"name": "one", "kind": "smooth", "inputs": {"fit": "two"}},
        {"name": "two", "kind": "smooth", "inputs": {"fit": "one"}},
    ]
    result = parsed(loop)
    assert isinstance(result, Failure) and result.code == "job-cycle"
    assert "one, two" in result.sentence


@pytest.mark.parametrize("text", ["", "nonsense", "[]", "{}", '{"schema": 1}', '{"schema": 99, "stages": []}', "null"])
def test_what_is_no_job_is_refused(text: str) -> None:
    result = parse_job(text)
    assert isinstance(result, Failure) and result.advice


def test_a_job_without_stages_is_refused() -> None:
    assert isinstance(parsed([]), Failure)
