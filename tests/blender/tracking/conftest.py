"""Fixtures of the tests of tracking."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def tree(engine: Any, clip: Path, scene: Any) -> Any:
    """The default tree for a clip, which the stand-in for the engine can track."""
    from run_helpers import make_tree

    return make_tree(scene, clip)
