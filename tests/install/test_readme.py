"""The documentation: what its pages say of settings and commands is so, and their links lead somewhere."""

from __future__ import annotations

import argparse
import ast
import importlib.util
import pkgutil
import re
import shlex
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from pages import (
    PAGES,
    ROOT,
    anchors,
    code_words,
    commands,
    definitions,
    labels,
    links,
    name_of,
    prose,
    quoted_messages,
)

from backend.cli.main import COMMANDS
from backend.cli.reference import PAGE, with_tables
from backend.contract.job import STAGES
from backend.contract.model_catalogue import TO_ADD
from backend.contract.model_files import SIDE_FILES, TASK_FILES
from backend.contract.options import options_of
from backend.contract.track_schema import KINDS
from backend.setup.command import parser as installer_parser

README = ROOT / "README.md"
OURS = r"(backend|blender_flame_tracker|tests|docs|requirements|tools|\.ci|\.github)/"
"""How paths begin that lie in the project, and not in somebody's folder of results."""
OF_BLENDER = {
    "Get Extensions",
    "Install from Disk",
    "Material Preview",
    "Evaluation Time",
    "False Color",
    "Rec.2100-HLG",
    "Rec.2100-PQ",
}
"""Labels, views and names of colour spaces that Blender has."""
TOOLS = ("pytest", "ruff", "pyright", "distributed.cli.dask_scheduler", "distributed.cli.dask_worker")
"""Modules of others that developers run."""
OF_OTHERS = {
    "--nthreads",
    "--background",
    "--command",
    "--only-binary",
    "--extra-index-url",
    "--point_path",
    "--motion_path",
    "--count",
}
"""Flags of programs that are not ours, or only for tests."""


def command_parsers() -> dict[str, argparse.ArgumentParser]:
    """Every command of ``python -m backend``, and how it reads its arguments."""
    return {
        name: importlib.import_module(command.module, "backend").parser()  # as `backend.cli.main` finds them
        for name, command in COMMANDS.items()
    }


def test_the_tables_of_settings_are_up_to_date() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert "| `--quality` | standard |" in text
    assert with_tables(text) == text, "run: python -m backend.cli.reference"


def test_every_command_is_described() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert [name for name in COMMANDS if f"`python -m backend {name}" not in text] == []


def test_every_array_of_a_track_file_is_described() -> None:
    words = code_words(ROOT / "docs" / "track-file.md")
    assert [name for name in KINDS if name not in words] == []


def test_every_file_that_is_looked_for_among_the_models_is_described() -> None:
    page = ROOT / "docs" / "model-files.md"
    assert [name for name in (*TO_ADD, *TASK_FILES, *SIDE_FILES) if name not in code_words(page)] == []
    addresses = {known.url for known in TO_ADD.values() if "github.com" in known.url}
    assert sorted(addresses - set(links(page))) == []


def test_the_first_page_can_be_read_in_five_minutes() -> None:
    assert len(README.read_text(encoding="utf-8").split()) <= 1200


def test_every_page_can_be_reached_from_the_first_one() -> None:
    reached, waiting = set(), [README]
    while waiting:
        page = waiting.pop()
        if page in reached or page not in PAGES:
            continue
        reached.add(page)
        waiting += [(page.parent / link.partition("#")[0]).resolve() for link in links(page)]
    assert [name_of(page) for page in PAGES if page not in reached and page.parent.name != "models"] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    broken = []
    for link in links(page):
        address = urlsplit(link)
        if address.scheme:
            if address.scheme != "https" or "." not in address.netloc:
                broken.append(link)
            continue
        target = (page.parent / address.path).resolve() if address.path else page
        if not target.exists() or (address.fragment and address.fragment not in anchors(target)):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_files_of_ours_that_a_page_names_exist(page: Path) -> None:
    named = [word for word in code_words(page) if re.match(OURS, word) and not re.search(r"[<\s*]", word)]
    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_definitions_are_in_the_files_that_a_page_names(page: Path) -> None:
    absent = []
    for name, file in definitions(page):
        tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
        if name not in {found for statement in tree.body for found in defined_by(statement)}:
            absent.append(f"{name} in {file}")
    assert absent == []


def defined_by(statement: ast.stmt) -> list[str]:
    """Names that a statement at the top of a module gives; of a class also those in it, after a dot."""
    if isinstance(statement, ast.FunctionDef):
        return [statement.name]
    if isinstance(statement, ast.ClassDef):
        inner = [f"{statement.name}.{name}" for part in statement.body for name in defined_by(part)]
        return [statement.name, *inner]
    targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
    return [target.id for target in targets if isinstance(target, ast.Name)]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_names_of_python_that_a_page_gives_exist(page: Path) -> None:
    dotted = [word.removesuffix("()") for word in code_words(page) if re.fullmatch(r"backend(\.\w+)+(\(\))?", word)]
    for name in dotted:
        pkgutil.resolve_name(name)  # fails where there is no such thing


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_labels_are_those_of_the_program_or_of_blender(page: Path, sentences: str) -> None:
    options = [option for spec in STAGES.values() for option in options_of(spec.settings)]
    known = "\n".join([sentences, *(option.label for option in options)]).lower()
    assert sorted(label for label in labels(page) - OF_BLENDER if label.lower() not in known) == []


@pytest.fixture(scope="module")
def sentences() -> str:
    """All texts in the code, one a line, without what is put into them."""
    files = [file for ring in ("backend", "blender_flame_tracker") for file in (ROOT / ring).rglob("*.py")]
    nodes = [node for file in files for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))]
    return "\n".join(text for node in nodes if (text := text_of(node)))


def text_of(node: ast.AST) -> str:
    """Text that a piece of code is, an empty one for any other code."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    return "".join(map(text_of, node.values)) if isinstance(node, ast.JoinedStr) else ""


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_quoted_messages_are_those_of_the_program(page: Path, sentences: str) -> None:
    assert [words for words in quoted_messages(page) if re.search(words, sentences) is None] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_flags_in_the_text_exist(page: Path) -> None:
    parsers = [*command_parsers().values(), installer_parser(ROOT)]
    known = {flag for parser in parsers for action in parser._actions for flag in action.option_strings}
    # The command within Blender needs `bpy`, which this interpreter may lack: its flags are read from the source.
    in_blender = ROOT / "blender_flame_tracker" / "exporters" / "terminal.py"
    known |= set(re.findall(r'add_argument\("(--[\w-]+)"', in_blender.read_text(encoding="utf-8")))
    named = set(re.findall(r"(?<![\w-])--[a-z][\w-]*", prose(page)))
    assert sorted(named - known - OF_OTHERS) == []


@pytest.mark.parametrize(("page", "line"), [(name_of(page), line) for page in PAGES for line in commands(page)])
def test_shown_commands_are_understood(page: str, line: str) -> None:
    program, *words = shlex.split(line.replace("\\", "/"))
    if words[0] == "install_deps.py":
        assert program in ("python3", "py")
        installer_parser(ROOT).parse_args(words[1:])
        return
    assert re.fullmatch(r"python|\.venv/bin/python|\.venv/envs/blender-[\d.]+-\*/bin/python", program)
    if words[1] != "backend":
        assert words[1] in TOOLS or importlib.util.find_spec(words[1]) is not None
        files = [word for word in words[2:] if "/" in word and "://" not in word]
        assert [word for word in files if not (ROOT / word).exists()] == []
    else:
        command_parsers()[words[2]].parse_args(words[3:])
