"""The projects whose lock files become the tables of packages."""

from __future__ import annotations

from pathlib import Path

import tomllib

from backend.setup.plan.requirements import Purpose, read_purpose
from tools.lock_requirements import project

FOLDER = Path(__file__).resolve().parents[2] / "requirements"


def test_what_a_package_asks_for_is_not_locked_where_only_its_files_are_read() -> None:
    engine = read_purpose(FOLDER, "engine")
    assert isinstance(engine, Purpose)
    pins = ["mediapipe==0.10.21", "colorama==0.4.6; sys_platform == 'win32'"]
    content = tomllib.loads(project(pins, engine.pythons, engine, ["triton==3.7.1"]))
    assert content["project"]["dependencies"] == pins
    assert content["project"]["requires-python"] == ">=3.11,<3.13"
    assert content["tool"]["uv"]["constraint-dependencies"] == ["triton==3.7.1"]
    left_out = [{"name": "mediapipe", "version": "0.10.21", "requires-dist": []}]
    assert content["tool"]["uv"]["dependency-metadata"] == left_out
