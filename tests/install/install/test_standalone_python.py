"""Fetching a Python of our own, for a computer that has none that fits."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from install_helpers import ROOT

from backend.contract.failure import Failure
from backend.contract.installation import Layout
from backend.setup.install.standalone_python import fetch
from backend.setup.plan.interpreters import Interpreter
from backend.setup.plan.sources import Sources
from backend.setup.plan.standalone_python import UV, source
from backend.setup.plan.wheels import read_wheels

FOLDER = ROOT / "requirements"


class Silent:
    def stage(self, name: str) -> None: ...

    def step(self, text: str) -> None: ...

    def progress(self, text: str, done: float = 0, total: float = 0) -> None: ...

    def note(self, text: str) -> None: ...


UV_STAND_IN = """#!/bin/sh
# Stands in for uv: makes a Python where it is told to, of the one that runs the tests.
echo "$@ $UV_PYTHON_INSTALL_MIRROR" > "{said}"
[ -n "{trouble}" ] && echo "{trouble}" && exit 2
mkdir -p "$5/cpython-{version}.9-linux-x86_64-gnu/bin"
ln -s "{python}" "$5/cpython-{version}.9-linux-x86_64-gnu/bin/python{version}"
"""


def fetch_with(uv_trouble: str, target: Path) -> Interpreter | Failure:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    uv = target / "uv" / UV / "bin" / "uv"
    uv.parent.mkdir(parents=True)
    uv.write_text(UV_STAND_IN.format(said=target / "said", trouble=uv_trouble, version=version, python=sys.executable))
    uv.chmod(0o755)
    return fetch(Layout(target), [version], Sources(), read_wheels(FOLDER), Silent())


@pytest.mark.skipif(os.name == "nt", reason="a script stands in for uv")
def test_a_python_of_our_own_is_fetched_into_the_folder_and_nowhere_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_PYTHON_INSTALL_MIRROR", "https://mirror.example/pythons")
    monkeypatch.setenv("UV_PYTHON_INSTALL_DIR", "/elsewhere")
    found = fetch_with("", tmp_path)
    assert isinstance(found, Interpreter)
    said = (tmp_path / "said").read_text()
    assert f"--install-dir {tmp_path / 'python'} --no-bin --no-registry" in said
    assert said.endswith("https://mirror.example/pythons\n")
    assert source() == "mirror.example"


@pytest.mark.skipif(os.name == "nt", reason="a script stands in for uv")
@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("cause: dns error: failed to lookup address information", "python-unreachable"),
        ("cause: invalid peer certificate: UnknownIssuer", "certificate-refused"),
        ("error: No space left on device (os error 28)", "disk-full"),
        ("error: something new", "python-failed"),
    ],
)
def test_why_no_python_could_be_fetched_is_said(tmp_path: Path, said: str, code: str) -> None:
    failure = fetch_with(said, tmp_path)
    assert isinstance(failure, Failure)
    assert failure.code == code
    assert failure.sentence.endswith(".") and failure.advice.endswith(".")
