"""These tests run in whichever Blender module the interpreter has; nothing here needs the engine."""

from __future__ import annotations

import importlib.util
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "flame_extension"

# Before bpy is imported, or it writes into the home folder.
_home = tempfile.TemporaryDirectory(prefix="flame-blender-")
os.environ["BLENDER_USER_RESOURCES"] = _home.name
os.environ["TMPDIR"] = _home.name

HAS_BLENDER = importlib.util.find_spec("bpy") is not None
WITHOUT_BLENDER = (
    "test_engine_environment.py",
    "test_graph.py",
    "test_session.py",
    "test_supervisor.py",
    "test_timeline.py",
)
"""What needs no Blender is tested without it too; the rest can't even be imported there."""

collect_ignore = (
    []
    if HAS_BLENDER
    else [str(path) for path in Path(__file__).parent.rglob("test_*.py") if path.name not in WITHOUT_BLENDER]
)


def pytest_report_header() -> str:
    """Say which Blender the tests run with, and what is left out without one."""
    if HAS_BLENDER:
        return f"Blender {bpy.app.version_string}"
    return f"Blender's module is not installed here: of tests/blender only {', '.join(WITHOUT_BLENDER)} can run"


if HAS_BLENDER:
    import bpy


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
    if HAS_BLENDER:
        bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)


@pytest.fixture
def addon(_empty_file: None) -> Iterator[Any]:
    """The add-on, registered."""
    import flame_extension

    flame_extension.register()
    yield flame_extension
    flame_extension.unregister()


@pytest.fixture
def engine(addon: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A stand-in for the engine in a folder as users have them; the add-on, registered, tracks with it."""
    from flame_extension.blender_flame_tracker.tracking import runs
    from run_helpers import make_engine

    made = make_engine(tmp_path / "Jösé Ünï 名 engine")
    monkeypatch.setattr(runs, "engine_override", made)
    return made


@pytest.fixture
def looker(addon: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A stand-in for an engine that only looks for faces; the add-on, registered, looks with it."""
    from flame_extension.blender_flame_tracker.tracking import runs
    from panel_helpers import make_looker

    made = make_looker(tmp_path / "engine")
    monkeypatch.setattr(runs, "engine_override", made)
    return made


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Where the video of the tree is."""
    return tmp_path / "clips" / "take one.mp4"


@pytest.fixture
def scene() -> Any:
    """The scene of the empty file."""
    return bpy.context.scene


_status = 0


def pytest_sessionfinish(exitstatus: int) -> None:
    """Close the file: Blender's module can't free node trees of ours while Python ends (4.2 crashes, 4.5 hangs)."""
    global _status  # noqa: PLW0603 - known before it can be used
    _status = int(exitstatus)
    if HAS_BLENDER:
        bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    """Leave at once with 4.x: when Python ends after a property group had a callback, 4.2 crashes and 4.5 hangs."""
    if HAS_BLENDER and bpy.app.version < (5, 0):
        _home.cleanup()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(_status)
