"""People who are named in several shots: one identity for all of them."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from report_tracks import a_track

from backend.batch.identity_step import prepare, settle
from backend.batch.joint_identity import joint_job
from backend.batch.keys import Keys
from backend.batch.manifest import earlier_people, write_manifest
from backend.batch.people import people_of
from backend.batch.plan import Plan, key_of, planned
from backend.batch.shared_identity import shared_head, worth_of
from backend.batch.shot import FaceResult, Shot
from backend.contract.failure import Failure
from backend.contract.job import STAGES, Job
from backend.contract.targets import Targets
from backend.contract.track import Track, read_track, write_track

SETTINGS = {kind: spec.settings() for kind, spec in STAGES.items()}


def shots(folder: Path, **people: str) -> list[Shot]:
    result = []
    for name, person in people.items():
        clip = folder / f"{name}.mp4"
        clip.touch()
        result.append(Shot(clip, SETTINGS, person=person))
    return result


def turning(degrees: float) -> Track:
    track = a_track(40)
    rotation = np.zeros((len(track), 3))
    rotation[:, 1] = np.radians(np.linspace(-degrees, degrees, len(track)))
    return dataclasses.replace(track, head_rotation=rotation)


def settled(plan: Plan, folder: Path, keys: Keys) -> None:
    """Settle the first person."""
    person = plan.people[0]
    settle(person, folder, {each.name: keys.key_of(each.shot) for each in person.records}, Targets())


def survey(plan: Plan, folder: Path, **degrees: float) -> None:
    """Let the surveys of the first person end, those that are named here with a track."""
    for name, record in plan.people[0].surveys.items():
        record.state = "done" if name in degrees else "failed"
        if name in degrees:
            (folder / record.name).mkdir(parents=True)
            write_track(folder / record.name / "track.npz", turning(degrees[name]))
            record.faces.append(FaceResult(record.name, {"track": f"{record.name}/track.npz"}))


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return Keys(tmp_path / "models")


def test_only_who_is_named_twice_is_looked_at_before(tmp_path: Path, keys: Keys) -> None:
    plan = planned(shots(tmp_path, a="Anna", b="Ben", c="", d="anna"), tmp_path / "out", keys, False)
    assert [(person.name, list(person.surveys)) for person in plan.people] == [("Anna", ["a", "d"])]
    assert [record.name for record in plan.surveys] == ["people/Anna/a", "people/Anna/d"]


def test_names_that_make_one_folder_stay_two_people(tmp_path: Path, keys: Keys) -> None:
    plan = planned(shots(tmp_path, a="A/B", b="A/B", c="A:B", d="A:B"), tmp_path / "out", keys, False)
    assert [person.file for person in people_of(plan.records)] == ["people/A_B.npz", "people/A_B-2.npz"]


def test_all_shots_get_one_identity_in_which_most_sides_count_most(tmp_path: Path, keys: Keys) -> None:
    out = tmp_path / "out"
    plan = planned(shots(tmp_path, a="Anna", b="Anna", c="Anna"), out, keys, False)
    survey(plan, out, a=5.0, b=40.0)
    person = plan.people[0]
    settled(plan, out, keys)
    assert person.source == "b" and set(person.made_of) == {"a", "b"}
    assert {record.identity for record in plan.records} == {"people/Anna.npz"}
    assert [file.name for file in (out / "people").iterdir()] == ["Anna.npz"], "what the surveys wrote is gone"
    assert isinstance(read_track(out / "people" / "Anna.npz"), Track)


def test_the_identity_is_a_mean_and_its_head_is_at_rest() -> None:
    still, moving = turning(0.0), turning(40.0)
    moving = dataclasses.replace(moving, identity=still.identity + 1.0, neutral_vertices=still.neutral_vertices + 1)
    shared = shared_head({"still": still, "moving": moving})
    assert shared is not None
    head, shares = shared
    assert shares["moving"] > 0.8 and sum(shares.values()) == pytest.approx(1.0)
    np.testing.assert_allclose(head.identity, still.identity + shares["moving"])
    np.testing.assert_allclose(head.vertices[0], still.neutral_vertices + shares["moving"], rtol=1e-5)
    assert len(head) == 1 and not head.jaw_pose.any() and not head.expression.any()


def test_a_shot_with_another_head_model_has_no_share() -> None:
    other = turning(0.0)
    model = {"model": {"name": "Another head", "sha256": "1"}}
    other = dataclasses.replace(other, header={**other.header, **model})
    shared = shared_head({"a": turning(40.0), "b": other})
    assert shared is not None and shared[1] == {"a": 1.0}


def test_a_small_face_tells_less() -> None:
    near, far = turning(30.0), turning(30.0)
    distance = np.array([0.0, 0.0, 10.0])
    far = dataclasses.replace(far, head_translation=np.tile(distance, (len(far), 1)))
    assert worth_of(far) < worth_of(near)


def test_without_any_face_there_is_no_identity(tmp_path: Path, keys: Keys) -> None:
    out = tmp_path / "out"
    plan = planned(shots(tmp_path, a="Anna", b="Anna"), out, keys, False)
    survey(plan, out)
    settled(plan, out, keys)
    assert plan.people[0].source == "" and {record.identity for record in plan.records} == {""}


def test_an_identity_stays_for_shots_that_are_added_and_goes_with_its_clips(tmp_path: Path, keys: Keys) -> None:
    out = tmp_path / "out"
    first = shots(tmp_path, a="Anna", b="Anna")
    plan = planned(first, out, keys, False)
    survey(plan, out, a=5.0, b=40.0)
    settled(plan, out, keys)
    write_manifest(out, plan.records, plan.people, 1, Targets())

    more = planned([*first, *shots(tmp_path, c="Anna")], out, keys, False)
    assert [record.identity for record in more.records] == ["people/Anna.npz"] * 3
    assert more.surveys == ()

    (tmp_path / "b.mp4").write_text("another take", "utf-8")
    again = planned(first, out, keys, False)
    assert [record.identity for record in again.records] == ["", ""]
    assert len(again.surveys) == 2


def test_shots_that_show_the_person_are_solved_together_each_as_it_was_asked_for(tmp_path: Path, keys: Keys) -> None:
    out = tmp_path / "out"
    asked = shots(tmp_path, a="Anna", b="Anna", c="Anna")
    asked[1] = dataclasses.replace(asked[1], added=("exclude", "texture"))
    plan = planned(asked, out, keys, False)
    survey(plan, out, a=5.0, b=40.0)
    work = prepare(plan.people[0], out)
    assert work is not None and work.name == "people/Anna-together"
    assert [shot.input.stem for shot in work.others] == ["b", "a"], "c shows nobody"
    job = joint_job(work.shot.settings, work.others, out / "track.npz")
    assert isinstance(job, Job)
    person = next(stage for stage in job.stages if stage.kind == "person")
    assert job.stage(person.inputs["landmarks"]).kind == "exclude"
    assert job.stage(person.inputs["landmarks 2"]).kind == "landmarks"
    assert job.stage("fit").inputs["head"] == "head" and job.stage("head").kind == "known_head"
    assert not {"report", "texture"} & {stage.kind for stage in job.stages}


def test_one_survey_alone_is_not_solved_again(tmp_path: Path, keys: Keys) -> None:
    out = tmp_path / "out"
    plan = planned(shots(tmp_path, a="Anna", b="Anna"), out, keys, False)
    survey(plan, out, a=5.0)
    assert prepare(plan.people[0], out) is None
    settled(plan, out, keys)
    assert (plan.people[0].source, plan.people[0].notices) == ("a", [])


def test_where_the_joint_solve_fails_the_mean_is_taken_and_said(tmp_path: Path, keys: Keys) -> None:
    out = tmp_path / "out"
    plan = planned(shots(tmp_path, a="Anna", b="Anna"), out, keys, False)
    survey(plan, out, a=5.0, b=40.0)
    work = prepare(plan.people[0], out)
    assert work is not None
    work.state, work.failure = "failed", Failure("torn", "It is torn.", "")
    settled(plan, out, keys)
    assert isinstance(read_track(out / "people" / "Anna.npz"), Track)
    (notice,) = plan.people[0].notices
    assert notice.sentence.startswith("Anna: the face shape is the mean") and "It is torn." in notice.sentence
    write_manifest(out, plan.records, plan.people, 1, Targets())
    assert earlier_people(out)["people/Anna.npz"].notices == [notice]


def test_shots_that_were_tracked_before_somebody_was_named_are_tracked_again(tmp_path: Path, keys: Keys) -> None:
    out = tmp_path / "out"
    before = shots(tmp_path, a="", b="", c="")
    plan = planned(before, out, keys, False)
    for record in plan.records:
        (out / record.name).mkdir(parents=True)
        (out / record.name / "track.npz").touch()
        record.state, record.key = "done", key_of(record, out, keys)
        record.faces = [FaceResult(record.name, {"track": f"{record.name}/track.npz"})]
    write_manifest(out, plan.records, plan.people, 1, Targets())
    named = [dataclasses.replace(shot, person="Anna") for shot in before[:2]]
    again = planned([*named, before[2]], out, keys, False)
    assert [record.state for record in again.records] == ["waiting", "waiting", "skipped"]
    assert list(again.people[0].surveys) == ["a", "b"]


def test_an_identity_is_found_anew_when_its_shots_turn_out_to_show_somebody_else(tmp_path: Path, keys: Keys) -> None:
    out = tmp_path / "out"
    plan = planned(shots(tmp_path, a="Anna", b="Anna", c="Ben", d="Ben"), out, keys, False)
    survey(plan, out, a=5.0, b=40.0)
    settled(plan, out, keys)
    write_manifest(out, plan.records, plan.people, 1, Targets())
    swapped = planned(shots(tmp_path, a="Ben", b="Ben", c="Anna", d="Anna"), out, keys, False)
    assert {record.identity for record in swapped.records} == {""} and len(swapped.surveys) == 4
    one = planned(shots(tmp_path, a="Anna", b="Ben", c="Anna", d="Ben"), out, keys, False)
    assert {record.identity for record in one.records} == {""} and len(one.surveys) == 4
