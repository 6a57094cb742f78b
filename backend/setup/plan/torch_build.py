"""Choice of torch's build: the processor's, or CUDA's where a driver is found. Never gigabytes by surprise."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from ...contract.failure import Failure
from .graphics import NvidiaDriver

# PyTorch's own public index, the only place of its builds for a given CUDA and, for Linux, for the processor alone.
# It is asked only where the user's usual index offers another build than the one that is wanted.
PYTORCH_INDEX = "https://download.pytorch.org/whl"
# Newest first: a driver that runs CUDA 13.0 also runs programs for 12.6.
CUDA_BUILDS = (((13, 0), "cu130"), ((12, 6), "cu126"))
CUDA_GIGABYTES = 6.0


@dataclass(frozen=True)
class TorchOffer:
    """What the usual index would give.

    Attributes:
        build: ``cpu`` or ``cuda``.
        cuda: Major version of its CUDA, 0 where unknown or none.
    """

    build: str
    cuda: int


def wanted_build(choice: str, driver: NvidiaDriver | None) -> str | Failure:
    """Return ``cpu`` or ``cuda`` for ``--torch auto|cpu|cuda``."""
    if choice == "cuda" and driver is None:
        return Failure(
            "driver-missing",
            "--torch cuda was asked for, but no NVIDIA driver answers on this computer.",
            "Install the driver so that 'nvidia-smi' works, or leave --torch out.",
        )
    if choice != "auto":
        return choice
    return "cuda" if driver is not None and driver.cuda >= CUDA_BUILDS[-1][0] else "cpu"


def read_offer(report: Path, system: str = sys.platform) -> TorchOffer:
    """Read from pip's report which build the usual index gives. Raises `OSError`, `ValueError`, `LookupError`.

    On Linux the public package index has the CUDA build under the bare version, to be told by what it requires; on
    Windows and macOS the bare version is the processor's.
    """
    metadata = json.loads(report.read_text(encoding="utf-8"))["install"][0]["metadata"]
    local = metadata["version"].partition("+")[2]
    if local.startswith("cu"):
        digits = re.match(r"cu(\d+)\d$", local)
        return TorchOffer("cuda", int(digits.group(1)) if digits else 0)
    if local or not system.startswith("linux"):
        return TorchOffer("cpu", 0)
    required = " ".join(metadata.get("requires_dist", []))
    if not re.search(r"\b(nvidia-|cuda-|triton)", required):
        return TorchOffer("cpu", 0)
    major = re.search(r"nvidia-[a-z0-9-]+-cu(\d+)", required)
    return TorchOffer("cuda", int(major.group(1)) if major else 0)


def torch_requirement(version: str, wanted: str, offer: TorchOffer, driver: NvidiaDriver | None) -> tuple[str, str]:
    """Return the pin that gives the wanted build, and the index that has it: empty where that is the usual one."""
    if wanted == "cpu":
        return (f"torch=={version}", "") if offer.build == "cpu" else (f"torch=={version}+cpu", f"{PYTORCH_INDEX}/cpu")
    runs = driver.cuda if driver is not None else CUDA_BUILDS[0][0]
    if offer.build == "cuda" and 0 < offer.cuda <= runs[0]:
        return f"torch=={version}", ""
    tag = next((tag for least, tag in CUDA_BUILDS if runs >= least), CUDA_BUILDS[-1][1])
    return f"torch=={version}+{tag}", f"{PYTORCH_INDEX}/{tag}"
