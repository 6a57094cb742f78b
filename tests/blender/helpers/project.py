"""Folders that tests start programs in."""

from pathlib import Path

HELPERS = Path(__file__).resolve().parent
"""Programs that stand in for others, such as the engine."""

TESTS = HELPERS.parent
"""Where `conftest.py` is, which loads the extension."""

ROOT = HELPERS.parents[2]
"""The repository."""
