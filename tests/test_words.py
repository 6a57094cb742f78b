"""The house's words: the first line of a module is a noun or a verb and says what the module is."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("backend", "blender_flame_tracker", "tools", "tests")
_SUBORDINATE = re.compile(r"(What|Which|Who|Whom|Whose|How|Where|When|Whether|Why)\b")


def begins_with_a_question(source: str) -> bool:
    return _SUBORDINATE.match(ast.get_docstring(ast.parse(source)) or "") is not None


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_module_begins_with_a_noun_or_a_verb(folder: str) -> None:
    files = sorted((ROOT / folder).rglob("*.py"))
    assert files, "the folder has moved"
    wrong = [str(file.relative_to(ROOT)) for file in files if begins_with_a_question(file.read_text("utf-8"))]
    assert not wrong, f"say what the module is, instead of what it answers: {wrong}"


def test_the_check_tells_a_clause_from_a_noun() -> None:
    assert begins_with_a_question('"""Which landmark is which other one in the mirror."""')
    assert not begins_with_a_question('"""Mirror index of the 478 landmarks."""')


def test_no_two_files_of_tests_have_one_name() -> None:
    files = (file for file in (ROOT / "tests").rglob("*.py") if not (file.parent / "__init__.py").exists())
    names = Counter(file.name for file in files if file.name != "conftest.py")
    assert [name for name, count in names.items() if count > 1] == [], "pytest imports files of tests by their names"
