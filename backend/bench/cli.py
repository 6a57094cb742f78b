"""``bench speed|truth``: measure, print a table, write a JSON file."""

from __future__ import annotations

import argparse
import inspect
import os
import platform
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from .. import __version__
from ..contract.failure import Failure
from ..contract.targets import Targets
from .chain import SHOTS, Setup
from .registry import BENCHMARKS, Benchmark
from .rows import Row, not_measured, table, write_json

FEWEST_SHOTS: Final = 4
"""Three of them are special, see `scenes.many_clips`."""

PROJECT: Final = Path(__file__).resolve().parents[2]


def parser() -> argparse.ArgumentParser:
    """Return the parser."""
    lines = [f"  {group:<6} {one.name:<12} {one.title}" for group, many in BENCHMARKS.items() for one in many]
    result = argparse.ArgumentParser(
        prog="python -m backend bench",
        description="Measure how fast the engine is (speed) or how accurate (truth).",
        epilog="benchmarks:\n" + "\n".join(lines),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    result.add_argument("group", choices=tuple(BENCHMARKS))
    result.add_argument("--out", type=Path, metavar="FILE", help="JSON file to write (default: bench-GROUP.json)")
    result.add_argument("--overwrite", action="store_true", help="Replace FILE even if it is not an earlier result")
    result.add_argument(
        "--only", action="append", default=[], metavar="NAME", help="Only this benchmark; can be given several times"
    )
    result.add_argument("--quick", action="store_true", help="Fewer frames, for a quick check; the rows say so")
    result.add_argument(
        "--shots",
        type=int,
        default=SHOTS,
        metavar="N",
        help=f"Shots of the benchmark batch (default {SHOTS})",
    )
    result.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda", "mps"), help="What computes fits")
    result.add_argument("--models", type=Path, default=PROJECT / "models", metavar="DIR", help="Folder of model files")
    result.add_argument(
        "--data",
        type=Path,
        default=PROJECT.parent / "shared" / "data",
        metavar="DIR",
        help="Folder of clips to measure on (truth_clip, videos, flame_layout_proxy); what is absent is not measured",
    )
    return result


def main(arguments: Sequence[str]) -> int:
    """Run the command and return the exit code: 0 when all was measured, even where a target is missed."""
    parsed = parser().parse_args(arguments)
    chosen = [one for one in BENCHMARKS[parsed.group] if not parsed.only or one.name in parsed.only]
    if parsed.shots < FEWEST_SHOTS:
        sys.stderr.write(f"--shots is {FEWEST_SHOTS} or more.\n")
        return 2
    unknown = set(parsed.only) - {one.name for one in chosen}
    if unknown:
        names = ", ".join(one.name for one in BENCHMARKS[parsed.group])
        sys.stderr.write(f"'{parsed.group}' has no benchmark {', '.join(sorted(unknown))}. There are: {names}.\n")
        return 2
    rows: list[Row] = []
    entries = []
    out, targets = parsed.out or Path(f"bench-{parsed.group}.json"), Targets(parsed.overwrite)
    taken = targets.problem(out)
    if taken is not None:
        sys.stderr.write(f"{taken}\n")
        return 1
    with tempfile.TemporaryDirectory(prefix="flame-bench-") as folder:
        for one in chosen:
            found, entry = _measured(one, parsed, Path(folder) / one.name)
            rows += found
            entries.append(entry)
            # After every benchmark, so that a run that is stopped leaves what it had.
            content = {"group": parsed.group, "quick": parsed.quick, "machine": machine(), "benchmarks": entries}
            problem = write_json(out, content, targets)
            if problem is not None:
                sys.stderr.write(f"{problem}\n")
                return 1
    note = "\nMeasured on fewer frames than the targets are meant for (--quick)." if parsed.quick else ""
    sys.stdout.write(f"{table(rows)}\n{note}\n{out}\n")
    return 0


def _measured(one: Benchmark, parsed: argparse.Namespace, work: Path) -> tuple[list[Row], dict[str, Any]]:
    """Run a benchmark in a folder of its own; its rows, and what the JSON file says of them."""
    sys.stderr.write(f"{one.name}: {one.title} …\n")
    work.mkdir(parents=True)
    setup = Setup(parsed.data, parsed.models, work, parsed.device, parsed.quick, parsed.shots)
    started = time.perf_counter()
    result = one.function()(setup)
    seconds = time.perf_counter() - started
    rows = [not_measured(one.title, result)] if isinstance(result, Failure) else result
    sys.stderr.write(f"{one.name}: {seconds:.0f} s\n")
    entry = {
        "name": one.name,
        "measure": inspect.getdoc(one.function()),
        "seconds": seconds,
        "rows": [vars(row) for row in rows],
    }
    return rows, entry


def machine() -> dict[str, Any]:
    """Return what the numbers were measured on: no names, no paths."""
    load = list(os.getloadavg()) if hasattr(os, "getloadavg") else None
    return {
        "program": __version__,
        "system": platform.system(),
        "processor": platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "load_at_the_end": load,
    }
