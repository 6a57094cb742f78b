"""A Python of our own, for computers that have none that fits: what it costs, where it comes from, what it needs."""

from __future__ import annotations

import os
import sysconfig
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from ...contract.failure import Failure
from ...contract.installation import platform_name
from .downloads import Download

UV: Final = "0.13.9"
UV_BYTES: Final = {"linux-x86_64": 17_606_939, "win32-amd64": 15_662_317, "darwin-arm64": 14_660_755}
"""From the package index, November 2026."""

PYTHON_BYTES: Final = 30_000_000
"""About: the files of the stripped builds have 17 to 30 MB."""

PYTHON_GIGABYTES: Final = 0.3
UV_LICENCE: Final = "Apache-2.0 OR MIT"
PYTHON_LICENCE: Final = "PSF-2.0; with OpenSSL (Apache-2.0), SQLite and other free libraries"
USUAL_SOURCE: Final = "github.com"


def what_is_fetched(version: str) -> list[Download]:
    """Return what a Python of our own costs to download, for the plan."""
    return [
        Download("python", version, PYTHON_LICENCE, PYTHON_BYTES),
        Download("uv", UV, UV_LICENCE, UV_BYTES.get(platform_name(), max(UV_BYTES.values()))),
    ]


def source() -> str:
    """Return the host that the Python comes from, or the folder."""
    mirror = os.environ.get("UV_PYTHON_INSTALL_MIRROR", "")
    if not mirror:
        return USUAL_SOURCE
    parts = urlsplit(mirror)
    return parts.hostname or parts.path or mirror


def cannot_fetch(wanted: Sequence[str]) -> Failure:
    """Say how to get a Python where the network may not be used."""
    version = wanted[0]
    return Failure(
        "python-missing-offline",
        f"This computer has no Python {' or '.join(wanted)}, and none can be downloaded because only the folder of "
        "wheels may be used.",
        f"Get the installer of Python {version} (64-bit) from python.org on another computer and run it here; "
        "then start this again.",
    )


def check_pip() -> Failure | None:
    """Refuse where the Python that runs the installer has no way to fetch packages."""
    if find_spec("pip") is not None or bundled_pip() is not None:
        return None
    return Failure(
        "pip-missing",
        "This computer has no Python 3.11 or 3.12, and the one that runs this cannot fetch one: it lacks 'pip' and "
        "'ensurepip'.",
        "Install Python 3.11 from python.org or with your system's package manager, on Debian and Ubuntu also "
        "python3-venv; then start this again.",
    )


def bundled_pip() -> Path | None:
    """Return the wheel of pip that comes with this Python, if there is one."""
    folders = [Path(folder) for folder in [sysconfig.get_config_var("WHEEL_PKG_DIR")] if folder]
    ensurepip = find_spec("ensurepip")
    if ensurepip is not None and ensurepip.origin:
        folders.append(Path(ensurepip.origin).parent / "_bundled")
    wheels = [wheel for folder in folders for wheel in sorted(folder.glob("pip-*.whl"))]
    return wheels[-1] if wheels else None
