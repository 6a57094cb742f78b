"""Summary at the end of a run: how well it went and where the files are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from ..run.runner import Finished
from .console import clock

FILE_LABELS: Final = {
    "track": "track file",
    "report": "report",
    "plot": "curves",
    "sheet": "contact sheet",
    "plate": "Blender plate",
    "overlay": "overlay",
    "frames": "frame files",
    "avatar": "avatar",
    "live_link": "Live Link",
    "metahuman": "MetaHuman",
    "vrma": "VRM",
    "camera": "Nuke camera",
    "gltf": "glTF",
    "fbx_unity": "Unity FBX",
    "fbx_unreal": "Unreal FBX",
    "usd": "USD",
    "alembic": "Alembic",
    "camera_fbx": "camera FBX",
    "camera_alembic": "ABC camera",
}


MOST_RANGES: Final = 6
"""Ranges to look at that are named; the report has all of them."""
_IN_WORDS: Final = {"model_does_not_fit": "where the model does not fit"}
"""Counts of the report whose names are no words."""


def closing_words(result: Finished) -> str:
    """Return the text printed at the end."""
    lines = ["", *_numbers(result.files.get("report")), f"Done in {clock(result.seconds, tenths=True)}."]
    for name, path in result.files.items():
        lines.append(f"  {FILE_LABELS.get(name, name):<14}{path}")
    return "\n".join(lines) + "\n"


def _numbers(report: Path | None) -> list[str]:
    if report is None:
        return []
    content: dict[str, Any] = json.loads(report.read_text("utf-8"))
    summary = content["summary"]
    frames = summary["frames"]
    text = f"Tracked {frames['tracked']} of {frames['total']} frames"
    kinds = ("model_does_not_fit", "interpolated", "missing")
    rest = [f"{frames[name]} {_IN_WORDS.get(name, name)}" for name in kinds if frames.get(name)]
    lines = [text + (f" ({', '.join(rest)})." if rest else ".")]
    error = summary["reprojection_error"]
    if error["median_px"] is not None:
        share = error["median_percent_of_eye_distance"]
        lines.append(
            f"The head fits the landmarks to {error['median_px']:.2f} px"
            f" ({share:.2f} % of the distance between the eyes)."
        )
    return lines + _ranges(content["flagged"])


def _ranges(flags: list[dict[str, Any]]) -> list[str]:
    if not flags:
        return []
    words = []
    for flag in flags[:MOST_RANGES]:
        first, last = flag["first_frame"], flag["last_frame"]
        words.append(f"{first if first == last else f'{first}-{last}'} ({flag['label']})")
    more = f" and {len(flags) - MOST_RANGES} more in the report" if len(flags) > MOST_RANGES else ""
    return [f"Frames to look at: {', '.join(words)}{more}."]
