"""Optional renderers that are built from source: the one exception from wheels only, and only when asked for."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from ..contract.failure import Failure
from .packages import Pip
from .process import clean_environment, run_guarded


@dataclass(frozen=True)
class Extra:
    """A package that has no wheels.

    Attributes:
        source: What pip installs, at a fixed version.
        module: What is imported to prove it.
        needs_cuda: Whether NVIDIA's compiler is needed beside one for C++.
        licence: Its licence, to be shown before it is fetched.
    """

    source: str
    module: str
    needs_cuda: bool
    licence: str


# What the build of a torch extension needs beside setuptools and torch, which are there already.
BUILD_TOOLS = ("wheel==0.47.0", "ninja==1.13.0")

EXTRAS = {
    "nvdiffrast": Extra(
        "nvdiffrast @ git+https://github.com/NVlabs/nvdiffrast@v0.3.3",
        "nvdiffrast.torch",
        True,
        "NVIDIA Source Code License, non-commercial",
    ),
    "pytorch3d": Extra(
        "pytorch3d @ git+https://github.com/facebookresearch/pytorch3d@V0.7.8", "pytorch3d.renderer", False, "BSD-3"
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


def build(name: str, pip: Pip) -> Failure | None:
    """Fetch, compile and import an optional renderer in the environment that is being made."""
    extra = EXTRAS[name]
    pip.meter.reporter.note(f"{name} is under its own licence: {extra.licence}.")
    failure = pip.install(list(BUILD_TOOLS))
    if failure is not None:
        return failure
    failure = pip.install([extra.source], binary=False)
    if failure is not None:
        return Failure(
            "extra-failed",
            f"{name} could not be fetched and compiled: {failure.sentence}",
            f"See {pip.layout.log}; or leave --with {name} out: everything works without it.",
        )
    check = run_guarded(
        pip.python, [str(_check_file(pip, extra.module))], environment=clean_environment(), log=pip.layout.log
    )
    if check.code == 0:
        return None
    return Failure(
        "extra-failed",
        f"{name} was compiled but cannot be imported: {(check.lines or ['it said nothing'])[-1]}.",
        f"See {pip.layout.log}; or leave --with {name} out: everything works without it.",
    )


def _check_file(pip: Pip, module: str) -> Path:
    file = pip.layout.temporary / "check_extra.py"
    file.write_text(f"import torch\nimport {module}\n", encoding="ascii")
    return file
