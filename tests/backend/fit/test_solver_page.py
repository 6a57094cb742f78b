"""The tables of docs/solver.md against the code: weights, and files that are named."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path

import pytest

from backend.appearance.terms.photometric_term import PhotometricTuning
from backend.fit.options.weights import Tuning

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs/solver.md").read_text(encoding="utf-8")


def stated_weights() -> list[tuple[str, str, str]]:
    """(file or "", name, value) of every row of the page that names weights with values."""
    rows = []
    for line in PAGE.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("|") or len(cells) != 4 or not re.match(r"`\w+`", cells[1]):
            continue
        names, file = re.findall(r"`(\w+)`", cells[1]), re.search(r"in `backend/([\w/]+)\.py`", cells[1])
        values = [cells[2]] if cells[2].startswith("(") else cells[2].split(", ")
        assert len(names) == len(values), line
        rows += [(file.group(1) if file else "", name, value) for name, value in zip(names, values, strict=True)]
    return rows


@pytest.mark.parametrize(("file", "name", "value"), stated_weights())
def test_the_page_states_the_weights_of_the_code(file: str, name: str, value: str):
    if file:
        owners: list[object] = [importlib.import_module(f"backend.{file.replace('/', '.')}")]
    else:
        owners = [Tuning(), PhotometricTuning()]
    values = [getattr(owner, name) for owner in owners if hasattr(owner, name)]
    assert ast.literal_eval(value) in values


def test_every_weight_of_the_fit_stands_on_the_page():
    stated = {name for _, name, _ in stated_weights()}
    assert set(Tuning.__dataclass_fields__) | set(PhotometricTuning.__dataclass_fields__) <= stated


def test_the_files_that_the_page_names_are_there():
    named = re.findall(r"`((?:backend|tests)/[\w/.]+)`", PAGE)
    assert len(named) > 20
    assert not [path for path in named if not (ROOT / path).exists()]
