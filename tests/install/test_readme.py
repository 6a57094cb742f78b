"""README.md says what the settings say, and its links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from backend.cli.main import COMMANDS
from backend.cli.reference import README, with_tables

PAGES = (README, README.parent / "models" / "README.md", *sorted((README.parent / "docs").glob("*.md")))


def test_the_tables_of_settings_are_up_to_date() -> None:
    text = README.read_text(encoding="utf-8")
    assert "| `--quality` | standard |" in text
    assert with_tables(text) == text, "run: python -m backend.cli.reference"


def test_every_command_is_described() -> None:
    text = README.read_text(encoding="utf-8")
    assert [name for name in COMMANDS if f"`python -m backend {name}" not in text] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.parent.name}/{page.name}")
def test_links_to_files_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []
