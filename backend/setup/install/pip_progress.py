"""Progress of pip: which package, and how much of all there is to fetch and to unpack."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ...contract.installation import installed_packages, normalised
from ..reporter import Reporter

QUIET_SECONDS: Final = 30.0
UNPACKING: Final = 0.4
"""Time to unpack a package beside that to fetch it, at about 30 MB/s; keeps the bar moving to the end."""

FILE = re.compile(r"\s*(Downloading|Using cached|Processing) (\S*?)([^/\\\s]+)\.whl(\.metadata)?( \(|$)")
BYTES = re.compile(r"Progress (\d+) of (\d+)")


@dataclass
class PipProgress:
    """Turns what pip writes into "which package, how far"; one for all runs of pip that fill an environment.

    Attributes:
        reporter: Takes the progress.
        packages: Folder of the packages, watched while pip unpacks and says nothing.
        sizes: Bytes of what is to be fetched, by normalised name.
    """

    reporter: Reporter
    packages: Path
    sizes: Mapping[str, int] = field(default_factory=dict)
    fetched: set[str] = field(default_factory=set)
    present: str = ""
    present_bytes: int = 0
    order: list[str] = field(default_factory=list)
    before: set[str] = field(default_factory=set)

    def begin(self) -> None:
        """Begin a run of pip."""
        self._arrived()
        self.order = []
        self.before = self._unpacked()

    def line(self, line: str) -> None:
        """Take one line of pip's output."""
        collecting = re.match(r"\s*Collecting ([A-Za-z0-9._-]+)", line)
        file = FILE.match(line)
        part = BYTES.match(line)
        if part:
            self.present_bytes = int(part.group(1))
            share = f", {self.present_bytes / 1e6:.0f} of {int(part.group(2)) / 1e6:.0f} MB"
            self._say(f"Downloading {self.present}{share if int(part.group(2)) > 1e6 else ''}")
        elif collecting:
            self._say(f"Looking up {collecting.group(1)}")
        elif file and not file.group(4):
            self._arrived()
            self.present = file.group(3).split("-")[0]
            if file.group(1) == "Downloading":
                self._say(f"Downloading {self.present}")
            else:
                self._arrived()
        elif line.startswith("Installing collected packages: "):
            self._arrived()
            self.order = line.partition(": ")[2].split(", ")
            self.before = self._unpacked()
            self._say(f"Unpacking {len(self.order)} packages" if len(self.order) > 1 else f"Unpacking {self.order[0]}")

    def wait(self, seconds: float) -> None:
        """Say something about once a second while pip is silent."""
        if self.order:
            done = min(len(self._unpacked() - self.before), len(self.order) - 1)
            count = f" ({done + 1} of {len(self.order)})" if len(self.order) > 1 else ""
            self._say(f"Unpacking {self.order[done]}{count}")
        elif seconds > QUIET_SECONDS:
            what = f"Downloading {self.present}" if self.present else "Looking up packages"
            self._say(f"{what}: waiting for the network since {seconds:.0f} s")

    def _arrived(self) -> None:
        if self.present:
            self.fetched.add(normalised(self.present))
        self.present, self.present_bytes = "", 0

    def _say(self, text: str) -> None:
        unpacked = self._unpacked() if self.order else self.before
        present = min(self.present_bytes, self.sizes.get(normalised(self.present), 0))
        done = self._sum(self.fetched) + present + UNPACKING * self._sum(unpacked)
        self.reporter.progress(text, done, (1 + UNPACKING) * self._sum(set(self.sizes)))

    def _sum(self, names: set[str]) -> int:
        return sum(self.sizes.get(name, 0) for name in names)

    def _unpacked(self) -> set[str]:
        return set(installed_packages(self.packages))
