"""The command ``identity`` and the flag ``--identity-clips``."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from backend.cli.identity import main
from backend.cli.track import main as track
from backend.contract.identity_file import KnownIdentity, read_identity, write_identity
from backend.contract.options import SEPARATOR
from backend.export.mesh_file import obj_text
from backend.head.builtin import builtin_head
from backend.head.model import HeadModel


@pytest.fixture(scope="module")
def head() -> HeadModel:
    return builtin_head()


@pytest.fixture
def person(head: HeadModel, tmp_path: Path) -> Path:
    path = tmp_path / "anna.identity.json"
    coefficients = np.zeros(head.identity_basis.shape[2])
    assert write_identity(path, KnownIdentity(head.summary(), coefficients, head.template)) is None
    return path


def run(tmp_path: Path, *arguments: str | Path) -> int:
    return main([*map(str, arguments), "--cache", str(tmp_path / "cache"), "--models", str(tmp_path / "models")])


def test_a_mode_is_changed_by_its_name(person: Path, head: HeadModel, tmp_path: Path) -> None:
    out = tmp_path / "longer.identity.json"
    assert run(tmp_path, person, "--change", "nose_length=1.5", "--change", "jaw_width=-0.5", "--out", out) == 0
    written = read_identity(out)
    assert isinstance(written, KnownIdentity)
    assert written.changes == {"nose_length": 1.5, "jaw_width": -0.5}
    assert np.abs(written.neutral - head.template).max() > 0.001


def test_a_sculpted_head_is_read_from_a_mesh_file(person: Path, head: HeadModel, tmp_path: Path) -> None:
    sculpted = head.template.copy()
    sculpted[np.asarray(head.regions["nose"]), 2] += 0.005
    (tmp_path / "head.obj").write_text(obj_text(head, sculpted), "utf-8")
    out = tmp_path / "sculpted.identity.json"
    assert run(tmp_path, person, "--sculpted", tmp_path / "head.obj", "--out", out) == 0
    written = read_identity(out)
    assert isinstance(written, KnownIdentity)
    np.testing.assert_allclose(written.neutral, sculpted, atol=2e-6)


def test_modes_are_written_for_blender(person: Path, head: HeadModel, tmp_path: Path) -> None:
    assert run(tmp_path, person, "--write-modes", tmp_path / "modes.npz") == 0
    with np.load(tmp_path / "modes.npz", allow_pickle=False) as file:
        number = int(file["numbers"][list(file["names"]).index("nose_length")])
        np.testing.assert_allclose(
            file["modes"][list(file["names"]).index("nose_length")], head.identity_basis[:, :, number], atol=1e-7
        )


def test_a_mode_that_there_is_not_ends_in_a_sentence(
    person: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "x.identity.json"
    assert run(tmp_path, person, "--change", "nose_colour=1", "--out", out) == 1
    assert "nose_colour" in capfd.readouterr().err
    assert not out.exists()


def test_an_amount_that_makes_no_head_is_refused(person: Path, tmp_path: Path) -> None:
    out = tmp_path / "x.identity.json"
    with pytest.raises(SystemExit) as ended:
        run(tmp_path, person, "--change", "nose_length=1e300", "--out", out)
    assert ended.value.code == 2 and not out.exists()


def test_somebody_elses_file_is_not_replaced(person: Path, tmp_path: Path) -> None:
    out = tmp_path / "mine.identity.json"
    out.write_text("{}", "utf-8")
    assert run(tmp_path, person, "--out", out) == 1
    assert out.read_text("utf-8") == "{}"


def test_several_clips_become_one_setting_of_absolute_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = ["a.mp4", "--identity-clips", "b.mp4", "c.mp4", "--out", "out", "--write-job", "job.json"]
    assert track(arguments) == 0
    stages = json.loads((tmp_path / "job.json").read_text("utf-8"))["stages"]
    clips = next(stage for stage in stages if stage["kind"] == "head")["settings"]["identity_clips"]
    assert clips.split(SEPARATOR) == ["b.mp4", "c.mp4"]  # seen from the job file's folder
