"""Sources of packages: the choice of the user, and the hosts in pip's settings, never a password in them."""

from __future__ import annotations

import configparser
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from .torch_build import PYTORCH_INDEX

USUAL_INDEX: Final = "https://pypi.org/simple"
SETTINGS: Final = ("index-url", "extra-index-url", "find-links", "no-index")


@dataclass(frozen=True)
class Sources:
    """Where packages come from, beside what pip's own settings say.

    Attributes:
        wheelhouse: Folder with wheels, or None.
        offline: Use nothing but the wheelhouse.
    """

    wheelhouse: Path | None = None
    offline: bool = False


def hosts(sources: Sources, build: str, torch: str, environment: Mapping[str, str] = os.environ) -> list[str]:
    """Return the hosts and folders that packages come from.

    Args:
        sources: What the user chose.
        build: ``cpu`` or ``cuda`` for torch, empty where there is none.
        torch: Its version.
        environment: Variables that pip reads.
    """
    settings = {} if sources.offline else pip_settings(environment)
    places = [] if sources.wheelhouse is None else [str(sources.wheelhouse)]
    if not sources.offline:
        index = settings.get("index-url", USUAL_INDEX).split()
        others = [*settings.get("extra-index-url", "").split(), *settings.get("find-links", "").split()]
        local = [] if settings.get("no-index", "").lower() in ("1", "true", "yes", "on") else index
        places += [_place(each) for each in [*local, *others]]
        if build and _needs_pytorch_index(build, torch, index, [*others, *places]):
            places.append(_place(PYTORCH_INDEX))
    return list(dict.fromkeys(place for place in places if place))


def pip_settings(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what pip's files and variables say about where packages come from; later ones win, as with pip."""
    found: dict[str, str] = {}
    for file in _files(environment):
        parser = configparser.RawConfigParser()
        try:
            parser.read(file, encoding="utf-8")
        except (configparser.Error, OSError, UnicodeDecodeError):
            # pip itself will say what is wrong with it.
            continue
        for section in ("global", "install"):
            if parser.has_section(section):
                found.update({key: value for key, value in parser.items(section) if key in SETTINGS})
    for key in SETTINGS:
        value = environment.get("PIP_" + key.upper().replace("-", "_"))
        if value:
            found[key] = value
    return found


def _files(environment: Mapping[str, str]) -> Iterator[Path]:
    named = environment.get("PIP_CONFIG_FILE")
    if named == os.devnull:
        return
    home = Path.home()
    if sys.platform == "win32":
        yield Path(environment.get("PROGRAMDATA", "C:\\ProgramData")) / "pip" / "pip.ini"
        yield home / "pip" / "pip.ini"
        yield Path(environment.get("APPDATA", str(home))) / "pip" / "pip.ini"
    else:
        for folder in environment.get("XDG_CONFIG_DIRS", "/etc/xdg").split(":"):
            yield Path(folder) / "pip" / "pip.conf"
        yield Path("/etc/pip.conf")
        yield home / ".pip" / "pip.conf"
        if sys.platform == "darwin":
            yield Path("/Library/Application Support/pip/pip.conf")
            yield home / "Library" / "Application Support" / "pip" / "pip.conf"
        yield Path(environment.get("XDG_CONFIG_HOME", home / ".config")) / "pip" / "pip.conf"
    if named:
        yield Path(named)


def _place(address: str) -> str:
    """Return the host of an address, or the folder of a local one."""
    parts = urlsplit(address)
    if parts.scheme in ("http", "https"):
        return parts.hostname or ""
    return parts.path if parts.scheme == "file" else address


def _needs_pytorch_index(build: str, torch: str, index: list[str], folders: list[str]) -> bool:
    """Tell whether the usual places lack the build; of an index of one's own only pip knows."""
    if any(Path(folder).is_dir() and any(Path(folder).glob(f"torch-{torch}*.whl")) for folder in folders):
        return False
    usual = [_place(each) for each in index] == [_place(USUAL_INDEX)]
    on_usual = "cuda" if sys.platform.startswith("linux") else "cpu"
    return usual and build != on_usual
