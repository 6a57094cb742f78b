"""The doctor: one page that says what is there, what is missing and how to get it. Standard library only."""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ... import __version__
from ...contract import licences
from ...contract.file_access import home
from ...contract.installation import Layout
from ...contract.model_files import TASK_FILES, task_file
from ...system.memory import total_memory
from ..layout import folder_size
from ..plan.graphics import NvidiaDriver, find_nvidia_driver
from ..plan.libraries import how_to_get, missing_display_libraries
from ..plan.preflight import check_platform
from .inspection import READY, Inspection, inspect

PROJECT = Path(__file__).resolve().parents[3]
WIDTH = 24


@dataclass
class Page:
    """The page while it is written.

    Attributes:
        full: Whether personal paths are shown.
        missing: What is missing and how to get it; the first kind keeps the engine from running.
        possible: What could be added.
    """

    full: bool
    lines: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    possible: list[str] = field(default_factory=list)

    def title(self, text: str) -> None:
        """Begin a section."""
        self.lines += ["", text]

    def row(self, name: str, value: str) -> None:
        """Add a line of a section."""
        self.lines.append(f"  {name.ljust(WIDTH)}{value}".rstrip())

    def place(self, path: Path) -> str:
        """Return a path as it may be shown: whole with `--full`, else without what lies above the program."""
        if self.full:
            return str(path)
        if path.is_relative_to(PROJECT):
            return str(path.relative_to(PROJECT))
        return f"…{os.sep}{path.name}"

    def text(self, text: str) -> str:
        """Return a text of others without the home folder and the program's folder in it."""
        if self.full:
            return text
        for folder, shown in ((PROJECT, "…"), (home(), "~")):
            if folder != Path(folder.anchor):
                text = text.replace(str(folder), shown)
        return text


def parser() -> argparse.ArgumentParser:
    """Return the parser."""
    result = argparse.ArgumentParser(
        prog="python -m backend doctor", description="Say what is installed, what is missing and how to get it."
    )
    result.add_argument("--target", type=Path, metavar="DIR", help="folder of the environment (default: .venv)")
    result.add_argument("--full", action="store_true", help="show personal paths too")
    return result


def main(arguments: list[str]) -> int:
    """Print the page.

    Returns:
        0 when the engine is ready, 1 when something keeps it from running.
    """
    options = parser().parse_args(arguments)
    layout = Layout((options.target or PROJECT / ".venv").expanduser().absolute())
    page = write_page(layout, options.full)
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
    sys.stdout.write("\n".join(page.lines) + "\n")
    return 1 if page.missing else 0


def write_page(layout: Layout, full: bool) -> Page:
    """Look at everything and write the page; changes nothing."""
    page = Page(full)
    page.lines.append(f"FLAME Head Tracker {__version__}")
    driver = find_nvidia_driver()
    found = inspect(layout, PROJECT)
    _system(page, layout)
    _graphics(page, driver, found.answer)
    _environments(page, layout, found)
    _models(page, found.answer)
    _cache(page, layout, found.answer)
    for title, sentences in (("Missing", page.missing), ("Could be added", page.possible)):
        if sentences:
            page.title(title)
            page.lines += [f"  - {sentence}" for sentence in sentences]
    if not page.missing:
        page.lines += ["", "The engine is ready."]
    return page


def _system(page: Page, layout: Layout) -> None:
    page.title("System")
    page.row("system", f"{platform.system()} {platform.release()}, {platform.machine()}")
    if sys.platform.startswith("linux"):
        page.row("distribution", _distribution())
    memory = total_memory()
    page.row("processor", f"{os.cpu_count()} cores" + (f", {memory / 1e9:.0f} GB of memory" if memory else ""))
    existing = next(path for path in (layout.root, *layout.root.parents) if path.exists())
    page.row("disk", f"{shutil.disk_usage(existing).free / 1e9:.0f} GB free")
    page.row("Python of this page", f"{platform.python_version()}" + (f"  {sys.executable}" if page.full else ""))
    unsupported = check_platform()
    if unsupported is not None:
        page.missing.append(str(unsupported))


def _graphics(page: Page, driver: NvidiaDriver | None, answer: dict[str, Any]) -> None:
    page.title("Graphics processor")
    if driver is None:
        page.row("NVIDIA", "no driver answers; the processor computes")
    else:
        for name, memory in zip(driver.names, driver.memory, strict=True):
            page.row("NVIDIA", f"{name}, {memory}")
        cuda = f", runs CUDA up to {driver.cuda[0]}.{driver.cuda[1]}" if driver.cuda != (0, 0) else ""
        page.row("driver", driver.version + cuda)
    devices = answer.get("devices", {})
    if devices:
        usable = [name for name in ("cuda", "mps") if devices.get(name)]
        page.row("usable by the engine", ", ".join(["cpu", *usable]))
        if driver is not None and not devices.get("cuda"):
            page.possible.append("CUDA for the fit: python3 install_deps.py --torch cuda")


def _environments(page: Page, layout: Layout, found: Inspection) -> None:
    page.title(f"Environments ({page.place(layout.root)})")
    for environment in found.environments:
        made = f", Python {environment.python}: {', '.join(environment.purposes)}" if environment.python else ""
        page.row(environment.name, environment.state + made)
        if environment.libraries:
            names = ", ".join(environment.libraries)
            page.missing.append(f"System libraries {names}. {how_to_get(environment.libraries)}")
    if not found.own:
        page.row("", "the packages below are those of the Python that runs this page")
    packages = found.answer.get("packages", {})
    for name, version in packages.items():
        page.row(name, version)
    if found.trouble or (found.own and found.environments[0].state != READY):
        page.missing.append(f"The engine ({page.text(found.trouble)}): python3 install_deps.py")
    if "bpy" not in packages:
        page.possible.append("Blender as a module, for the demo: python3 install_deps.py --demo")
    elif missing_display_libraries():
        page.possible.append(f"Drawing in Blender: {how_to_get(missing_display_libraries())}")


def _models(page: Page, answer: dict[str, Any]) -> None:
    page.title(f"Models ({page.place(PROJECT / 'models')})")
    page.row("built-in head", f"part of the program; licence: {licences.PROGRAM.sentence}")
    models = answer.get("models", [])
    for model in models:
        state = " ".join(model["problems"]) or f"{model['name']}; licence: {model['licence']}"
        page.row(model["file"], page.text(state))
    if task_file(PROJECT / "models") is not None:
        page.row(TASK_FILES[0], f"landmarks and 52 expression scores; licence: {licences.APACHE.name}")
    else:
        page.row(TASK_FILES[0], "not there: the networks of the mediapipe package are used, without the 52 scores")
        page.possible.append(f"The 52 expression scores: put {TASK_FILES[0]} into models/ (see docs/model-files.md)")
    if not any(not model["problems"] for model in models):
        page.possible.append("A FLAME head: put its file into models/ (see docs/model-files.md)")


def _cache(page: Page, layout: Layout, answer: dict[str, Any]) -> None:
    cache = answer.get("cache")
    if not cache and not layout.root.is_dir():
        return
    page.title("Room taken")
    if layout.root.is_dir():
        page.row("environments", f"{folder_size(layout.environments) / 1e9:.1f} GB")
    if layout.cache.is_dir():
        page.row("kept downloads", f"{folder_size(layout.cache) / 1e9:.1f} GB ({page.place(layout.cache)})")
    if cache:
        place = f"  {cache['folder']}" if page.full else ""
        page.row("results of earlier runs", f"{cache['bytes'] / 1e6:.0f} MB in {cache['entries']} results{place}")


def _distribution() -> str:
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return "unknown"
    return release.get("PRETTY_NAME", "unknown")
