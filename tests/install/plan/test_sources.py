"""Downloads as they are told beforehand: the measured table, the package index in use, and a Python of our own."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from backend.contract.failure import Failure
from backend.contract.installation import Layout
from backend.setup.plan import interpreters, standalone_python
from backend.setup.plan.downloads import HEAD, downloads_of, read_table
from backend.setup.plan.planning import InstallPlan, InstallRequest, make_plan, problems_of
from backend.setup.plan.requirements import Purpose, read_purpose
from backend.setup.plan.sources import Sources, hosts

FOLDER = Path(__file__).resolve().parents[3] / "requirements"
PLATFORMS = HEAD[4:]


def engine() -> Purpose:
    purpose = read_purpose(FOLDER, "engine")
    assert isinstance(purpose, Purpose)
    return purpose


def test_the_table_has_every_pin_with_its_version_licence_and_size() -> None:
    rows = {row["name"]: row for row in read_table(FOLDER)}
    assert {name: rows[name]["version"] for name in engine().pins} == engine().pins
    assert [row["name"] for row in rows.values() if not row["licence"]] == []
    for platform in PLATFORMS:
        found = {each.name: each.size for each in downloads_of((engine(),), "cpu", platform)}
        assert found["torch"] > 1e8
        assert ("colorama" in found) == (platform == "win32-amd64")
        assert 3e8 < sum(found.values()) < 5.2e8
        assert not [name for name in found if name.startswith("nvidia")]


def test_cuda_costs_gigabytes_and_that_is_said() -> None:
    for platform in ("linux-x86_64", "win32-amd64"):
        found = downloads_of((engine(),), "cuda", platform)
        assert sum(each.size for each in found) > 2.5e9
        assert found[0].size == max(each.size for each in found)
    assert any("NVIDIA" in each.licence for each in downloads_of((engine(),), "cuda", "linux-x86_64"))


def test_a_password_in_an_index_address_is_not_shown(tmp_path: Path) -> None:
    config = tmp_path / "pip.conf"
    config.write_text("[global]\nextra-index-url = https://extra.example/simple\n", encoding="utf-8")
    environment = {
        "PIP_CONFIG_FILE": str(config),
        "PIP_INDEX_URL": "https://me:secret@packages.example:8443/simple",
        "PIP_FIND_LINKS": str(tmp_path),
    }
    found = hosts(Sources(), "cpu", "2.13.0", environment)
    assert found[0] == "packages.example"
    assert {"extra.example", str(tmp_path)} <= set(found)
    assert "secret" not in str(found)
    assert "download.pytorch.org" not in found, "only pip knows what an index of one's own has"


def test_where_the_usual_index_lacks_a_build_of_torch_the_other_one_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    environment = {"PIP_CONFIG_FILE": os.devnull}
    for system, build in (("linux", "cpu"), ("win32", "cuda")):
        monkeypatch.setattr(sys, "platform", system)
        assert hosts(Sources(), build, "2.13.0", environment) == ["pypi.org", "download.pytorch.org"]
        other = "cuda" if build == "cpu" else "cpu"
        assert hosts(Sources(), other, "2.13.0", environment) == ["pypi.org"]


def test_offline_only_the_folder_is_named(tmp_path: Path) -> None:
    assert hosts(Sources(tmp_path, offline=True), "cpu", "2.13.0", {"PIP_INDEX_URL": "https://a.example"}) == [
        str(tmp_path)
    ]


@pytest.fixture
def without_python(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A computer whose only Python is Blender's."""
    blender = tmp_path / "blender" / "4.5"
    for folder in ("python/bin", "scripts/startup", "datafiles"):
        (blender / folder).mkdir(parents=True)
    python = blender / "python" / "bin" / "python3.11"
    python.symlink_to(sys.executable)
    monkeypatch.setattr(sys, "executable", str(python))
    monkeypatch.setattr(interpreters, "_candidates", lambda wanted: iter([str(python)]))
    return python


def plan_of(target: Path, sources: Sources) -> InstallPlan | Failure:
    return make_plan(
        Layout(target), InstallRequest("engine", ("engine",), FOLDER, FOLDER.parent, sources=sources), None, None
    )


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_blenders_own_python_is_never_taken_and_the_plan_tells_what_is_fetched_instead(
    without_python: Path, tmp_path: Path
) -> None:
    assert interpreters.belongs_to_blender(without_python)
    assert isinstance(interpreters.find_interpreter(("3.11", "3.12")), Failure)
    plan = plan_of(tmp_path / "engine", Sources())
    assert isinstance(plan, InstallPlan)
    assert plan.fetches_python
    assert [(each.name, each.licence.partition(";")[0]) for each in plan.python_downloads] == [
        ("python", "PSF-2.0"),
        ("uv", "Apache-2.0 OR MIT"),
    ]


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_without_network_and_python_it_is_said_where_to_get_one(without_python: Path, tmp_path: Path) -> None:
    failure = plan_of(tmp_path / "engine", Sources(tmp_path, offline=True))
    assert isinstance(failure, Failure)
    assert failure.code == "python-missing-offline"
    assert "python.org" in failure.advice


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_a_blender_whose_python_cannot_fetch_is_told_before_anything_is_fetched(
    without_python: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standalone_python, "find_spec", lambda name: None)
    monkeypatch.setattr(standalone_python.sysconfig, "get_config_var", lambda name: None)
    plan = plan_of(tmp_path / "engine", Sources())
    assert isinstance(plan, InstallPlan)
    assert "pip-missing" in [problem.code for problem in problems_of(Layout(tmp_path / "engine"), plan)]
