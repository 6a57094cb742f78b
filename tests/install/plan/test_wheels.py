"""Packages are installed by the hash of their file: the right name and version alone are not enough."""

from __future__ import annotations

import pytest
from install_helpers import ROOT, Installation, write_wheel

from backend.contract.failure import Failure
from backend.setup.plan.downloads import read_table
from backend.setup.plan.extras import BUILD_TOOLS
from backend.setup.plan.requirements import Purpose, read_purpose
from backend.setup.plan.standalone_python import UV
from backend.setup.plan.wheels import Wheel, read_wheels, with_hashes
from tools.make_package_table import PLATFORMS

FOLDER = ROOT / "requirements"
WHEELS = read_wheels(FOLDER)


def files_of(pin: str, python: str, platform: str) -> list[str]:
    name, _, version = pin.partition("==")
    return [
        each.file
        for each in WHEELS
        if (each.name, each.version.partition("+")[0]) == (name, version) and each.fits(python, platform)
    ]


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.txt")))
def test_the_table_has_a_file_of_every_pin_for_every_system_and_python(name: str, platform: str) -> None:
    purpose = read_purpose(FOLDER, name)
    assert isinstance(purpose, Purpose)
    elsewhere = {
        line.partition("==")[0].lower().replace("_", "-")
        for line in purpose.lines
        if "sys_platform == 'win32'" in line and platform != "win32-amd64"
    }
    pins = [f"{package}=={version}" for package, version in purpose.pins.items() if package not in elsewhere]
    for python in purpose.pythons:
        assert [pin for pin in pins if not files_of(pin, python, platform)] == []


def test_the_table_has_a_file_of_everything_that_cuda_brings_along() -> None:
    brought = [row for row in read_table(FOLDER) if row["build"] == "cuda" and row["name"] != "torch"]
    assert brought
    pins = [f"{row['name']}=={row['version']}" for row in brought]
    assert [pin for pin in pins if not files_of(pin, "3.11", "linux-x86_64")] == []


def test_what_the_installer_itself_fetches_is_in_the_table_too() -> None:
    for tool in (f"uv=={UV}", *BUILD_TOOLS):
        assert files_of(tool, "3.11", "linux-x86_64") and files_of(tool, "3.12", "win32-amd64"), tool


def test_every_hash_is_one_and_every_file_has_only_one() -> None:
    assert all(len(each.sha256) == 64 and int(each.sha256, 16) for each in WHEELS)
    assert len({each.file for each in WHEELS}) == len(WHEELS)


def test_the_builds_of_torch_are_told_by_the_names_of_their_files() -> None:
    builds = {each.file: each.build for each in WHEELS if each.name == "torch"}
    assert builds["torch-2.13.0-cp311-cp311-manylinux_2_28_x86_64.whl"] == "cuda"
    assert builds["torch-2.13.0+cpu-cp311-cp311-manylinux_2_28_x86_64.whl"] == "cpu"
    assert builds["torch-2.13.0-cp312-cp312-win_amd64.whl"] == "cpu"
    assert builds["torch-2.13.0+cu126-cp311-cp311-win_amd64.whl"] == "cuda"


def test_a_wheel_for_older_pythons_fits_newer_ones_where_its_interface_is_stable() -> None:
    stable, own = Wheel("a-1-cp39-abi3-win_amd64.whl", "0"), Wheel("a-1-cp311-cp311-win_amd64.whl", "0")
    assert stable.fits("3.11", "win32-amd64") and stable.fits("3.12", "win32-amd64")
    assert own.fits("3.11", "win32-amd64") and not own.fits("3.12", "win32-amd64")
    assert not own.fits("3.11", "linux-x86_64")


def test_a_pin_without_a_known_file_is_refused_and_markers_stay() -> None:
    known = [Wheel("Some_Name-1.0-py3-none-any.whl", "ab" * 32)]
    assert with_hashes(["# comment", "some-name==1.0; sys_platform == 'win32'"], known) == (
        f"some-name==1.0; sys_platform == 'win32' --hash=sha256:{'ab' * 32}\n"
    )
    refused = with_hashes(["some-name==2.0"], known)
    assert isinstance(refused, Failure) and "some-name==2.0" in refused.sentence


@pytest.mark.parametrize("version", ["1.0", "1.0+evil"])
def test_another_file_of_the_same_name_and_version_is_refused_and_nothing_is_left(
    installation: Installation, version: str
) -> None:
    for wheel in installation.wheels.glob("*.whl"):
        wheel.unlink()
    write_wheel(installation.wheels, "flame_fake", version, {"flame_fake/__init__.py": "ANSWER = 42\nSTOLEN = True\n"})
    run = installation.install()
    assert run.returncode == 1 and "Traceback" not in run.stderr
    assert "flame_fake==1.0" in run.stderr and "is not the one that was published" in run.stderr
    assert installation.environments() == []


def test_without_the_table_nothing_is_installed(installation: Installation) -> None:
    (installation.requirements / "wheels.csv").unlink()
    run = installation.install()
    assert run.returncode == 1 and "wheels.csv has no file of flame_fake==1.0" in run.stderr
    assert installation.environments() == []


@pytest.mark.parametrize("stamp", ["[" * 100_000, '{"name": 5}', "null", "\x00"])
def test_a_damaged_stamp_is_no_stamp(installed: Installation, stamp: str) -> None:
    (name,) = installed.environments()
    (installed.target / "envs" / name / "stamp.json").write_text(stamp)
    asked = installed.install("--state")
    assert asked.returncode == 0 and '"broken"' in asked.stdout, asked.stderr
    run = installed.install()
    assert run.returncode == 0 and "Traceback" not in run.stderr, run.stderr


@pytest.mark.parametrize("answer", ['{"version": 5}', "[]", "[" * 100_000, "", "3"])
def test_a_program_that_answers_strangely_is_no_python(installation: Installation, answer: str) -> None:
    program = installation.folder / "python"
    (installation.folder / "answer").write_text(answer)
    program.write_text(f'#!/bin/sh\ncat "{installation.folder}/answer"\n')
    program.chmod(0o755)
    run = installation.install("--python", str(program))
    assert run.returncode == 1 and "Traceback" not in run.stderr
    assert str(program) in run.stderr


def test_a_home_of_nobody_is_refused_in_one_line(installation: Installation) -> None:
    run = installation.install("--target", "~nobody-of-that-name/engine")
    assert run.returncode == 2 and "there is no user of that name" in run.stderr and "Traceback" not in run.stderr


def test_folders_that_somebody_put_beside_the_environments_stay(installation: Installation) -> None:
    assert installation.install().returncode == 0
    mine = installation.target / "envs" / "my notes"
    mine.mkdir()
    (mine / "a.txt").write_text("a")
    installation.require_more()
    assert installation.install().returncode == 0
    assert (mine / "a.txt").read_text() == "a" and len(installation.environments()) == 2
