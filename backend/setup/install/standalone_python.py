"""A Python of our own, for computers that have none that fits: fetched by `uv` into the environment's folder.

`uv` is a package of the package index; the pip of whatever Python runs the installer fetches it. The Pythons are built
by the project python-build-standalone and need nothing of the system.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from ...contract.failure import Failure
from ...contract.installation import Layout
from ..layout import folder_size
from ..plan.interpreters import Interpreter, find_interpreter, running_python
from ..plan.sources import Sources
from ..plan.standalone_python import PYTHON_BYTES, UV, bundled_pip, source
from ..plan.wheels import Wheel, with_hashes
from ..process import Outcome, clean_environment, run_guarded, run_program
from ..reporter import Reporter
from .packages import CAUSES, explain

UNPACKED_BYTES: Final = 110_000_000
HONOURED: Final = frozenset(
    {"UV_PYTHON_INSTALL_MIRROR", "UV_PYTHON_DOWNLOADS_JSON_URL", "UV_NATIVE_TLS", "UV_SYSTEM_CERTS", "UV_OFFLINE"}
)


def fetch(
    layout: Layout, wanted: Sequence[str], sources: Sources, wheels: Sequence[Wheel], reporter: Reporter
) -> Interpreter | Failure:
    """Fetch a Python of the first wanted version into the environment's folder and return it.

    Finished downloads are kept in the cache; what is half-made is replaced the next time. The program that fetches it
    has to be one of the `wheels`; it checks what it fetches by the hashes that it brings along.
    """
    version = wanted[0]
    layout.temporary.mkdir(parents=True, exist_ok=True)
    uv = _uv(layout, sources, wheels, reporter)
    if isinstance(uv, Failure):
        return uv
    reporter.step(f"Python {version} from {source()}")
    environment = clean_environment(layout.temporary)
    environment = {name: value for name, value in environment.items() if name[:3] != "UV_" or name in HONOURED}
    environment.update(
        UV_CACHE_DIR=str(layout.cache / "uv"), UV_PYTHON_CACHE_DIR=str(layout.cache / "python"), UV_NO_CONFIG="1"
    )
    outcome = run_program(
        # Nothing outside the folder: no links in ~/.local/bin, no entry in Windows' registry.
        [str(uv), "python", "install", version, "--install-dir", str(layout.pythons), "--no-bin", "--no-registry"],
        environment=environment,
        log=layout.log,
        on_wait=lambda seconds: _say_progress(layout, version, seconds, reporter),
    )
    if outcome.code != 0:
        return _explain(outcome, version, layout)
    found = find_interpreter([version], own=layout.pythons, only_own=True)
    if isinstance(found, Failure):
        return Failure("python-failed", f"Python {version} was fetched but does not start.", f"See {layout.log}.")
    return found


def _uv(layout: Layout, sources: Sources, wheels: Sequence[Wheel], reporter: Reporter) -> Path | Failure:
    folder = layout.root / "uv" / UV
    present = _program(folder)
    if present is not None:
        return present
    reporter.step(f"uv {UV}, which fetches Python")
    pip = _pip(layout)
    environment = clean_environment(layout.temporary)
    environment.setdefault("PIP_CACHE_DIR", str(layout.cache))
    pins = with_hashes([f"uv=={UV}"], wheels)
    if isinstance(pins, Failure):
        return pins
    file = layout.temporary / "uv.txt"
    file.write_text(pins, encoding="utf-8")
    places = ["--find-links", str(sources.wheelhouse)] if sources.wheelhouse is not None else []
    what = ["--only-binary", ":all:", "--require-hashes", "--no-deps", "--requirement", str(file)]
    outcome = run_guarded(
        running_python(),
        [pip, "install", "--upgrade", *what, *places, "--target", str(folder)],
        environment=environment,
        log=layout.log,
    )
    if outcome.code != 0:
        return explain(outcome.text, sources, layout.log)
    return _program(folder) or Failure("uv-failed", "The package uv holds no program.", f"See {layout.log}.")


def _program(folder: Path) -> Path | None:
    found = [path for name in ("bin/uv", "bin/uv.exe", "Scripts/uv.exe") if (path := folder / name).is_file()]
    return found[0] if found else None


def _pip(layout: Layout) -> str:
    """Return what starts pip: the module where there is one, else a script that runs the wheel of `ensurepip`."""
    wheel = bundled_pip()
    if find_spec("pip") is not None or wheel is None:
        return "pip"
    script = layout.temporary / "pip_of_ensurepip.py"
    lines = f"import runpy, sys\nsys.path.insert(0, {str(wheel)!r})\n"
    script.write_text(lines + "runpy.run_module('pip', run_name='__main__', alter_sys=True)\n", encoding="utf-8")
    return str(script)


def _say_progress(layout: Layout, version: str, seconds: float, reporter: Reporter) -> None:
    unpacked = folder_size(layout.pythons) if layout.pythons.is_dir() else 0
    if unpacked:
        reporter.progress(f"Unpacking Python {version}", unpacked, max(UNPACKED_BYTES, unpacked))
    else:
        reporter.progress(f"Downloading Python {version}, about {PYTHON_BYTES / 1e6:.0f} MB, since {seconds:.0f} s")


def _explain(outcome: Outcome, version: str, layout: Layout) -> Failure:
    text = outcome.text
    network = r"dns error|error sending request|Failed to download|timed out|client error|connect"
    certificate = r"UnknownIssuer|invalid peer certificate|certificate"
    if re.search(certificate, text, flags=re.IGNORECASE):
        code = "certificate-refused"
        advice = "Behind a company's proxy, set SSL_CERT_FILE to the file with its certificate; then start this again."
        return Failure(code, f"The certificate of {source()} was not accepted.", advice)
    for pattern, code, sentence, advice in CAUSES:
        if code in ("disk-full", "permission-denied") and re.search(pattern, text, flags=re.IGNORECASE):
            return Failure(code, sentence, advice)
    if re.search(network, text, flags=re.IGNORECASE):
        return Failure(
            "python-unreachable",
            f"Python {version} could not be downloaded from {source()}.",
            f"Check the connection, or install Python {version} (64-bit) from python.org; then start this again.",
        )
    last = next((line for line in outcome.lines if "error" in line.lower()), "it said nothing")
    return Failure("python-failed", f"Python {version} could not be set up: {last.rstrip('.')}.", f"See {layout.log}.")
