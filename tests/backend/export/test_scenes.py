"""Files by a Blender that is started: which one, what it says, and that a fault leaves nothing; scripts stand in."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from backend.contract.failure import Failure, Notice
from backend.contract.settings import ExportSettings
from backend.contract.targets import Targets
from backend.data.context import Cancelled
from backend.export import blender_program
from backend.export.blender_program import find_blender, run_in_blender
from backend.export.scenes import write_scenes
from backend.stages import export

pytestmark = pytest.mark.skipif(os.name == "nt", reason="programs are shell scripts here")

SIGN_OF_LIFE = """echo '{"event":"progress","name":"","done":0,"total":2}'\n"""
WRITES = """
while [ $# -gt 0 ]; do
  if [ "$1" = --target ]; then echo "made" > "$3/take.$2"; fi
  shift
done
"""
NOTICE = """echo '{"event":"notice","name":"gltf","code":"export-zoom","sentence":"It zooms.","advice":"Use USD."}'\n"""
DONE = """echo 'Blender quit'; echo '{"event":"done","outputs":{}}'\n"""


def program(folder: Path, body: str, name: str = "blender") -> Path:
    """A program that behaves like a Blender."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}")
    path.chmod(0o755)
    return path


def settings_for(blender: Path) -> ExportSettings:
    return ExportSettings(gltf=True, usd=True, rig=True, blender=str(blender))


def written(folder: Path, blender: Path, **hearing) -> dict[str, Path] | Failure:
    out = folder / "out" / "export"
    folders = {name: out / name for name in ("gltf", "usd")}
    hearing.setdefault("tell", lambda _notice: None)
    return write_scenes(folder / "track.npz", "Anna's take", settings_for(blender), folders, Targets(), **hearing)


def test_one_start_of_blender_writes_all_formats(tmp_path: Path) -> None:
    starts = tmp_path / "starts.txt"
    blender = program(tmp_path, f'echo "$@" >> {starts}\n' + SIGN_OF_LIFE + NOTICE + WRITES + DONE)
    notices, progress = [], []
    done = written(tmp_path, blender, tell=notices.append, progress=lambda *numbers: progress.append(numbers))
    assert isinstance(done, dict) and list(done) == ["gltf", "usd"]
    assert (done["gltf"] / "take.gltf").is_file() and (done["usd"] / "take.usd").is_file()
    assert notices == [Notice("export-zoom", "It zooms.", "Use USD.")] and progress == [(0, 2)]
    (start,) = starts.read_text().splitlines()
    assert start.startswith("--background --factory-startup ") and "--rig" in start and "--name Anna-s-take" in start
    assert sorted(path.name for path in (tmp_path / "out" / "export").iterdir()) == ["gltf", "usd"]


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        ("exit 0", "not-a-blender", "is no Blender that can do this."),
        ("echo unknown option >&2; exit 2", "not-a-blender", "unknown option"),
        (SIGN_OF_LIFE + WRITES + "kill -SEGV $$", "blender-crashed", "ended in the middle of its work"),
        (SIGN_OF_LIFE + "echo 'bad alloc'; exit 11", "blender-crashed", "its work: bad alloc."),
        (SIGN_OF_LIFE + DONE, "export-empty", "wrote nothing for gltf"),
        (
            """echo '{"event":"error","code":"blender-too-old","sentence":"It is old.","advice":"Get 4.2."}'; exit 1""",
            "blender-too-old",
            "It is old.",
        ),
    ],
)
def test_what_goes_wrong_in_blender_is_a_sentence_and_leaves_nothing(
    tmp_path: Path, body: str, code: str, words: str
) -> None:
    failure = written(tmp_path, program(tmp_path, body))
    assert isinstance(failure, Failure) and failure.code == code and words in failure.sentence, failure
    assert not (tmp_path / "out").exists()


def test_a_file_that_cannot_be_started_is_named(tmp_path: Path) -> None:
    path = tmp_path / "blender"
    path.write_bytes(b"\x7fELF no program")
    path.chmod(0o755)
    failure = written(tmp_path, path)
    assert isinstance(failure, Failure) and failure.code == "blender-not-started" and not (tmp_path / "out").exists()


def test_an_earlier_export_stays_whole_where_blender_fails(tmp_path: Path) -> None:
    written(tmp_path, program(tmp_path, WRITES + DONE))
    before = sorted((tmp_path / "out").rglob("*"))
    assert isinstance(written(tmp_path, program(tmp_path, SIGN_OF_LIFE + "exit 1")), Failure)
    assert sorted((tmp_path / "out").rglob("*")) == before


def test_blender_is_ended_when_the_user_cancels(tmp_path: Path) -> None:
    number = tmp_path / "number.txt"
    blender = program(tmp_path, f"echo $$ > {number}\n{SIGN_OF_LIFE}exec sleep 300")

    def check() -> None:
        if number.exists() and number.read_text().strip():
            raise Cancelled

    with pytest.raises(Cancelled):
        written(tmp_path, blender, check=check)
    with pytest.raises(ProcessLookupError):
        os.kill(int(number.read_text()), 0)
    assert not (tmp_path / "out").exists()


def test_a_blender_that_says_nothing_is_ended(tmp_path: Path) -> None:
    failure = run_in_blender(program(tmp_path, "exec sleep 300"), [], lambda _event: None, lambda: None, silence=0.5)
    assert failure is not None and failure.code == "blender-stuck"


def test_blender_is_the_one_that_is_named_or_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "blender-5.2"
    folder.mkdir()
    inside, other = program(folder, ""), program(tmp_path, "")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv(blender_program.VARIABLE, raising=False)
    assert find_blender() == other
    monkeypatch.setenv(blender_program.VARIABLE, str(folder))
    assert find_blender() == inside and find_blender(str(other)) == other
    monkeypatch.setenv(blender_program.VARIABLE, str(tmp_path / "gone"))
    gone = find_blender()
    assert isinstance(gone, Failure) and "gone" in gone.sentence


def test_a_run_is_refused_before_its_work_where_there_is_no_blender(tmp_path: Path) -> None:
    settings = ExportSettings(usd=True, blender=str(tmp_path / "none"))
    failure = export.check(settings)
    assert failure is not None and failure.code == "blender-not-found"
    assert export.check(replace(settings, usd=False, camera=True)) is None
