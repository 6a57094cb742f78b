"""Picture of the architecture, drawn from the table of floors: ``python -m tools.draw_architecture``."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
PICTURE: Final = ROOT / "docs" / "architecture.svg"
WIDTH: Final = 1100
ROW: Final = 40
CHIP_HEIGHT: Final = 28
LEFT, RIGHT, MIDDLE = 20, 450, 360
"""Left edges of both sides, and right edge of Blender's."""
FRAME_WAY: Final = {"video": 1, "landmarks": 2, "fit": 3, "appearance": 4, "stages": 5, "results": 6, "scene": 7}
"""Folders that a frame goes through, in their order."""
OF_BLENDER: Final = {
    "engine": "process, events; no bpy",
    "preferences": "what is set once",
    "scene": "head, camera, footage",
    "nodes": "tree, its state, job",
    "results": "which track, how it fits",
    "calibration": "strength, resting face",
    "identity": "changed by hand",
    "versions": "which one is shown",
    "exporters": "files by Blender",
    "pinning": "frames put right by hand",
    "retarget": "onto a character",
    "review": "footage beside the result",
    "tracking": "one run per tree",
    "operators": "what buttons do",
    "ui": "what is drawn",
    "headless": "for development",
}
"""Folders of the add-on, and a few words on each."""
LEGEND: Final = (
    "One frame's way",
    "1  decoded",
    "2  478 landmarks",
    "3  head of the whole clip",
    "4  refined by brightness",
    "5  written as a track",
    "6  found in Blender",
    "7  imported",
)
COLOURS: Final = {"blender": "#e8f0fa", "engine": "#eef6ea", "contract": "#fdf3dc", "chip": "#ffffff", "way": "#b3432b"}


def drawing(engine: Sequence[Sequence[str]], blender: Sequence[Sequence[str]]) -> str:
    """Return the picture as SVG.

    Args:
        engine, blender: Folders of both rings by floor, from the ground up; the engine's ground is the contract.
    """
    height = 110 + ROW * len(engine)
    ground = height - 66
    parts = [
        _box(LEFT, 16, MIDDLE - LEFT, ground - 32, COLOURS["blender"]),
        _text(LEFT + 12, 38, "Blender: blender_flame_tracker", bold=True),
        _box(RIGHT, 16, WIDTH - RIGHT - 20, ground - 32, COLOURS["engine"]),
        _text(RIGHT + 12, 38, "Engine, a process of its own: backend", bold=True),
        _box(LEFT, ground, WIDTH - 40, 50, COLOURS["contract"]),
        _text(LEFT + 12, ground + 30, "backend/contract", bold=True),
        _text(LEFT + 170, ground + 30, "settings, job, events, track file, camera: standard library and numpy only"),
        *_blender(blender, ground),
        *_engine(engine[1:], ground),
        *_between(ground),
        *_legend(ground),
    ]
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}"'
    return "\n".join([f'{head} font-family="sans-serif" font-size="14">', *_background(height), *parts, "</svg>", ""])


def _background(height: int) -> list[str]:
    arrow = '<marker id="arrow" markerWidth="8" markerHeight="8" refX="7" refY="4" orient="auto">'
    return [
        f'<defs>{arrow}<path d="M0 0 L8 4 L0 8 z" fill="#444"/></marker></defs>',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
    ]


def _blender(floors: Sequence[Sequence[str]], ground: int) -> list[str]:
    parts = []
    names = [name for floor in floors for name in floor]
    step = (ground - 70) // len(names)
    for index, name in enumerate(names, start=1):
        top = ground - 22 - step * index
        parts += _chip(LEFT + 14, top, MIDDLE - LEFT - 28, name, FRAME_WAY.get(name, 0))
        parts.append(_text(LEFT + 130, top + 19, OF_BLENDER[name], colour="#555"))
    return parts


def _engine(floors: Sequence[Sequence[str]], ground: int) -> list[str]:
    parts = []
    for floor, packages in enumerate(floors, start=1):
        top = ground - 22 - ROW * floor
        parts.append(_text(RIGHT + 12, top + 19, str(floor), colour="#555"))
        left = RIGHT + 44
        for name in packages:
            width = 26 + 8 * len(name) + (18 if name in FRAME_WAY else 0)
            parts += _chip(left, top, width, name, FRAME_WAY.get(name, 0))
            left += width + 8
    return parts


def _between(ground: int) -> list[str]:
    parts = []
    for share, words, to_engine in ((0.35, "job", True), (0.5, "events", False), (0.72, "track.npz", False)):
        y = round(16 + (ground - 48) * share)
        ends = (MIDDLE + 4, RIGHT - 4) if to_engine else (RIGHT - 4, MIDDLE + 4)
        parts.append(
            f'<line x1="{ends[0]}" y1="{y}" x2="{ends[1]}" y2="{y}" stroke="#444" stroke-width="2"'
            ' marker-end="url(#arrow)"/>'
        )
        parts.append(_text((MIDDLE + RIGHT) // 2, y - 8, words, anchor="middle"))
    return parts


def _legend(ground: int) -> list[str]:
    first = ground - 40 - 22 * len(LEGEND)
    return [
        _text(WIDTH - 200, first + 22 * index, words, bold=index == 0, colour=COLOURS["way"])
        for index, words in enumerate(LEGEND)
    ]


def _box(left: int, top: int, width: int, height: int, colour: str) -> str:
    place = f'x="{left}" y="{top}" width="{width}" height="{height}"'
    return f'<rect {place} rx="8" fill="{colour}" stroke="#bbb"/>'


def _chip(left: int, top: int, width: int, name: str, number: int) -> list[str]:
    """Return a package, with the number of the step that a frame takes in it."""
    edge = COLOURS["way"] if number else "#999"
    place = f'x="{left}" y="{top}" width="{width}" height="{CHIP_HEIGHT}"'
    parts = [f'<rect {place} rx="6" fill="{COLOURS["chip"]}" stroke="{edge}"/>', _text(left + 12, top + 19, name)]
    if number:
        right = left + width - 16
        parts.append(f'<circle cx="{right}" cy="{top + 14}" r="9" fill="{COLOURS["way"]}"/>')
        parts.append(_text(right, top + 19, str(number), colour="#fff", anchor="middle"))
    return parts


def _text(
    left: int, baseline: int, words: str, *, bold: bool = False, colour: str = "#222", anchor: str = "start"
) -> str:
    weight = ' font-weight="bold"' if bold else ""
    place = f'x="{left}" y="{baseline}" text-anchor="{anchor}"'
    return f'<text {place} fill="{colour}"{weight}>{escape(words)}</text>'


def folders_by_floor(tree: Path, table: Mapping[str, int]) -> list[list[str]]:
    """Return the folders of every floor of a ring, from the ground up; files at its root are left out."""
    floors = [[name for name, at in table.items() if at == each] for each in sorted(set(table.values()))]
    folders = [[name for name in floor if (tree / name).is_dir()] for floor in floors]
    return [floor for floor in folders if floor]


def present_drawing(floors: Mapping[str, Mapping[str, int]]) -> str:
    """Return the picture of `FLOORS`, the table in tests/test_floors.py."""
    engine, blender = (folders_by_floor(ROOT / ring, floors[ring]) for ring in ("backend", "blender_flame_tracker"))
    return drawing(engine, blender)


if __name__ == "__main__":
    from tests.test_floors import FLOORS

    PICTURE.write_text(present_drawing(FLOORS), encoding="utf-8", newline="\n")
    sys.stdout.write(f"{PICTURE.name} is up to date.\n")
