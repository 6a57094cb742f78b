"""These tests run in whichever Blender module the interpreter has; nothing here needs the engine."""

from __future__ import annotations

import importlib.util
import os
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "flame_extension"

# Before bpy is imported, or it writes into the home folder.
_home = tempfile.TemporaryDirectory(prefix="flame-blender-")
os.environ["BLENDER_USER_RESOURCES"] = _home.name
os.environ["TMPDIR"] = _home.name

bpy = pytest.importorskip("bpy", reason="Blender's module is not installed here")


def load_extension() -> None:
    """Load the repository root as a package of another name, as Blender does (`bl_ext.<repository>.<id>`)."""
    if PACKAGE in sys.modules:
        return
    spec = importlib.util.spec_from_file_location(PACKAGE, ROOT / "__init__.py", submodule_search_locations=[str(ROOT)])
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[PACKAGE] = module
    spec.loader.exec_module(module)


load_extension()


@pytest.fixture(autouse=True)
def _empty_file() -> None:
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
