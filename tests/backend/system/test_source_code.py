"""Cache keys follow the code: what a stage computes changes its key, what it says about itself does not."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from backend.run.registry import STAGE_CODE
from backend.system import source_code
from backend.system.source_code import code_version, reached_files

ENGINE = Path(source_code.ENGINE)


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small engine: `fit` imports `solver` inside a function, `solver` reads a table, nothing reads `other`."""
    root = tmp_path / "engine"
    (root / "solve").mkdir(parents=True)
    (root / "__init__.py").write_text("")
    (root / "solve" / "__init__.py").write_text('"""Solvers."""\n')
    (root / "fit.py").write_text("def run():\n    from .solve.solver import (\n        STEPS,  # how many\n    )\n")
    (root / "solve" / "solver.py").write_text('STEPS = 8\nNAMES = {"a", "b", "c"}\nTABLE = "weights.csv"\n')
    (root / "solve" / "weights.csv").write_text("1,2\n")
    (root / "other.py").write_text("VALUE = 1\n")
    monkeypatch.setattr(source_code, "ENGINE", root)
    monkeypatch.setattr(source_code, "ROOT", tmp_path)
    forget()
    yield root
    forget()


def forget() -> None:
    for function in (code_version, reached_files, source_code._neighbours, source_code._read):
        function.cache_clear()


def version() -> str:
    forget()
    return code_version("engine.fit")


def test_a_module_reaches_what_it_imports_and_the_tables_that_are_named(engine: Path) -> None:
    reached = {path.relative_to(engine).as_posix() for path in reached_files("engine.fit")}
    assert reached == {"fit.py", "solve/__init__.py", "solve/solver.py", "solve/weights.csv"}


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("solve/solver.py", 'STEPS = 9\nNAMES = {"a", "b", "c"}\nTABLE = "weights.csv"\n'),
        ("solve/solver.py", 'STEPS = 8\nNAMES = {"a", "b", "d"}\nTABLE = "weights.csv"\n'),
        ("solve/weights.csv", "1,3\n"),
        ("solve/__init__.py", "LIMIT = 3\n"),
    ],
)
def test_changed_code_and_changed_tables_make_old_results_void(engine: Path, file: str, text: str) -> None:
    before = version()
    (engine / file).write_text(text)
    assert version() != before


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("solve/solver.py", '"""Text."""\n\n# A comment.\nSTEPS = 8\nNAMES = {"a", "b", "c"}\nTABLE = "weights.csv"\n'),
        ("solve/__init__.py", '"""Other words."""\n'),
        ("fit.py", 'def run():\n    """Run."""\n    from .solve.solver import STEPS\n'),
        ("other.py", "VALUE = 2\n"),
    ],
)
def test_comments_docstrings_and_code_out_of_reach_keep_old_results(engine: Path, file: str, text: str) -> None:
    before = version()
    (engine / file).write_text(text)
    assert version() == before


def test_a_module_outside_the_engine_has_no_code_here(engine: Path) -> None:
    assert reached_files("somebody.else") == ()


@pytest.mark.parametrize("kind", STAGE_CODE)
def test_every_stage_reaches_all_that_python_would_import(kind: str) -> None:
    reached = set(reached_files(STAGE_CODE[kind].run.__module__))
    assert ENGINE / "stages" / f"{kind}.py" in reached
    for file in reached:
        if file.suffix == ".py":
            missing = {name for name in relative_imports(file) if source_code._file_of(name) not in {None, *reached}}
            assert missing == set(), file


def relative_imports(file: Path) -> list[str]:
    """Return the dotted names that a file imports relatively, read by Python's own parser."""
    package = file.relative_to(source_code.ROOT).parts[:-1]
    found = []
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = ".".join([*package[: len(package) + 1 - node.level], *([node.module] if node.module else [])])
            found += [base, *(f"{base}.{name.name}" for name in node.names)]
    return found


def test_the_report_of_a_track_depends_on_how_its_quality_is_told() -> None:
    reached = {path.relative_to(ENGINE).as_posix() for path in reached_files("backend.stages.report")}
    assert {"contract/quality.py", "video/reader.py", "report/plot.py"} <= reached


@pytest.mark.parametrize("kind", ["fit", "texture", "export"])
def test_the_command_line_changes_no_result(kind: str) -> None:
    assert not [path for path in reached_files(f"backend.stages.{kind}") if "cli" in path.parts]
