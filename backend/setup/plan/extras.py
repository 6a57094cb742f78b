"""Optional renderers that are built from source: the one exception from wheels only, and only when asked for."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ...contract.failure import Failure
from ..install.packages import Pip
from ..process import clean_environment, run_guarded
from .wheels import Wheel


@dataclass(frozen=True)
class Extra:
    """A package that has no wheels.

    Attributes:
        source: What pip installs, at a fixed version.
        rasterizer: Its name in `backend.render.differentiable`, which draws a triangle to prove it.
        needs_cuda: Whether NVIDIA's compiler is needed beside one for C++.
        licence: Its licence, to be shown before it is fetched.
    """

    source: str
    rasterizer: str
    needs_cuda: bool
    licence: str


# What the build of a torch extension needs beside setuptools and torch, which are there already.
BUILD_TOOLS = ("wheel==0.47.0", "ninja==1.13.0")

EXTRAS = {
    "nvdiffrast": Extra(
        # Version 0.4.0. Compiled whole while it is installed; older ones compile at their first use, in a way that
        # torch no longer loads.
        "nvdiffrast @ git+https://github.com/NVlabs/nvdiffrast@253ac4fcea7de5f396371124af597e6cc957bfae",
        "nvdiffrast",
        True,
        "NVIDIA Source Code License, non-commercial",
    ),
    "pytorch3d": Extra(
        # Of July 2026: the newest tag, 0.7.9, does not compile with CUDA 13.
        "pytorch3d @ git+https://github.com/facebookresearch/pytorch3d@9381c4016376345bb795b97c45a6c2de66db354a",
        "PyTorch3D",
        False,
        "BSD-3",
    ),
}


def check_tools(name: str) -> Failure | None:
    """Say which compiler is missing, before anything is fetched."""
    extra = EXTRAS[name]
    missing = []
    if shutil.which("git") is None:
        missing.append("git")
    compilers = ("cl",) if sys.platform == "win32" else (os.environ.get("CXX") or "c++", "g++", "clang++")
    if not any(shutil.which(compiler) for compiler in compilers):
        missing.append("a C++ compiler")
    if extra.needs_cuda and shutil.which("nvcc") is None and not os.environ.get("CUDA_HOME"):
        missing.append("NVIDIA's compiler nvcc (CUDA toolkit)")
    if not missing:
        return None
    how = {
        "win32": "Install git and the Visual Studio Build Tools with 'Desktop development with C++' and start this "
        "from their 'x64 Native Tools' prompt",
        "darwin": "Run: xcode-select --install",
    }.get(sys.platform, "On Debian and Ubuntu: sudo apt install git g++")
    cuda = ", and the CUDA toolkit of the version that torch was built with" if extra.needs_cuda else ""
    return Failure(
        "compiler-missing",
        f"{name} has no ready-made files and must be compiled, but {', '.join(missing)} was not found.",
        f"{how}{cuda}; or leave --with {name} out: everything works without it.",
    )


def build(name: str, pip: Pip, wheels: Sequence[Wheel], project: Path) -> Failure | None:
    """Fetch and compile an optional renderer in the environment that is being made, and let it draw a triangle."""
    extra = EXTRAS[name]
    pip.meter.reporter.note(f"{name} is under its own licence: {extra.licence}.")
    failure = pip.install(BUILD_TOOLS, wheels)
    if failure is not None:
        return failure
    failure = pip.install_unhashed(extra.source, "--no-build-isolation")
    if failure is not None:
        return Failure(
            "extra-failed",
            f"{name} could not be fetched and compiled: {failure.sentence}",
            f"See {pip.layout.log}; or leave --with {name} out: everything works without it.",
        )
    check = run_guarded(
        pip.python,
        [str(_check_file(pip, extra.rasterizer, project))],
        environment=clean_environment(),
        log=pip.layout.log,
    )
    if check.code == 0:
        return None
    return Failure(
        "extra-failed",
        f"{name} was compiled but does not draw: {(check.lines or ['it said nothing'])[-1].rstrip('.')}.",
        f"See {pip.layout.log}; or leave --with {name} out: everything works without it.",
    )


_DRAW: Final = """
import sys
sys.path.insert(0, {project!r})
import torch
from backend.render.differentiable.choice import rasterizers
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
choice = rasterizers(device)
if {name!r} not in [each.name for each in choice.working]:
    sys.exit(choice.problems.get({name!r}, "no NVIDIA GPU answers here, and it draws on nothing else"))
"""
"""Importing proves little: a library can be there that fails at its first triangle."""


def _check_file(pip: Pip, rasterizer: str, project: Path) -> Path:
    file = pip.layout.temporary / "check_extra.py"
    file.write_text(_DRAW.format(project=str(project), name=rasterizer), encoding="utf-8")
    return file
