"""Compiling an optional renderer in the environment that is being made, and letting it draw a triangle."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ...contract.failure import Failure
from ..plan.extras import BUILD_TOOLS, EXTRAS
from ..plan.wheels import Wheel
from ..process import clean_environment, run_guarded
from .packages import Pip


def build(name: str, pip: Pip, wheels: Sequence[Wheel], project: Path) -> Failure | None:
    """Fetch and compile an optional renderer in the environment that is being made, and let it draw a triangle."""
    extra = EXTRAS[name]
    pip.progress.reporter.note(f"{name} is under its own licence: {extra.licence}.")
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
