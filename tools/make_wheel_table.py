"""Write `requirements/wheels.csv` anew after the pins have changed: the hash of every file that pip may install.

The lock files come from `lock_requirements`. Builds of torch that PyTorch's own index alone has are kept from the
table; write those of another version by hand, from what that index says of its files.
"""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import tomllib

from backend.setup.plan.wheels import HEAD, TABLE, Wheel, read_wheels

_PYTHONS: Final = re.compile(r"-(cp31[12]-cp31[12]|cp3\d{1,2}-abi3|(?:py2\.)?py3-none|cp31[12]-none)-")
_PLATFORMS: Final = re.compile(
    r"(manylinux\S*_x86_64|linux_x86_64|win_amd64|macosx\S*_(?:arm64|universal2)|-any)\.whl$"
)


def main(locks: Sequence[Path], folder: Path) -> None:
    """Write the table from lock files of `uv`."""
    wheels = {wheel.file: wheel for lock in locks for wheel in _wheels(lock)}
    wheels.update({wheel.file: wheel for wheel in read_wheels(folder) if "+" in wheel.version})
    with (folder / TABLE).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEAD)
        writer.writerows(
            (wheel.file, wheel.sha256) for _, wheel in sorted(wheels.items(), key=lambda each: each[0].lower())
        )


def _wheels(lock: Path) -> Iterator[Wheel]:
    """Files for the Pythons and systems that the engine runs on."""
    for package in tomllib.loads(lock.read_text(encoding="utf-8"))["package"]:
        for wheel in package.get("wheels", []):
            name = wheel["url"].rsplit("/", 1)[-1].replace("%2B", "+")
            if _PYTHONS.search(name) and _PLATFORMS.search(name):
                yield Wheel(name, wheel["hash"].removeprefix("sha256:"))


if __name__ == "__main__":
    main([Path(lock) for lock in sys.argv[1:-1]], Path(sys.argv[-1]))
