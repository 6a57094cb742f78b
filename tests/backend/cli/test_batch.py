"""The command ``batch``: many shots, stopped and resumed, some of them broken, and the page about all."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import sys
from pathlib import Path
from urllib.parse import unquote

import pytest
from cli_helpers import backend
from fake_batch import FakeBatch
from fake_stages import make_clip
from shared_data import DATA
from small_videos import write_video

from backend.batch.inputs import shots_of
from backend.batch.shot import Shot

VIDEOS = DATA / "videos"
LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks /proc who works on a shot")
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="signals and links are POSIX's")


@pytest.fixture
def batch(tmp_path: Path) -> FakeBatch:
    return FakeBatch(tmp_path)


def test_each_shot_gets_a_folder_and_the_manifest_says_what_is_in_it(batch: FakeBatch) -> None:
    batch.add("anna")
    batch.add("ben")
    code, _, error = batch()
    assert code == 0, error
    assert batch.states() == {"anna": "done", "ben": "done"}
    shot = batch.shots()["anna"]
    assert shot["faces"][0]["artefacts"]["track"] == "anna/track.npz"
    assert shot["input"] == "../clips/anna/anna.clip"
    assert (batch.out / "anna" / "track.npz").is_file() and (batch.out / "batch.html").is_file()
    assert not (batch.out / "anna" / "engine.log").exists(), "of a shot that is well no log stays"


@LINUX
def test_twelve_shots_one_of_whose_workers_is_killed_are_all_done(batch: FakeBatch) -> None:
    for number in range(11):
        batch.add(f"shot{number:02d}")
    batch.add("victim", seconds=1.0)
    process = batch.start("--workers", "2", "--events", "--retry-failed")
    assert process.stdout is not None
    killed = 0
    for line in process.stdout:
        event = json.loads(line)
        if event["event"] == "progress" and event["name"] == "victim" and event["done"] > 0 and not killed:
            killed = _pid_of_worker(process.pid, "victim")
            os.kill(killed, signal.SIGKILL)
    assert process.wait(timeout=60) == 0
    assert killed and set(batch.states().values()) == {"done"} and len(batch.states()) == 12
    assert batch.shots()["victim"]["starts"] == 2
    assert [shot["starts"] for name, shot in batch.shots().items() if name != "victim"] == [1] * 11


def test_a_worker_that_dies_twice_fails_its_shot_alone(batch: FakeBatch) -> None:
    batch.add("anna")
    batch.add("doomed", dies=True)
    batch.add("zoe")
    code, _, error = batch()
    assert code == 1
    assert batch.states() == {"anna": "done", "doomed": "failed", "zoe": "done"}
    failed = batch.shots()["doomed"]
    assert failed["failure"]["code"] == "worker-died" and failed["starts"] == 2
    assert "twice" in failed["failure"]["sentence"] and "--retry-failed" in failed["failure"]["advice"]
    assert "One of 3 shots failed." in error


@POSIX
def test_a_driver_that_is_killed_is_taken_up_where_it_was(batch: FakeBatch) -> None:
    for name in ("anna", "ben", "carl"):
        batch.add(name)
    batch.add("long", seconds=2.0)
    process = batch.start("--workers", "1")
    batch.wait_for("carl/track.npz", "long/job.json")
    process.kill()
    process.communicate()
    assert batch.states()["long"] in ("waiting", "running")
    batch.worked_on()
    code, events, _ = batch("--events")
    assert code == 0
    assert batch.states() == {"anna": "skipped", "ben": "skipped", "carl": "skipped", "long": "done"}
    assert batch.worked_on() <= {"long"}
    assert events[-1]["shots"] == {"done": 1, "skipped": 3}


@POSIX
def test_ctrl_c_ends_the_workers_and_leaves_a_manifest_to_go_on_from(batch: FakeBatch) -> None:
    batch.add("anna")
    batch.add("slow", seconds=60.0)
    process = batch.start("--workers", "1")
    batch.wait_for("slow/job.json")
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=30)
    assert process.returncode == 130
    assert error.endswith("Stopped. Finished work is kept; run the same command again to continue.\n")
    assert batch.states() == {"anna": "done", "slow": "waiting"}
    assert not (batch.out / ".batch.lock").exists()


def test_a_line_cancel_stops_the_batch(batch: FakeBatch) -> None:
    batch.add("slow", seconds=60.0)
    process = batch.start("--events")
    batch.wait_for("slow/job.json")
    output, _ = process.communicate("cancel\n", timeout=30)
    assert process.returncode == 130
    assert json.loads(output.splitlines()[-1]) == {"event": "cancelled"}
    assert batch.states() == {"slow": "waiting"}


def test_only_what_has_changed_is_tracked_again(batch: FakeBatch) -> None:
    for name in ("same", "touched", "emptied"):
        batch.add(name)
    assert batch()[0] == 0
    batch.worked_on()
    batch.clips["touched"].write_text('{"seconds": 0.01}', "utf-8")
    (batch.out / "emptied" / "track.npz").unlink()
    batch.add("new", seconds=0.02)
    assert batch()[0] == 0
    assert batch.states() == {"same": "skipped", "touched": "done", "emptied": "done", "new": "done"}
    assert batch.worked_on() == {"touched", "new"}, "of the emptied one only its files are written again"
    assert batch("--smooth-pose", "0.5")[0] == 0
    assert set(batch.states().values()) == {"done"}, "another setting concerns all"


def test_a_failed_shot_is_tried_again_when_it_has_changed_or_when_asked(batch: FakeBatch) -> None:
    clip = batch.add("faceless", no_face=True)
    code, _, error = batch()
    assert (code, batch.states()) == (1, {"faceless": "failed"})
    assert "No face was found." in error
    batch.worked_on()
    assert batch()[0] == 1 and batch.worked_on() == set()
    assert batch("--retry-failed")[0] == 1 and batch.worked_on() == {"faceless"}
    clip.write_text("{}", "utf-8")
    assert batch()[0] == 0 and batch.states() == {"faceless": "done"}


def test_events_name_every_shot_and_the_whole(batch: FakeBatch) -> None:
    batch.add("anna", seconds=0.5)
    batch.add("faceless", no_face=True)
    code, events, _ = batch("--events", "--workers", "2")
    assert code == 1
    job = next(event for event in events if event["event"] == "job")
    assert [stage["name"] for stage in job["stages"]] == ["anna", "faceless", "batch"]
    states = {event["name"]: event["state"] for event in events if event["event"] == "stage"}
    assert states == {"anna": "done", "faceless": "failed"}
    progress = [event for event in events if event["event"] == "progress"]
    assert {"anna", "batch"} <= {event["name"] for event in progress}
    assert all(0 <= event["done"] <= event["total"] for event in progress)
    assert events[-1]["event"] == "error" and events[-1]["code"] == "batch-shots-failed"
    assert events[-1]["shots"] == {"done": 1, "failed": 1}
    assert Path(events[-1]["outputs"]["page"]).is_file()


def test_a_missing_file_is_named_and_the_others_are_tracked(batch: FakeBatch) -> None:
    batch.add("anna")
    batch.write_list("gone.mp4", "clips/anna/anna.clip", "clips/anna/anna.clip")
    code, *_ = batch()
    assert (code, batch.states()) == (1, {"gone": "failed", "anna": "done"})
    assert "gone.mp4" in batch.shots()["gone"]["failure"]["sentence"]
    batch.write_list("~nobody-of-this-name/a.mp4", '"clips/anna/anna.clip"')
    assert batch()[0] == 1 and batch.states() == {"a": "failed", "anna": "skipped"}


def test_a_failure_of_the_list_itself_is_one_sentence(batch: FakeBatch) -> None:
    for content, words in ((b"# nothing\n", "names no shots"), (b"\xff\xfe\x00", "is not a text file")):
        batch.list.write_bytes(content)
        code, _, error = batch()
        assert code == 1 and words in error and error.count("\n") == 1
    assert "is one clip" in batch(source=write_video(batch.folder / "a.mp4", frames=2))[2]
    assert "no video in" in batch(source=batch.folder / "cache")[2]
    assert not batch.out.exists()


def test_shots_of_one_name_get_folders_of_their_own_and_keep_them(batch: FakeBatch) -> None:
    for day in ("monday", "tuesday"):
        made = make_clip(batch.folder / day)
        made.rename(made.with_name("a.clip"))
    batch.write_list("tuesday/a.clip")
    assert batch()[0] == 0
    batch.write_list("monday/a.clip", "tuesday/a.clip")
    assert batch()[0] == 0
    assert batch.states() == {"monday_a": "done", "a": "skipped"}


def test_a_manifest_gives_each_shot_its_settings(batch: FakeBatch) -> None:
    batch.add("anna")
    shots = [
        {"input": "clips/anna/anna.clip", "name": "opening", "settings": {"smooth": {"pose": 0.5}}},
        "clips/anna/anna.clip",
    ]
    source = batch.folder / "shots.json"
    source.write_text(json.dumps({"schema": 1, "shots": shots}), "utf-8")
    assert batch(source=source)[0] == 0
    assert batch.shots()["opening"]["settings"] == {"smooth": {"pose": 0.5}}
    assert batch.shots()["anna"]["settings"] == {}
    job = json.loads((batch.out / "opening" / "job.json").read_text("utf-8"))
    assert [stage["settings"]["pose"] for stage in job["stages"] if stage["kind"] == "smooth"] == [0.5]
    assert batch(source=batch.out / "batch.json")[0] == 0, "what a batch wrote can be given to it"
    assert set(batch.states().values()) == {"skipped"}


@pytest.mark.parametrize(
    ("shot", "words"),
    [
        ({"input": "a.mp4", "settings": {"smooth": {"pose": "much"}}}, "'pose' must be"),
        ({"input": "a.mp4", "settings": {"video": {"path": "b.mp4"}}}, "follows from the shot's file and folder"),
        ({"input": "a.mp4", "settings": {"smoth": {}}}, "no kind of stage 'smoth'"),
        ({"name": "a"}, "Shot number 1"),
        ({"input": "a.mp4", "name": "../a"}, "cannot be the name of a shot's folder"),
        ({"input": "a.mp4", "name": "batch.html"}, "cannot be the name of a shot's folder"),
        ({"input": "a.mp4", "all_faces": True, "settings": {"face": {"choose": "number"}}}, "one face is chosen"),
    ],
)
def test_a_manifest_that_is_wrong_is_refused_with_a_sentence(batch: FakeBatch, shot: dict, words: str) -> None:
    source = batch.folder / "shots.json"
    source.write_text(json.dumps({"schema": 1, "shots": [shot]}), "utf-8")
    code, _, error = batch(source=source)
    assert code == 1 and words in error and "Traceback" not in error
    assert not (batch.out / "batch.json").exists()


@POSIX
def test_a_folder_is_searched_for_videos_and_sequences(tmp_path: Path) -> None:
    footage, out = tmp_path / "footage", tmp_path / "footage" / "results"
    files = ["b.mp4", "day1/a.MOV", "day1/notes.txt", ".hidden/c.mp4", ".d.mp4", "results/b/overlay.mp4"]
    files += [f"plates/shot_{number:04d}.png" for number in range(12)] + ["photos/img_1.jpg", "photos/img_2.jpg"]
    files += ["tape.mpg", "tape.mp4"]
    for name in files:
        (footage / name).parent.mkdir(parents=True, exist_ok=True)
        (footage / name).write_bytes(b"")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "c.mp4").touch()
    (footage / "link").symlink_to(tmp_path / "elsewhere")
    (footage / "link" / "back").symlink_to(footage)
    shots = shots_of(footage, Shot(Path(), {}), out)
    assert isinstance(shots, list)
    inputs = [shot.input.relative_to(footage).as_posix() for shot in shots]
    assert inputs == ["b.mp4", "tape.mpg", "day1/a.MOV", "link/c.mp4", "plates/shot_0000.png"]


def test_a_manifest_of_somebody_else_is_not_replaced(batch: FakeBatch) -> None:
    batch.add("anna")
    batch.out.mkdir()
    (batch.out / "batch.json").write_text('{"mine": true}', "utf-8")
    code, _, error = batch()
    assert code == 1 and "was not written by this program" in error
    assert (batch.out / "batch.json").read_text("utf-8") == '{"mine": true}'


def test_two_batches_do_not_work_in_one_folder(batch: FakeBatch) -> None:
    batch.add("slow", seconds=60.0)
    first = batch.start("--events")
    batch.wait_for("slow/job.json")
    code, _, error = batch()
    first.communicate("cancel\n", timeout=30)
    assert code == 1 and "Another batch is at work" in error


def test_the_page_can_be_moved_with_its_folder_and_needs_nothing_else(batch: FakeBatch) -> None:
    batch.add("<b>&'\"anna")
    batch.add("faceless", no_face=True)
    batch()
    page = (batch.out / "batch.html").read_text("utf-8")
    assert "<script" not in page and "http" not in page and str(batch.folder) not in page
    assert "No face was found. Choose another range." in page
    assert "<b>&'" not in page
    links = [link for link in re.findall(r'href="([^"#]*)"', page) if not link.startswith("#")]
    assert links and all((batch.out / unquote(link)).is_file() for link in links)


@pytest.mark.skipif(not (VIDEOS / "intel_headpose_female-and-male.gif").is_file(), reason="shared videos are missing")
def test_a_real_clip_of_two_people_beside_a_text_and_a_film_without_a_face(tmp_path: Path) -> None:
    clips, out = tmp_path / "clips", tmp_path / "out"
    clips.mkdir()
    shutil.copy(VIDEOS / "intel_headpose_female-and-male.gif", clips / "pair.gif")
    (clips / "notes.mp4").write_text("these are notes, not a film", "utf-8")
    write_video(clips / "colours.mp4", frames=5)
    flags = [
        "--out",
        out,
        "--cache",
        tmp_path / "cache",
        "--all-faces",
        "--last-frame",
        "3",
        "--no-overlay",
        "--quality",
        "draft",
    ]
    done = backend("batch", clips, *flags)
    assert done.returncode == 1 and "2 of 3 shots failed." in done.stderr, done.stderr
    shots = {shot["name"]: shot for shot in json.loads((out / "batch.json").read_text("utf-8"))["shots"]}
    assert [face["folder"] for face in shots["pair"]["faces"]] == ["pair/face1", "pair/face2"]
    assert all(face["figures"]["frames"]["tracked"] == 4 for face in shots["pair"]["faces"])
    assert "is a text" in shots["notes"]["failure"]["sentence"]
    assert "No face was found" in shots["colours"]["failure"]["sentence"]
    assert (out / "batch.html").read_text("utf-8").count("data:image/jpeg;base64,") == 3, "also of the film that failed"


def _pid_of_worker(driver: int, shot: str) -> int:
    """Number of the process that works on a shot, which has its job file among its arguments."""
    for process in Path("/proc").iterdir():
        try:
            words = (process / "cmdline").read_bytes().decode().split("\0")
            parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            continue
        if parent == driver and any(word.endswith(f"/{shot}/job.json") for word in words):
            return int(process.name)
    raise AssertionError(f"nobody works on {shot}")
