"""Pages of the documentation, and what their Markdown says: links, headings, blocks of code."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = tuple(
    path
    for path in (
        *sorted(ROOT.glob("*.md")),
        *sorted((ROOT / "docs").glob("*.md")),
        ROOT / "models" / "README.md",
    )
    if path.is_file()
)
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_CODE = re.compile(r"`([^`\n]+)`")


@dataclass(frozen=True)
class Block:
    """A block of code: the page that shows it, the language that it states, and its text."""

    page: str
    language: str
    text: str


def name_of(page: Path) -> str:
    """Return a page's path within the project."""
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path) -> list[Block]:
    """Return the blocks of code that a page shows."""
    return [Block(name_of(page), *found) for found in _BLOCK.findall(page.read_text(encoding="utf-8"))]


def prose(page: Path) -> str:
    """Return a page without its blocks of code."""
    return _BLOCK.sub("", page.read_text(encoding="utf-8"))


def links(page: Path) -> list[str]:
    """Return where the links and pictures of a page lead, as written."""
    return _LINK.findall(_CODE.sub("", prose(page)))


def code_words(page: Path) -> list[str]:
    """Return what stands in backticks within a page's text."""
    return _CODE.findall(prose(page))


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def shell_lines(page: Path) -> list[str]:
    """Return the command lines that a page shows in blocks without a language."""
    return [line for block in blocks(page) if block.language == "" for line in block.text.splitlines() if line]


def commands(page: Path) -> list[str]:
    """Return the command lines of our programs that a page shows, in blocks and in its text, without duplicates.

    Brackets around what may be left out are taken away.
    """
    inline = [word for word in code_words(page) if re.match(r"(python3?|py) (-m backend|install_deps\.py) ", word)]
    lines = [line for line in (*shell_lines(page), *inline) if "-m pip" not in line]
    return list(dict.fromkeys(re.sub(r"[\[\]]", "", line) for line in lines))


def definitions(page: Path) -> list[tuple[str, str]]:
    """Return (name, file of Python) where a page says that a name, or a dotted one of a class, is in a file."""
    return re.findall(r"`([\w.]+)` (?:in|of) `([\w/.]+\.py)`", prose(page))


def quoted_messages(page: Path) -> list[str]:
    """Return the messages that a page quotes in its tables of trouble, as patterns: dots stand for anything."""
    rows = re.findall(r"^\| what you see .*?\n\n", page.read_text(encoding="utf-8") + "\n\n", re.MULTILINE | re.DOTALL)
    quotes = re.findall(r'^\| "([^"]+)"', "".join(rows), re.MULTILINE)
    return [".*".join(re.escape(part.strip()) for part in quote.split("...")) for quote in quotes]


def labels(page: Path) -> set[str]:
    """Return what a page writes in italics: buttons, fields, menus; of a way through menus every step."""
    text = _CODE.sub("", prose(page)).replace("**", "")
    italics = re.findall(r"(?<![\w*])\*([^*\n]+)\*(?![\w*])", text)
    return {part.strip(". ") for words in italics for part in re.split(r" > |: ", words)}
