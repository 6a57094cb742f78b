"""Fixtures of the tests of versions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import pytest


@pytest.fixture
def take(addon: Any, tmp_path: Path) -> Any:
    """The collection of an imported track of a whole clip."""
    from version_helpers import write_version

    file = write_version(tmp_path / "take one_flame", "track.npz")
    assert bpy.ops.flame.import_result(filepath=str(file)) == {"FINISHED"}
    return bpy.data.collections["take one"]
