"""`models`: what lies in a folder of models, what its licences allow, and what is wrong with it."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from flame_writing import flame_content

from backend.cli.main import main
from backend.cli.models import file_checks
from backend.head.inventory import Entry, inventory
from backend.regress.deca import DecaEncoder

FIELDS = {
    *("name", "file", "kind", "version", "adds", "licence", "licence_name", "licence_source", "commercial"),
    *("present", "usable", "problem", "advice", "url"),
}


OPTIONAL = ("FLAME_texture.npz", "FLAME_albedo_from_BFM.npz", "79999_iter.pth", "mica.tar", "deca_model.tar")


def listed(folder: Path) -> dict[str, Entry]:
    return {Path(entry.file).name or "built-in": entry for entry in inventory(folder, file_checks())}


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
    assert "has 'some.weight' too many" in found["79999_iter.pth"].problem
    with torch.device("meta"):
        layout = DecaEncoder().state_dict()
    right = {name: torch.zeros((), dtype=value.dtype).expand(value.shape) for name, value in layout.items()}
    torch.save({"E_flame": right}, tmp_path / "deca_model.tar")
    assert "FLAME 2020 alone" in listed(tmp_path)["deca_model.tar"].problem
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
    assert "flame2023.npz" in shown and "Max Planck" in shown and "face_landmarker.task is not there" in shown
