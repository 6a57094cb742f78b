"""Tables of settings in docs/reference.md, as ``python -m backend.cli.reference`` writes them; a test compares them."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Final

from ..contract.job import STAGES
from ..contract.options import Option, options_of
from .flags import GIVEN, flag_name

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "reference.md"
BEGIN: Final = "<!-- settings: written by python -m backend.cli.reference -->"
END: Final = "<!-- end of settings -->"


def tables() -> str:
    """Return a table of settings per stage, in Markdown."""
    parts = []
    for kind, spec in STAGES.items():
        options = [option for option in options_of(spec.settings) if (kind, option.name) not in GIVEN]
        if not options:
            continue
        rows = "\n".join(_row(flag_name(kind, option), option) for option in options)
        about = (spec.settings.__doc__ or "").strip()
        parts.append(f"**{spec.label}.** {about}\n\n| flag | default | what it does |\n| --- | --- | --- |\n{rows}")
    return "\n\n".join(parts)


def with_tables(page: str) -> str:
    """Return a page whose text between the two marks is replaced by the present tables."""
    pattern = re.compile(re.escape(BEGIN) + ".*?" + re.escape(END), flags=re.DOTALL)
    return pattern.sub(lambda _: f"{BEGIN}\n\n{tables()}\n\n{END}", page)


def _row(flag: str, option: Option) -> str:
    text = option.help[0].upper() + option.help[1:] + "."
    if option.choices is not None:
        text += " " + "; ".join(f"`{name}`: {meaning}" for name, meaning in option.choices.items()) + "."
    shown = f"`--{flag}`" if option.kind != "bool" else f"`--{flag}`, `--no-{flag}`"
    return f"| {shown} | {_default(option)} | {text.replace('|', '&#124;')}{_range(option)} |"


def _default(option: Option) -> str:
    if option.kind == "bool":
        return "yes" if option.default else "no"
    unit = f" {option.unit}" if option.unit else ""
    return f"{option.default}{unit}" if option.default != "" else "none"


def _range(option: Option) -> str:
    if option.minimum is not None and option.maximum is not None:
        return f" {option.minimum:g} to {option.maximum:g}."
    return f" At least {option.minimum:g}." if option.minimum is not None else ""


if __name__ == "__main__":
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8", newline="\n")
    sys.stdout.write(f"{PAGE.name} is up to date.\n")
