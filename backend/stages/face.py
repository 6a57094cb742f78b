"""Stage Face: which person to follow. The choice itself is the output; Landmarks makes it among the faces it finds."""

from __future__ import annotations

from typing import Final

from ..contract.settings import FaceSettings
from ..data.context import Context
from ..data.stage_code import StageCode


def run(settings: FaceSettings, context: Context) -> FaceSettings:
    """Hand the choice on."""
    context.check()
    return settings


def summary(_output: FaceSettings, settings: FaceSettings) -> str:
    """The choice in words."""
    if settings.choose == "number":
        rank = settings.number + 1
        ending = {1: "st", 2: "nd", 3: "rd"}.get(rank % 10 if rank // 10 % 10 != 1 else 0, "th")
        return f"the {rank}{ending} largest face" if rank > 1 else "the largest face"
    if settings.choose == "nearest":
        frame = f" in frame {settings.point_frame}" if settings.point_frame >= 0 else ""
        return f"face at {100 * settings.point_x:.0f} %, {100 * settings.point_y:.0f} %{frame}"
    return "the largest face"


CODE: Final = StageCode(run, keep="nothing", summary=summary)
