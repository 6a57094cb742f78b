"""Optional renderers that are built from source: the one exception from wheels only, and only when asked for."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass

from ...contract.failure import Failure


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
