"""``cache [clear]``: what is kept of earlier runs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ..run.cache import Cache, CacheSize
from ..run.engine import EXIT_DONE, EXIT_FAILED
from ..system import cache_folder
from ..system.user_folders import user_cache


def parser() -> argparse.ArgumentParser:
    """Return the parser."""
    result = argparse.ArgumentParser(
        prog="python -m backend cache",
        description="Show or clear the saved work of earlier runs. Clearing loses no results, only time.",
        allow_abbrev=False,
    )
    result.add_argument("action", nargs="?", choices=("show", "clear"), default="show", help="What to do")
    result.add_argument(
        "--cache", type=Path, default=None, metavar="DIR", help="Folder (default: the user's cache folder)"
    )
    return result


def main(arguments: Sequence[str]) -> int:
    """Run the command."""
    parsed = parser().parse_args(arguments)
    cache = Cache((parsed.cache or user_cache()).expanduser())
    problem = cache_folder.unclaimed_problem(cache.root, usual=cache.usual)
    if problem is not None:
        sys.stderr.write(f"{problem}\n")
        return EXIT_FAILED
    if parsed.action == "clear":
        sys.stdout.write(f"Cleared {_words(cache.clear())} from {cache.root}\n")
        if cache_folder.running_processes(cache.root):
            sys.stdout.write("An engine is running there; the files that it needs were left.\n")
    else:
        sys.stdout.write(f"{_words(cache.size())} in {cache.root}\n")
    return EXIT_DONE


def _words(held: CacheSize) -> str:
    entries = "1 result" if held.entries == 1 else f"{held.entries} results"
    return f"{entries}, {held.size / 1e6:.1f} MB"
