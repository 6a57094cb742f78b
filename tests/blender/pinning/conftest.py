"""Fixtures of the tests of pins."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import pytest


@pytest.fixture
def file(addon: Any, tmp_path: Path) -> Path:
    """A track file of a head that can be posed, in the scene."""
    from pin_helpers import write_posable

    file = write_posable(tmp_path / "take one_flame")
    assert bpy.ops.flame.import_result(filepath=str(file)) == {"FINISHED"}
    return file


@pytest.fixture
def take(file: Path) -> Any:
    """The collection of its import."""
    return bpy.data.collections["take one"]
