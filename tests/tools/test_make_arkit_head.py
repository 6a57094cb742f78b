"""The table of the built-in head that comes with the add-on."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from backend.contract.performance.transfer.arkit_head import JAW_OPEN, TABLE
from backend.head.builtin import builtin_head, dimensions
from backend.head.builtin.anatomy import make_anatomy
from backend.setup.add_on_zip import build_zip
from tools.make_arkit_head import arrays_of

ROOT = Path(__file__).resolve().parents[2]


def test_the_table_equals_the_head_that_the_engine_builds() -> None:
    made = arrays_of(builtin_head(), make_anatomy())
    with np.load(TABLE) as table:
        assert sorted(table.files) == sorted(made)
        for name, values in made.items():
            tolerance = 1 if name == "displacements" else 1e-7  # one step of two micrometres
            assert np.abs(values.astype(float) - table[name]).max() <= tolerance, name
    assert dimensions.JAW_OPEN == JAW_OPEN


def test_the_table_is_in_the_zip_that_animators_install_and_is_small(tmp_path: Path) -> None:
    import zipfile

    path = build_zip(ROOT, tmp_path)
    assert isinstance(path, Path)
    with zipfile.ZipFile(path) as archive:
        entry = archive.getinfo(TABLE.relative_to(ROOT).as_posix())
    assert 0 < entry.file_size < 1_500_000
