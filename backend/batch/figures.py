"""Figures of a finished face for the manifest and the page, read from its report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def figures_of(report: Path) -> dict[str, Any]:
    """Return what a report says in short; nothing where there is none.

    The names: ``frames`` (total, tracked, model_does_not_fit, interpolated, missing), ``error_px`` and
    ``error_percent`` (of the distance between the eyes; medians, None where nothing was tracked), ``flagged`` (list of
    first_frame, last_frame, label), ``people`` (whom the clip shows), ``clip_seconds``.
    """
    try:
        content = json.loads(report.read_text("utf-8"))
        summary, error = content["summary"], content["summary"]["reprojection_error"]
        return {
            "frames": summary["frames"],
            "error_px": error["median_px"],
            "error_percent": error["median_percent_of_eye_distance"],
            "flagged": [
                {name: flag[name] for name in ("first_frame", "last_frame", "label")} for flag in content["flagged"]
            ],
            "people": 1 + len(content["people"]["others"]),
            "clip_seconds": summary["seconds"],
        }
    except (OSError, ValueError, KeyError, TypeError):
        return {}
