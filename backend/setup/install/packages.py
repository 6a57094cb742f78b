"""Calling pip: wheels only, with visible progress, and with its errors put into one sentence."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...contract.failure import Failure
from ...contract.installation import Layout, installed_packages, normalised
from ..plan.sources import Sources
from ..plan.wheels import Wheel, with_hashes
from ..process import Outcome, clean_environment, run_guarded
from .pip_progress import PipProgress

PIP_THAT_TELLS_BYTES = 25
"""Its ``--progress-bar raw`` came with 24.1; the pip of an environment is at first the one that came with Python."""


@dataclass(frozen=True)
class Pip:
    """The pip of one environment.

    Attributes:
        python: Interpreter of the environment.
        packages: Folder of its packages, watched to tell how far an installation is.
    """

    python: Path
    packages: Path
    layout: Layout
    sources: Sources
    progress: PipProgress

    def install(self, pins: Iterable[str], wheels: Iterable[Wheel], *options: str) -> Failure | None:
        """Install packages from wheels, each of which has to be one of those that are known by their hashes.

        What they ask for beside is not looked up.

        Args:
            pins: Lines of requirement files; comments are passed over.
            wheels: Files that may be installed.
            options: Further arguments of ``pip install``.
        """
        text = with_hashes(pins, wheels)
        if isinstance(text, Failure):
            return text
        file = self.layout.temporary / "pins.txt"
        file.write_text(text, encoding="utf-8")
        # The lists name everything: of some packages what they ask for is left out on purpose, see `unmet`.
        what = ["--only-binary", ":all:", "--require-hashes", "--no-deps", "--requirement", str(file)]
        return self._install(*what, *options)

    def install_unhashed(self, requirement: str, *options: str) -> Failure | None:
        """Install what no hash is known of: one of PyTorch's own builds, or an optional renderer from its source."""
        return self._install(requirement, *options)

    def _install(self, *arguments: str) -> Failure | None:
        outcome = self._run(["install", *self._options(), *arguments])
        return None if outcome.code == 0 else explain(outcome.text, self.sources, self.layout.log)

    def report(self, requirement: str, file: Path) -> Failure | None:
        """Write which file pip would take for a requirement, without its dependencies, as JSON; install nothing."""
        arguments = ["install", "--dry-run", "--ignore-installed", "--no-deps", "--only-binary", ":all:", "--quiet"]
        outcome = self._run([*arguments, "--report", str(file), *self._options(), requirement])
        return None if outcome.code == 0 else explain(outcome.text, self.sources, self.layout.log)

    def unmet(self, files_only: Collection[str]) -> str | None:
        """Return the first thing that an installed package asks for and does not find, in pip's words; None if none.

        Args:
            files_only: Normalised names of packages of which only files are read, so that nothing they ask for counts.
        """
        return first_unmet(self._run(["check"]).lines, files_only)

    def _options(self) -> list[str]:
        options = ["--progress-bar", "raw" if self._tells_bytes() else "off"]
        if self.sources.offline:
            options += ["--no-index", "--no-cache-dir"]
        if self.sources.wheelhouse is not None:
            options += ["--find-links", str(self.sources.wheelhouse)]
        return options

    def _tells_bytes(self) -> bool:
        version = installed_packages(self.packages).get("pip", "0.0").split(".")
        return version[0].isdigit() and int(version[0]) >= PIP_THAT_TELLS_BYTES

    def _run(self, arguments: Sequence[str]) -> Outcome:
        environment = clean_environment(self.layout.temporary, self.sources.offline)
        if not environment.keys() & {"PIP_CACHE_DIR", "PIP_NO_CACHE_DIR"}:
            environment["PIP_CACHE_DIR"] = str(self.layout.cache)
        self.progress.begin()
        return run_guarded(
            self.python,
            ["pip", *arguments],
            environment=environment,
            log=self.layout.log,
            on_line=self.progress.line,
            on_wait=self.progress.wait,
        )


def first_unmet(lines: Iterable[str], files_only: Collection[str]) -> str | None:
    """Return the line of ``pip check`` that tells of something missing or of another version, see `Pip.unmet`.

    Other doubts do not count: Blender's own file says that it is for another system, and works.
    """
    told = (found for line in lines if (found := re.match(r"(\S+) \S+ (requires|has requirement) ", line)))
    return next((found.string for found in told if normalised(found.group(1)) not in files_only), None)


CAUSES = (
    (
        r"No space left on device|not enough space|Errno 28|Errno 122|WinError 112",
        "disk-full",
        "The disk is full.",
        "Make room, or choose a folder on another disk with --target; then start this again.",
    ),
    (
        r"CERTIFICATE_VERIFY_FAILED|SSLCertVerificationError|SSLError",
        "certificate-refused",
        "The certificate of the package server was not accepted.",
        "Behind a company's proxy, set PIP_CERT to the file with its certificate; then start this again.",
    ),
    (
        r"ProxyError|407 Proxy|Tunnel connection failed",
        "proxy-refused",
        "The proxy refused the connection.",
        "Check HTTPS_PROXY, with name and password where it asks for them; then start this again.",
    ),
    (
        r"NewConnectionError|NameResolutionError|getaddrinfo|name resolution|ConnectTimeout|Read timed out|"
        r"ConnectionResetError|Connection refused|Network is unreachable|IncompleteRead|ConnectionError",
        "network-down",
        "The package server could not be reached.",
        "Check the connection, or install without it from a folder: --wheelhouse DIR --no-network.",
    ),
    (
        r"PermissionError|Permission denied|WinError 5\b|WinError 32\b",
        "permission-denied",
        "A file could not be written because it is protected or in use.",
        "Close Blender and other programs that use it, or choose a folder of your own with --target.",
    ),
)


def explain(text: str, sources: Sources, log: Path) -> Failure:
    """Turn pip's output into one sentence and what to do about it."""
    for pattern, code, sentence, advice in CAUSES:
        if re.search(pattern, text, flags=re.IGNORECASE):
            host = re.search(r"host='([^']+)'", text)
            server = f"The package server {host.group(1)}" if host else "The package server"
            return Failure(code, sentence.replace("The package server", server), advice)
    altered = re.search(r"^ *(\S+)(?: from \S+)?(?: \(from [^\n]*\))?:\n *Expected sha256", text, flags=re.MULTILINE)
    if altered:
        where = f"in {sources.wheelhouse}" if sources.offline else "that the package index gave"
        return Failure(
            "package-altered",
            f"The file of {altered.group(1)} {where} is not the one that was published, so it was not installed.",
            "Fetch it again; where it comes from an index or a folder of your company, ask who fills it.",
        )
    missing = re.search(r"No matching distribution found for ([^\s;]+)", text)
    if missing:
        where = f"The folder {sources.wheelhouse} has" if sources.offline else "The package index has"
        return Failure(
            "package-missing",
            f"{where} no ready-made file of {missing.group(1)} for this system and Python.",
            "Fill the folder with 'pip download' on a computer of the same kind, as docs/reference.md tells."
            if sources.offline
            else "If you use an index of your own (PIP_INDEX_URL, pip.conf), it must offer this version.",
        )
    errors = re.findall(r"^\s*(?:ERROR|error): (.+)$", text, flags=re.MULTILINE)
    last = errors[-1] if errors else (text.strip().splitlines() or ["it said nothing"])[-1]
    return Failure("pip-failed", f"pip could not install the packages: {last.rstrip('.')}.", f"See {log}.")
