"""Floors of the engine and of the add-on: a folder imports only from lower floors, and no files import in a circle.

Imports are read from the source, those inside functions too. `docs/architecture.md` says what lives on which floor.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Final

import pytest

from tests.test_rings import ROOT, imports

FLOORS: Final[Mapping[str, Mapping[str, int]]] = {
    "backend": {
        "contract": 0,
        "system": 1,
        "untrusted": 2,
        "data": 2,
        "setup": 2,
        "raster": 3,
        "video": 3,
        "head": 4,
        "render": 5,
        "landmarks": 6,
        "parsing": 7,
        "regress": 7,
        "report": 7,
        "quick_look": 7,
        "fit": 8,
        "examine": 8,
        "identity": 9,
        "lighting": 9,
        "appearance": 10,
        "texture": 10,
        "corrections": 11,
        "photo": 11,
        "export": 12,
        "stages": 13,
        "run": 14,
        "sample": 15,
        "batch": 15,
        "legacy": 15,
        "flame_head_tracker": 16,
        "flame_head_tracker_v4": 16,
        "cli": 16,
        "bench": 17,
        "__main__": 17,
    },
    "backend/fit": {
        "options": 0,
        "geometry": 1,
        "evidence": 2,
        "terms": 3,
        "outline": 4,
        "solvers": 5,
        "lens": 6,
        "solved_frames": 7,
        "confidence": 7,
        "stated_errors": 7,
        "listener": 7,
        "conversion": 7,
        "clip_input": 8,
        "preview": 8,
        "shared_fit": 9,
        "every_frame": 9,
        "clip": 10,
        "result": 11,
        "refit": 12,
        "fitting": 13,
    },
    "backend/appearance": {
        "bundle_adjustment": 2,
        "bare_skin": 0,
        "aperture_restoration": 0,
        "pictures": 0,
        "terms": 1,
        "point_tracks": 1,
        "key_frame_solve": 2,
        "focal_from_tracks": 3,
        "clip": 3,
        "refinement": 4,
    },
    "backend/bench": {
        "rows": 0,
        "per_frame_fit": 0,
        "measures": 1,
        "chain": 2,
        "scenes": 3,
        "truth": 4,
        "speed": 4,
        "registry": 5,
        "cli": 6,
    },
    "blender_flame_tracker": {
        "names": 0,
        "paths": 0,
        "text": 0,
        "file_stamp": 0,
        "own_operators": 0,
        "polling": 0,
        "handlers": 0,
        "steps": 0,
        "engine": 0,
        "redrawing": 1,
        "preferences": 2,
        "scene": 2,
        "properties": 3,
        "nodes": 4,
        "results": 5,
        "calibration": 6,
        "identity": 6,
        "versions": 6,
        "exporters": 7,
        "pinning": 7,
        "retarget": 7,
        "review": 7,
        "tracking": 8,
        "operators": 9,
        "ui": 10,
        "registration": 11,
        "headless": 12,
    },
}
"""Tree -> folder or file at its root -> floor. Neighbours on one floor do not know each other."""

Arrows = Mapping[str, set[str]]
"""Module -> modules of the same tree that it imports; by their dotted names."""


def arrows_of(tree: str, root: Path = ROOT) -> Arrows:
    top = tree.replace("/", ".")
    files = {_dotted(file, root): file for file in sorted((root / tree).rglob("*.py"))}
    found: dict[str, set[str]] = {}
    for module, file in files.items():
        targets = (_module(name, files) for name, _ in imports(file, root) if f"{name}.".startswith(f"{top}."))
        found[module] = {target for target in targets if target not in ("", module)}
    return found


def _dotted(file: Path, root: Path) -> str:
    parts = file.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _module(name: str, modules: Mapping[str, Path]) -> str:
    """Module that a dotted name is, or stands in; an empty text where there is none."""
    while name and name not in modules:
        name = name.rpartition(".")[0]
    return name


def room(module: str, tree: str) -> str:
    """Folder or file at the root of a tree that a module lies in; an empty text for the tree's own `__init__`."""
    depth = len(tree.split("/"))
    return "".join(module.split(".")[depth : depth + 1])


def upward_imports(arrows: Arrows, floors: Mapping[str, int], tree: str) -> list[str]:
    found = []
    for module, targets in arrows.items():
        for target in targets:
            here, there = room(module, tree), room(target, tree)
            if here and there and here != there and floors[there] >= floors[here]:
                found.append(f"{module} (floor {floors[here]}) imports {target} (floor {floors[there]})")
    return sorted(found)


def circle_of(arrows: Arrows) -> list[str]:
    """Return modules each of which imports the one before, the first being the last; none where there is no circle."""
    try:
        TopologicalSorter(arrows).prepare()
    except CycleError as error:
        return error.args[1]
    return []


@pytest.mark.parametrize("tree", FLOORS)
def test_every_folder_has_its_floor(tree: str) -> None:
    assert {room(module, tree) for module in arrows_of(tree)} - {""} == set(FLOORS[tree])


@pytest.mark.parametrize("tree", FLOORS)
def test_folders_import_from_lower_floors_alone(tree: str) -> None:
    assert upward_imports(arrows_of(tree), FLOORS[tree], tree) == []


@pytest.mark.parametrize("tree", FLOORS)
def test_no_files_import_each_other_in_a_circle(tree: str) -> None:
    assert circle_of(arrows_of(tree)) == []


def described(package: Path) -> str:
    return " ".join((ast.get_docstring(ast.parse(package.read_text(encoding="utf-8"))) or "").split())


PACKAGES: Final = [file for tree in FLOORS for file in sorted((ROOT / tree).rglob("__init__.py"))]


def test_packages_that_say_their_floor_say_the_right_one() -> None:
    said = {
        file.parent.name: int(number)
        for file in PACKAGES
        for number in re.findall(r"Floor (\d+): may call every lower one", described(file))
    }
    assert said["fit"] == FLOORS["backend"]["fit"]
    assert {name: floor for name, floor in said.items() if FLOORS["backend"][name] != floor} == {}


def test_the_files_at_which_to_start_reading_are_there() -> None:
    doors = [
        (file.parent, name)
        for file in PACKAGES
        for sentence in re.findall(r"Start (?:reading )?(?:with|at) (.*?)[.;](?:\s|$)", described(file))
        for name in re.findall(r"`([\w/]+)`", sentence)
    ]
    assert (ROOT / "backend" / "fit", "fitting") in doors
    assert [
        f"{folder}: {name}"
        for folder, name in doors
        if not (folder / name).is_dir() and not (folder / f"{name}.py").is_file()
    ] == []


HOUSE: Final = {"cellar": 0, "kitchen": 1, "hall": 1, "attic": 2}


def build(root: Path, files: Mapping[str, str]) -> Arrows:
    """Make a house of some files, and read what they import."""
    for name in HOUSE:
        (root / "house" / name).mkdir(parents=True)
        (root / "house" / name / "__init__.py").touch()
    for name, text in files.items():
        (root / "house" / name).write_text(text, encoding="utf-8")
    return arrows_of("house", root)


@pytest.mark.parametrize(
    "line",
    [
        "from ..attic.roof import beam",
        "from ..attic import roof",
        "from .. import attic",
        "import house.attic.roof",
        "def climb():\n    from ..attic.roof import beam\n    return beam",
        "from ..hall import door",
    ],
    ids=["name", "file", "folder", "absolute", "inside a function", "same floor"],
)
def test_an_import_that_does_not_lead_down_is_found(tmp_path: Path, line: str) -> None:
    arrows = build(tmp_path, {"attic/roof.py": "beam = 1", "hall/door.py": "", "kitchen/table.py": line})
    (found,) = upward_imports(arrows, HOUSE, "house")
    assert found.startswith("house.kitchen.table (floor 1) imports house.")


def test_a_circle_of_two_files_is_found_though_one_arrow_hides_in_a_function(tmp_path: Path) -> None:
    arrows = build(
        tmp_path,
        {
            "attic/roof.py": "from . import wall",
            "attic/wall.py": "def up():\n    from .roof import beam\n    return beam",
        },
    )
    assert upward_imports(arrows, HOUSE, "house") == []
    assert set(circle_of(arrows)) == {"house.attic.roof", "house.attic.wall"}


def test_imports_that_lead_down_pass(tmp_path: Path) -> None:
    arrows = build(
        tmp_path,
        {
            "cellar/coal.py": "import json",
            "kitchen/table.py": "from ..cellar.coal import heap\nfrom . import chair",
            "kitchen/chair.py": "from ..cellar import coal",
            "attic/roof.py": "from ..kitchen.table import plate\nfrom ..cellar import coal",
        },
    )
    assert upward_imports(arrows, HOUSE, "house") == [] and circle_of(arrows) == []
    assert arrows["house.kitchen.table"] == {"house.cellar.coal", "house.kitchen.chair"}
