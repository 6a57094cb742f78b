"""`models`: what lies in a folder of models, what its licences allow, and what is wrong with it."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from flame_writing import flame_content

from backend.cli.main import main
from backend.examine.inventory import Entry, inventory
from backend.examine.model_file import FileReport, examine
from backend.examine.separate_process import Limits, examine_separately
from backend.regress.deca import DecaEncoder

FIELDS = {
    *("name", "file", "kind", "version", "adds", "licence", "licence_name", "licence_source", "commercial"),
    *("present", "usable", "problem", "advice", "url"),
}


OPTIONAL = ("FLAME_texture.npz", "FLAME_albedo_from_BFM.npz", "79999_iter.pth", "mica.tar", "deca_model.tar")


def listed(folder: Path) -> dict[str, Entry]:
    """What is in the folder; looked at in this process, which is faster than in one apart."""
    entries = inventory(folder, lambda paths: {path: examine(path) for path in paths})
    return {Path(entry.file).name or "built-in": entry for entry in entries}


def write_head(path: Path) -> None:
    np.savez(path, **{name: np.asarray(value) for name, value in _plain(flame_content()).items()})


def _plain(content: dict) -> dict:
    return {**content, "J_regressor": content["J_regressor"].toarray()}


def test_an_empty_folder_still_has_a_head_and_says_where_the_landmarks_are(tmp_path: Path) -> None:
    found = listed(tmp_path)
    assert list(found) == ["built-in", "face_landmarker.task", *OPTIONAL]
    assert found["built-in"].usable and found["built-in"].licence.commercial is True
    task = found["face_landmarker.task"]
    assert not task.usable and not task.present and task.url.startswith("https://ai.google.dev/")


@pytest.mark.parametrize(
    ("name", "version", "commercial"),
    [
        ("flame2023_Open.npz", "FLAME 2023 Open", True),
        ("flame2023.npz", "FLAME 2023", False),
        ("generic_model.npz", "FLAME 2017/2019/2020", False),
        ("somebody.npz", "FLAME-layout head", None),
    ],
)
def test_a_licence_says_in_plain_words_whether_commercial_work_is_allowed(
    name: str, version: str, commercial: bool | None, tmp_path: Path
) -> None:
    write_head(tmp_path / name)
    entry = listed(tmp_path)[name]
    assert entry.usable and entry.version == version
    assert entry.licence.commercial is commercial
    assert ("ommercial" in entry.licence.sentence) is (commercial is not None)


def test_damaged_files_are_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "flame2023.pkl").write_bytes(b"\x80\x04 cut off")
    (tmp_path / "face_landmarker.task").write_bytes(b"no archive")
    (tmp_path / "l_eyelid.npy").write_bytes(b"x")
    np.savez(tmp_path / "FLAME_texture.npz", mean=np.zeros(3))
    found = listed(tmp_path)
    for name in ("flame2023.pkl", "face_landmarker.task", "l_eyelid.npy", "FLAME_texture.npz"):
        entry = found[name]
        assert entry.present and not entry.usable, name
        assert entry.problem.endswith(".") and entry.advice.endswith(".") and entry.url.startswith("https://")


def test_optional_files_are_listed_with_what_they_add_even_where_they_are_not_there(tmp_path: Path) -> None:
    found = listed(tmp_path)
    for name in OPTIONAL:
        entry = found[name]
        assert not entry.present and not entry.usable
        assert entry.adds and entry.url.startswith("https://") and "optional" in entry.advice
        assert entry.licence.commercial is False, "all of them are for research"


def test_weights_are_looked_into_and_need_their_head(tmp_path: Path) -> None:
    torch.save({"E_flame": {"layers.0.bias": torch.zeros(1024)}}, tmp_path / "deca_model.tar")
    torch.save({"arcface": {}}, tmp_path / "mica.tar")
    torch.save({"some.weight": torch.zeros(3)}, tmp_path / "79999_iter.pth")
    found = listed(tmp_path)
    assert "lacks 'encoder.conv1.weight'" in found["deca_model.tar"].problem
    assert "no part 'flameModel'" in found["mica.tar"].problem
    assert "has the unexpected 'some.weight'" in found["79999_iter.pth"].problem
    with torch.device("meta"):
        layout = DecaEncoder().state_dict()
    right = {name: torch.zeros((), dtype=value.dtype).expand(value.shape) for name, value in layout.items()}
    torch.save({"E_flame": right}, tmp_path / "deca_model.tar")
    assert "only works with the head FLAME 2020" in listed(tmp_path)["deca_model.tar"].problem
    write_head(tmp_path / "generic_model.npz")
    entry = listed(tmp_path)["deca_model.tar"]
    assert entry.usable and entry.kind == "guess"


def test_texture_spaces_are_told_by_their_arrays(tmp_path: Path) -> None:
    write_head(tmp_path / "flame2023.npz")
    texels = 512 * 512 * 3
    np.savez(tmp_path / "FLAME_albedo_from_BFM.npz", MU=np.zeros(texels, np.float16), PC=np.zeros((texels, 1), np.int8))
    np.savez(tmp_path / "FLAME_texture.npz", mean=np.zeros(12), tex_dir=np.zeros((12, 2)))
    found = listed(tmp_path)
    assert found["FLAME_albedo_from_BFM.npz"].usable
    assert "'mean' of shape (12,)" in found["FLAME_texture.npz"].problem


def test_nothing_in_a_file_is_run(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "sprung",))

    for name in ("generic_model.pkl", "FLAME_masks.pkl"):
        (tmp_path / name).write_bytes(pickle.dumps({"v_template": Trap()}))
    for name in ("mica.tar", "deca_model.tar", "79999_iter.pth"):
        torch.save({"E_flame": Trap()}, tmp_path / name)
    found = listed(tmp_path)
    assert all(not entry.usable for name, entry in found.items() if name != "built-in")
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04", b"\x80\x02cnumpy\ndtype\nX\x05\0\0\0(,)i4\x85R.", b"\x80\x02c"]
)
def test_bad_files_of_every_name_leave_the_others_in_the_list(content: bytes, tmp_path: Path) -> None:
    write_head(tmp_path / "flame2023_Open.npz")
    names = ("generic_model.pkl", "z.npz", "face_landmarker.task", "FLAME_masks.pkl", "head_template.obj", *OPTIONAL)
    for name in names:
        (tmp_path / name).write_bytes(content)
    found = listed(tmp_path)
    assert found["flame2023_Open.npz"].usable
    for name in names:
        assert found[name].present and not found[name].usable, name
        assert name in found[name].problem and found[name].advice


def test_an_archive_that_nobody_unpacked_is_said(tmp_path: Path) -> None:
    (tmp_path / "FLAME2020.zip").write_bytes(b"PK")
    entry = listed(tmp_path)["FLAME2020.zip"]
    assert entry.present and not entry.usable
    assert entry.problem == "It is still zipped." and entry.advice.startswith("Unzip it here")


def test_folders_of_the_research_tracker_are_listed(tmp_path: Path) -> None:
    (tmp_path / "FLAME2020").mkdir()
    write_head(tmp_path / "FLAME2020" / "generic_model.npz")
    (tmp_path / "face_landmarker_v2_with_blendshapes.task").write_bytes(b"no archive")
    found = listed(tmp_path)
    assert found["generic_model.npz"].usable and found["generic_model.npz"].version == "FLAME 2020"
    assert found["face_landmarker_v2_with_blendshapes.task"].present
    assert "face_landmarker.task" not in found


class _Process:
    """A file's name decides what becomes of the process that looks at it."""

    CODE = """
import json, os, sys, time
from pathlib import Path
from typing import Any
from backend.examine import __main__ as apart, model_file
from backend.examine.model_file import FileReport
def look(path):
    if "dies" in path.name: os.kill(os.getpid(), 11)
    if "hangs" in path.name: time.sleep(600)
    if "eats" in path.name:
        whole = []
        try:
            while True: whole.append(bytes(64 << 20))
        except MemoryError:
            os._exit(77)
    if "talks" in path.name: print("a library says something")
    return FileReport("seen")
apart.examine = look
apart.main(int(sys.argv[1]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="signals of POSIX, and Linux's limit on memory")
def test_a_file_that_ends_or_stops_the_process_is_named_and_the_others_are_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = subprocess.Popen

    def instead(command: list[str], **options: Any) -> Any:
        return start([sys.executable, "-c", _Process.CODE, command[-1]], **options)

    monkeypatch.setattr("backend.examine.separate_process.subprocess.Popen", instead)
    paths = [tmp_path / name for name in ("first", "dies", "talks", "hangs", "eats", "last")]
    found = examine_separately(paths, Limits(seconds=8.0, memory=1 << 30))
    assert list(found) == paths
    assert [path.name for path in paths if found[path] == FileReport("seen")] == ["first", "talks", "last"]
    assert "crashed the process" in found[paths[1]].problem
    assert "takes too long" in found[paths[3]].problem
    assert "too much memory" in found[paths[4]].problem
    assert all(
        found[path].problem.startswith(f"{path.name} cannot be used: ") for path in (paths[1], paths[3], paths[4])
    )


def test_the_process_that_looks_at_files_ends_with_the_one_that_asked() -> None:
    command = [sys.executable, "-c", _Process.CODE, str(1 << 30)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(b'["first", "hangs"]\n')
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["version"] == "seen"
        process.stdin.close()
        assert process.wait(timeout=60) == 1


def test_the_command_tells_it_as_events_and_as_a_table(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.cli.session.watch_input", lambda stop: None)  # pytest has closed standard input
    write_head(tmp_path / "flame2023.npz")
    flags = ["--models", str(tmp_path), "--cache", str(tmp_path / "cache")]
    assert main(["models", "--events", *flags]) == 0
    events = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert [events[0]["event"], events[-1]["event"]] == ["hello", "done"]
    assert [set(model) for model in events[-1]["models"]] == [FIELDS] * (3 + len(OPTIONAL))
    assert main(["models", *flags]) == 0
    shown = capfd.readouterr().out
    assert "flame2023.npz" in shown and "Max Planck" in shown and "face_landmarker.task is missing" in shown
