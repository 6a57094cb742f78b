"""The three rings: what may import what. Imports are read from the source, so that nothing has to be installed."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
BLENDERS = {"bpy", "bpy_extras", "bl_operators", "bl_ui", "mathutils", "bmesh", "blf", "gpu", "gpu_extras"}
ENGINE_ONLY = {"torch", "mediapipe", "cv2", "av", "numba", "scipy", "matplotlib", "PIL", "ai_edge_litert", "skimage"}


def imports(file: Path, root: Path = ROOT) -> Iterator[tuple[str, bool]]:
    """Yield (dotted name as seen from the repository root, whether it was written as a relative import)."""
    package = list(file.relative_to(root).with_suffix("").parts[:-1])
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((name.name, False) for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield (node.module or "", False)
        elif isinstance(node, ast.ImportFrom):
            assert node.level <= len(package) + 1, f"{file} reaches above the repository"
            base = package[: len(package) + 1 - node.level]
            for name in node.names:
                yield (".".join([*base, *(node.module or "").split("."), name.name]).replace("..", "."), True)


def contract_problem(name: str, relative: bool) -> str | None:
    top = name.partition(".")[0]
    if relative:
        return None if name.startswith("backend.contract") else f"reaches out of the contract to {name}"
    return None if top in sys.stdlib_module_names or top == "numpy" else f"imports {name}"


def backend_problem(name: str, _relative: bool) -> str | None:
    top = name.partition(".")[0]
    return f"imports {name}" if top in {"bpy", "mathutils", "bmesh", "blender_flame_tracker"} else None


def blender_problem(name: str, relative: bool) -> str | None:
    top = name.partition(".")[0]
    if top == "backend":
        if not relative:
            return f"imports {name} by an absolute name, which Blender does not know"
        return None if name.startswith("backend.contract") else f"imports {name}"
    if top == "blender_flame_tracker":
        return None if relative else f"imports {name} by an absolute name, which Blender does not know"
    allowed = top in sys.stdlib_module_names or top in BLENDERS or top == "numpy"
    return None if allowed and top not in ENGINE_ONLY else f"imports {name}"


def files_of(ring: str) -> list[Path]:
    contract = ROOT / "backend" / "contract"
    if ring == "contract":
        return sorted(contract.rglob("*.py"))
    if ring == "backend":
        return sorted(path for path in (ROOT / "backend").rglob("*.py") if contract not in path.parents)
    return [ROOT / "__init__.py", *sorted((ROOT / "blender_flame_tracker").rglob("*.py"))]


RULES = {"contract": contract_problem, "backend": backend_problem, "blender": blender_problem}


@pytest.mark.parametrize("ring", RULES)
def test_no_import_crosses_a_ring(ring: str) -> None:
    files = [path for path in files_of(ring) if path.is_file()]
    assert files
    problems = [
        f"{file.relative_to(ROOT)}: {problem}"
        for file in files
        for name, relative in imports(file)
        if (problem := RULES[ring](name, relative)) is not None
    ]
    assert problems == []


@pytest.mark.parametrize(
    ("ring", "place", "line"),
    [
        ("contract", "backend/contract/a.py", "import torch"),
        ("contract", "backend/contract/a.py", "from ..head.model import HeadModel"),
        ("contract", "backend/contract/a.py", "from ... import blender_flame_tracker"),
        ("backend", "backend/fit/a.py", "import bpy.types"),
        ("backend", "backend/fit/a.py", "def f():\n    from mathutils import Vector"),
        ("blender", "blender_flame_tracker/scene/a.py", "import cv2"),
        ("blender", "blender_flame_tracker/scene/a.py", "from backend.contract import track"),
        ("blender", "blender_flame_tracker/scene/a.py", "from ...backend.head import model"),
        ("blender", "blender_flame_tracker/scene/a.py", "from ...backend import head"),
    ],
)
def test_the_rules_find_what_they_are_for(tmp_path: Path, ring: str, place: str, line: str) -> None:
    file = tmp_path / place
    file.parent.mkdir(parents=True)
    file.write_text(line)
    assert [RULES[ring](name, relative) for name, relative in imports(file, tmp_path)] != [None]


def test_what_is_allowed_passes(tmp_path: Path) -> None:
    file = tmp_path / "blender_flame_tracker" / "scene" / "a.py"
    file.parent.mkdir(parents=True)
    file.write_text("import bpy, numpy\nfrom ...backend.contract.track import read_track\nfrom ..ui import panel\n")
    assert [blender_problem(name, relative) for name, relative in imports(file, tmp_path)] == [None] * 4
