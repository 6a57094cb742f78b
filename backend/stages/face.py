"""Stage Face: which person to follow. The choice itself is the output; Landmarks makes it among the faces it finds."""

from __future__ import annotations

from ..contract.settings import FaceSettings
from .data import Context


def run(settings: FaceSettings, context: Context) -> FaceSettings:
    """Hand the choice on."""
    context.check()
    return settings
