"""``sample --out DIR``: a clip made on the spot, and the truth about it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ..contract.failure import Failure
from ..contract.targets import Targets
from ..system.project import MODELS
from .sample import write_sample


def parser() -> argparse.ArgumentParser:
    """Return the parser."""
    result = argparse.ArgumentParser(
        prog="python -m backend sample",
        description="Make the sample clip: a portrait's texture on the built-in head, talking, blinking and turning. "
        "Writes sample.mp4 and, for comparison, truth/truth.npz, which no tracker reads.",
        allow_abbrev=False,
    )
    result.add_argument("--out", type=Path, required=True, metavar="DIR", help="Folder for the results")
    result.add_argument("--seconds", type=float, default=6.0, help="Length (default: 6)")
    result.add_argument("--models", type=Path, default=MODELS, metavar="DIR", help="Folder of model files")
    result.add_argument(
        "--overwrite", action="store_true", help="Replace existing files that are not from an earlier sample"
    )
    return result


def main(arguments: Sequence[str]) -> int:
    """Run the command and return the exit code."""
    parsed = parser().parse_args(arguments)
    frames = max(1, round(parsed.seconds * 30))

    def progress(done: int, total: int) -> None:
        sys.stderr.write(f"\rfilming {done}/{total}" + ("\n" if done == total else ""))

    result = write_sample(
        parsed.out, frames=frames, models=parsed.models, progress=progress, targets=Targets(parsed.overwrite)
    )
    if isinstance(result, Failure):
        sys.stderr.write(f"{result}\n")
        return 1
    sys.stdout.write(f"{result.video}\n{result.truth_file}\n")
    return 0
