"""Fixtures of the tests of nodes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def tree(addon: Any, clip: Path) -> Any:
    """The default tree for a clip that is there, but is no video."""
    from node_helpers import make_tree

    return make_tree(clip)
