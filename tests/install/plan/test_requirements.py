"""The pinned lists: complete, of one mind, and with exactly one OpenCV."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from backend.contract.failure import Failure
from backend.setup.plan.requirements import Purpose, read_purpose

FOLDER = Path(__file__).resolve().parents[3] / "requirements"
NAMES = sorted(path.stem for path in FOLDER.glob("*.txt"))


def purpose(name: str) -> Purpose:
    result = read_purpose(FOLDER, name)
    assert isinstance(result, Purpose), result
    return result


def test_there_is_a_list_for_every_purpose() -> None:
    assert NAMES == ["blender-4.2", "blender-4.5", "blender-5.0", "development", "engine", "farm"]


@pytest.mark.parametrize("name", NAMES)
def test_every_line_is_a_pin(name: str) -> None:
    lines = purpose(name).file.read_text(encoding="utf-8").splitlines()
    packages = [line for line in lines if line and not line.startswith("#")]
    assert [line for line in packages if not re.match(r"[A-Za-z0-9._-]+==[0-9][\w.]*(; |$)", line)] == []
    assert len(packages) == len(purpose(name).pins)


def test_lists_that_share_an_environment_agree() -> None:
    seen: dict[str, str] = {}
    for name in ("engine", "blender-4.5", "development", "farm"):
        for package, version in purpose(name).pins.items():
            assert seen.setdefault(package, version) == version, package


def test_there_is_exactly_one_opencv() -> None:
    assert [name for name in purpose("engine").pins if name.startswith("opencv")] == ["opencv-python"]


def test_a_comment_costs_nobody_a_new_environment(tmp_path: Path) -> None:
    for name in ("engine.txt", "purposes.json", "check_engine.py"):
        (tmp_path / name).write_bytes((FOLDER / name).read_bytes())
    before = read_purpose(tmp_path, "engine")
    text = (tmp_path / "engine.txt").read_text(encoding="utf-8")
    (tmp_path / "engine.txt").write_bytes(("# Said better.\n" + text).replace("\n", "\r\n").encode())
    after = read_purpose(tmp_path, "engine")
    assert isinstance(before, Purpose)
    assert isinstance(after, Purpose)
    assert before.fingerprint == after.fingerprint
    (tmp_path / "engine.txt").write_text(text.replace("numpy==", "numpy==9"), encoding="utf-8")
    changed = read_purpose(tmp_path, "engine")
    assert isinstance(changed, Purpose)
    assert changed.fingerprint != before.fingerprint


def test_a_damaged_list_is_refused(tmp_path: Path) -> None:
    missing = read_purpose(tmp_path, "engine")
    assert isinstance(missing, Failure) and missing.code == "requirements-missing"
    (tmp_path / "engine.txt").write_text("torch==2.13.0\n", encoding="utf-8")
    (tmp_path / "check.py").touch()
    for facts in ("", "[]", "{}", '{"engine": {"pythons": ["3.11"]}}', '{"engine": {"gigabytes": "2", "pythons": []}}'):
        (tmp_path / "purposes.json").write_text(facts, encoding="utf-8")
        failure = read_purpose(tmp_path, "engine")
        assert isinstance(failure, Failure) and failure.code == "requirements-damaged", facts
        assert "purposes.json" in failure.sentence
    facts = '{"engine": {"gigabytes": 2, "pythons": ["3.11"], "check": "check.py", "files_only": ["Media_Pipe"]}}'
    (tmp_path / "purposes.json").write_text(facts, encoding="utf-8")
    whole = read_purpose(tmp_path, "engine")
    assert isinstance(whole, Purpose) and whole.files_only == ("media-pipe",)
