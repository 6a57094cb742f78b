"""Write `requirements/packages.csv` anew after the pins have changed: sizes from a lock file of `uv`.

The lock file of ``engine.txt`` comes from `lock_requirements`; it knows the size of every file of the pinned packages,
for all systems. Licences are kept from the table; those of new packages are to be filled in by hand, from their
metadata and from what their files bring along.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import Any, Final

import tomllib

from backend.contract.installation import normalised
from backend.setup.plan.downloads import HEAD, TABLE, read_table

PLATFORMS: Final = {"linux-x86_64": ("manylinux", "x86_64"), "win32-amd64": ("win_amd64",), "darwin-arm64": ("macosx",)}
EXACT: Final = ("cp311-cp311", "abi3", "py3-none", "py2.py3-none")
FOREIGN: Final = ("x86_64.whl", "aarch64", "musllinux")


def main(lock: Path, folder: Path) -> None:
    """Measure the packages of a lock file and write the table."""
    old = {(row["name"], row["build"]): row for row in read_table(folder)}
    text = (folder / TABLE).read_text(encoding="utf-8")
    comments = [line for line in text.splitlines() if line.startswith("#")]
    pinned = normalised((folder / "engine.txt").read_text(encoding="utf-8"))
    rows: list[dict[str, str]] = []
    for package in tomllib.loads(lock.read_text(encoding="utf-8"))["package"]:
        if not package.get("wheels"):
            continue
        name = normalised(package["name"])
        sizes = {platform: _size(package["wheels"], platform) for platform in PLATFORMS}
        if name == "colorama":
            sizes = {platform: size if platform == "win32-amd64" else "" for platform, size in sizes.items()}
        build = "" if f"\n{name}==" in pinned else "cuda"
        if build == "cuda":
            sizes = {"linux-x86_64": sizes["linux-x86_64"]}
        licence = old.get((name, build), {}).get("licence", "")
        rows.append({"name": name, "version": package["version"], "licence": licence, "build": build, **sizes})
    # torch has two builds; of each, one is on the public index and the other on PyTorch's own, measured by hand.
    for row in [row for row in rows if row["name"] == "torch"]:
        rows.remove(row)
        for build, on_pypi in (("cpu", ("win32-amd64", "darwin-arm64")), ("cuda", ("linux-x86_64",))):
            kept = old.get(("torch", build), {})
            rows.append({**row, "build": build, **{p: row[p] if p in on_pypi else kept.get(p, "") for p in PLATFORMS}})
            rows[-1]["licence"] = kept.get("licence", row["licence"])
    with (folder / TABLE).open("w", encoding="utf-8", newline="") as file:
        file.write("".join(f"{line}\n" for line in comments))
        writer = csv.DictWriter(file, list[str](HEAD), lineterminator="\n", restval="")
        writer.writeheader()
        writer.writerows(sorted(rows, key=lambda row: (row["build"] == "cuda", row["name"])))


def _size(wheels: list[dict[str, Any]], platform: str) -> str:
    """Return the bytes of the wheel that pip takes with Python 3.11, empty where there is none."""
    marks = PLATFORMS[platform]
    for wheel in wheels:
        file = wheel["url"].rsplit("/", 1)[-1]
        fits = all(mark in file for mark in marks) and not (platform == "darwin-arm64" and file.endswith(FOREIGN))
        if any(tag in file for tag in EXACT) and "musllinux" not in file and (fits or file.endswith("-any.whl")):
            return str(wheel["size"])
    return ""


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
