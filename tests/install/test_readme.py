"""README.md says what the settings say."""

from __future__ import annotations

from backend.cli.reference import README, with_tables


def test_the_tables_of_settings_are_up_to_date() -> None:
    text = README.read_text(encoding="utf-8")
    assert "| `--quality` | standard |" in text
    assert with_tables(text) == text, "run: python -m backend.cli.reference"
