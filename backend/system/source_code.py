"""Hashes of the engine's own code: what a module computes changes only with the code that it reaches."""

from __future__ import annotations

import ast
import functools
import hashlib
import re
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Final

ENGINE: Final = Path(__file__).resolve().parents[1]
ROOT: Final = ENGINE.parent
LIBRARIES: Final = ("numpy", "scipy", "torch")
"""Packages whose version counts as code: what they compute differs in the last digits between versions."""

_TABLE: Final = re.compile(r"[\w-]+\.(csv|toml)")


@functools.cache
def code_version(module: str) -> str:
    """Return a hash of the code and tables that a module reaches; comments and docstrings do not count.

    Imports inside functions count as all others do. The versions of Python and of `LIBRARIES` count too.

    Args:
        module: Dotted name, such as ``backend.stages.fit``; one outside the engine has no code here.
    """
    digest = hashlib.sha256(sys.version.encode("utf-8"))
    for library in LIBRARIES:
        digest.update(f" {library} {_installed(library)}".encode("ascii", "replace"))
    for file in reached_files(module):
        digest.update(f"\n{file.relative_to(ROOT).as_posix()} {_file_version(file)}".encode())
    return digest.hexdigest()


@functools.cache
def reached_files(module: str) -> tuple[Path, ...]:
    """Return the files of the engine that a module consists of, imports or reads as a table, in order."""
    start = _file_of(module)
    waiting, reached = [start] if start is not None else [], set()
    while waiting:
        file = waiting.pop()
        if file in reached:
            continue
        reached.add(file)
        if file.suffix == ".py":
            waiting += _neighbours(file)
    return tuple(sorted(reached))


@functools.cache
def _neighbours(file: Path) -> list[Path]:
    """Return the files that one file imports, with the packages they lie in, and the tables that it names."""
    _, names, tables = _read(file)
    modules = [module for name in names if (module := _file_of(name)) is not None]
    packages = [package / "__init__.py" for path in modules for package in path.parents if ENGINE in package.parents]
    return [path for path in (*modules, *packages, *(file.parent / table for table in tables)) if path.is_file()]


def _file_of(module: str) -> Path | None:
    """Return the file of a module of the engine, or None where the name is not one."""
    path = ROOT.joinpath(*module.split("."))
    for file in (path.with_suffix(".py"), path / "__init__.py"):
        if ENGINE in file.parents and file.is_file():
            return file
    return None


def _file_version(file: Path) -> str:
    """Return a hash of a file: of what code says, of every byte of a table."""
    return _read(file)[0] if file.suffix == ".py" else hashlib.sha256(file.read_bytes()).hexdigest()


@functools.cache
def _read(file: Path) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """Return a hash of a file of code, the dotted names that it imports, and the tables that it names."""
    tree = ast.parse(file.read_bytes())
    names: list[str] = []
    tables: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            names += _imported(file, node)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and _TABLE.fullmatch(node.value):
            tables.append(node.value)
        elif (
            isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node, False) is not None
        ):
            del node.body[0]
    return hashlib.sha256(ast.dump(tree).encode("utf-8", "surrogatepass")).hexdigest(), tuple(names), tuple(tables)


def _imported(file: Path, node: ast.ImportFrom) -> list[str]:
    """Return what a relative import may mean: the module, and each name as a module in it."""
    package = file.relative_to(ROOT).parts[:-1]
    base = ".".join([*package[: len(package) + 1 - node.level], *([node.module] if node.module else [])])
    return [base, *(f"{base}.{name.name}" for name in node.names)]


def _installed(library: str) -> str:
    try:
        return version(library)
    except ModuleNotFoundError:
        return "none"
