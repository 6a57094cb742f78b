"""``python -m tests.fuzz``: as many damaged files as one likes, and a table of how they ended."""

from __future__ import annotations

import argparse
import importlib.util
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from .suite import IN_BLENDER, SHARES, is_good, prepare, run, table

ALL: Final = {**SHARES, **IN_BLENDER}


def main(arguments: Sequence[str]) -> int:
    """Run the command; 1 where a case ended as none may."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--count", type=int, default=10_000, metavar="N", help="Cases in all (default 10000)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="Other damages for another number (default 1)")
    parser.add_argument("--only", nargs="+", choices=ALL, metavar="KIND", help=f"Of {', '.join(ALL)}")
    parser.add_argument("--case", type=int, metavar="N", help="Run this case of a kind alone")
    parser.add_argument("--work", type=Path, metavar="DIR", help="Folder for what is written meanwhile")
    parsed = parser.parse_args(arguments)
    names = parsed.only or [*SHARES, *(IN_BLENDER if importlib.util.find_spec("bpy") else ())]
    whole = sum(ALL[name] for name in names)
    found = {}
    with tempfile.TemporaryDirectory(prefix="flame-fuzz-", dir=parsed.work) as folder:
        work = Path(folder)
        prepare(work)
        for name in names:
            count = max(1, round(parsed.count * ALL[name] / whole))
            numbers = range(count) if parsed.case is None else [parsed.case]
            began = time.monotonic()
            found[name] = run(name, numbers, parsed.seed, work)
            print(f"{name}: {len(numbers)} cases in {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    print(table(found))
    if is_good(found):
        return 0
    print(f"\nOne of them again: python -m tests.fuzz --seed {parsed.seed} --only KIND --case NUMBER")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
