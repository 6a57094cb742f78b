"""Jobs: a graph comes back as it was written, in an order that works, or is refused by name."""

from __future__ import annotations

import json

import pytest

from backend.contract.failure import Failure
from backend.contract.job import ON_REQUEST, STAGES, SUBSTITUTES, Job, Stage, default_job, parse_job, validate
from backend.contract.options import options_of
from backend.contract.output_settings import TrackFileSettings
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
    assert {stage.kind for stage in job.stages} == set(STAGES) - set(ON_REQUEST) - set(SUBSTITUTES)
    assert job.stage("smooth").inputs == {"fit": "fit"}
    assert job.stage("track").inputs == {"fit": "smooth"}


def test_stages_that_are_asked_for_stand_where_they_belong() -> None:
    job = default_job({}, ON_REQUEST)
    assert {stage.kind for stage in job.stages} == set(STAGES) - set(SUBSTITUTES)
    assert job.stage("smooth").inputs == {"fit": "appearance"}
    assert job.stage("fit").inputs["landmarks"] == "exclude"
    assert job.stage("pins").inputs == {"fit": "smooth", "head": "head"}
    assert job.stage("arkit").inputs == {"fit": "pins", "head": "head"}
    assert job.stage("track").inputs == {"fit": "arkit"}
    assert default_job({}, ["pins"]).stage("track").inputs == {"fit": "pins"}
    assert default_job({}, ["arkit"]).stage("arkit").inputs == {"fit": "smooth", "head": "head"}
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
        ({"clip": {"kind": []}}, "job-kind", ["'clip'", "[]"]),
        ({"clip": {"kind": {"a": [1] * 10_000}}}, "job-kind", ["'clip'"]),
        ({"clip": {"name": "\ud800"}}, "job-stage", ["number 1"]),
        ({"clip": {"settings": {"path": "a\0.mp4"}}}, "bad-setting", ["'clip'", "'path'"]),
        ({"clip": {"settings": {"path": "\ud800.mp4"}}}, "bad-setting", ["'clip'", "'path'"]),
        ({"clip": {"settings": {"path": "a" * 5000}}}, "bad-setting", ["'clip'", "255"]),
        ({"clip": {"settings": {"path": "~nobody of this name/a.mp4"}}}, "bad-setting", ["'clip'", "user of this"]),
        ({"clip": {"settings": {"first_frame": 10**30}}}, "bad-setting", ["'clip'", "at most"]),
        ({"clip": {"settings": {"stride": {"a": 1}}}}, "bad-setting", ["'clip'", "'stride'"]),
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
    assert len(str(result)) < 600 and str(result).isprintable()


def test_stages_that_wait_for_each_other() -> None:
    loop = [
        {"name": "one", "kind": "smooth", "inputs": {"fit": "two"}},
        {"name": "two", "kind": "smooth", "inputs": {"fit": "one"}},
    ]
    result = parsed(loop)
    assert isinstance(result, Failure) and result.code == "job-cycle"
    assert "one, two" in result.sentence


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "[]",
        "{}",
        '{"schema": 1}',
        '{"schema": 99, "stages": []}',
        '{"schema": [[[[[]]]]], "stages": []}',
        "null",
        "[" * 100_000,
        '{"schema": ' + "9" * 10_000 + "}",
    ],
)
def test_what_is_no_job_is_refused(text: str) -> None:
    result = parse_job(text)
    assert isinstance(result, Failure) and result.advice


def test_a_job_without_stages_is_refused() -> None:
    assert isinstance(parsed([]), Failure)


def test_the_name_of_a_video_may_be_no_utf_8() -> None:
    job = parsed(stages(clip={"settings": {"path": "caf\udce9.mp4"}}))
    assert isinstance(job, Job) and job.stage("clip").settings.path == "caf\udce9.mp4"


def test_choices_of_every_kind_of_json_are_refused_by_name() -> None:
    for kind, spec in STAGES.items():
        for option in options_of(spec.settings):
            for value in ([], {}, None, [[1]], 1e999, "\0"):
                entry = {"name": "x", "kind": kind, "settings": {option.name: value}}
                result = parsed([entry])
                assert isinstance(result, Failure) and f"'{option.name}'" in result.sentence, (kind, option.name, value)


def test_thousands_of_stages_are_refused_at_once() -> None:
    row = [{"name": f"s{n}", "kind": "smooth", "inputs": {"fit": f"s{n - 1}"}} for n in range(3000)]
    result = parsed(row)
    assert isinstance(result, Failure) and result.code == "job-too-long" and "3000" in result.sentence


def test_two_stages_do_not_write_one_file() -> None:
    job = default_job({})
    again = [
        *job.stages,
        Stage("again", "track", TrackFileSettings(path=f"./{TrackFileSettings().path}"), {"fit": "smooth"}),
    ]
    result = validate(again)
    assert isinstance(result, Failure) and result.code == "job-file"
    assert "'track'" in result.sentence and "'again'" in result.sentence
