"""Choice of torch's build: CUDA's only where a driver is, and never by surprise."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from backend.contract.failure import Failure
from backend.setup.plan.graphics import NvidiaDriver, find_nvidia_driver
from backend.setup.plan.torch_build import TorchOffer, read_offer, torch_requirement, wanted_build

NEW_DRIVER = NvidiaDriver(("NVIDIA H200",), "590.1", (13, 1), ("141 GiB",))
OLDER_DRIVER = NvidiaDriver(("NVIDIA RTX A4000",), "560.2", (12, 6), ("16 GiB",))
OLD_DRIVER = NvidiaDriver(("NVIDIA GTX 1080",), "470.1", (11, 4), ("8 GiB",))
PUBLIC_LINUX = {"version": "2.13.0", "requires_dist": ["filelock", "nvidia-nccl-cu13==2.29.7; sys_platform == 'linux'"]}
PROCESSOR = TorchOffer("cpu", 0)
CUDA_13 = TorchOffer("cuda", 13)


@pytest.mark.parametrize(
    ("choice", "driver", "expected"),
    [
        ("auto", None, "cpu"),
        ("auto", NEW_DRIVER, "cuda"),
        ("auto", OLDER_DRIVER, "cuda"),
        ("auto", OLD_DRIVER, "cpu"),
        ("cpu", NEW_DRIVER, "cpu"),
        ("cuda", OLD_DRIVER, "cuda"),
    ],
)
def test_the_driver_decides(choice: str, driver: NvidiaDriver | None, expected: str) -> None:
    assert wanted_build(choice, driver) == expected


def test_cuda_without_a_driver_is_refused() -> None:
    refused = wanted_build("cuda", None)
    assert isinstance(refused, Failure)
    assert refused.code == "driver-missing"


@pytest.mark.parametrize(
    ("metadata", "system", "expected"),
    [
        (PUBLIC_LINUX, "linux", CUDA_13),
        (PUBLIC_LINUX, "win32", PROCESSOR),
        (PUBLIC_LINUX, "darwin", PROCESSOR),
        ({"version": "2.13.0+cpu"}, "linux", PROCESSOR),
        ({"version": "2.13.0+cu126", "requires_dist": []}, "win32", TorchOffer("cuda", 12)),
        ({"version": "2.13.0", "requires_dist": ["filelock"]}, "linux", PROCESSOR),
    ],
)
def test_the_build_is_told_from_what_it_requires(
    tmp_path: Path, metadata: dict[str, object], system: str, expected: TorchOffer
) -> None:
    report = tmp_path / "report.json"
    report.write_text(json.dumps({"install": [{"metadata": metadata}]}))
    assert read_offer(report, system) == expected


@pytest.mark.parametrize(
    ("wanted", "offer", "driver", "requirement", "index"),
    [
        ("cpu", PROCESSOR, None, "torch==2.13.0", ""),
        ("cpu", CUDA_13, None, "torch==2.13.0+cpu", "/cpu"),
        ("cuda", CUDA_13, NEW_DRIVER, "torch==2.13.0", ""),
        ("cuda", CUDA_13, OLDER_DRIVER, "torch==2.13.0+cu126", "/cu126"),
        ("cuda", PROCESSOR, NEW_DRIVER, "torch==2.13.0+cu130", "/cu130"),
    ],
)
def test_another_index_is_asked_only_where_the_usual_one_has_another_build(
    wanted: str, offer: TorchOffer, driver: NvidiaDriver | None, requirement: str, index: str
) -> None:
    found, place = torch_requirement("2.13.0", wanted, offer, driver)
    assert found == requirement
    assert place.rpartition("/whl")[2] == index


@pytest.mark.skipif(os.name == "nt", reason="a script stands in for nvidia-smi")
def test_the_driver_is_asked(tmp_path: Path) -> None:
    command = tmp_path / "nvidia-smi"
    command.write_text(
        f"#!{sys.executable}\nimport sys\n"
        "listing, page = 'NVIDIA H200, 590.44, 143771 MiB', '| Driver Version: 590.44  CUDA Version: 13.1 |'\n"
        "print(listing if len(sys.argv) > 1 else page)\n"
    )
    command.chmod(0o755)
    assert find_nvidia_driver(str(command)) == NvidiaDriver(("NVIDIA H200",), "590.44", (13, 1), ("143771 MiB",))
    command.write_text("#!/bin/sh\necho 'NVIDIA-SMI has failed because it could not talk to the driver'\nexit 9\n")
    assert find_nvidia_driver(str(command)) is None
