"""Live Link Face's CSV and `take.json`, written as Unreal's importer and Faceit read them."""

from __future__ import annotations

import json
import uuid
from typing import Any, Final

import numpy as np

from ..channels import CHANNELS
from ..performance import Performance
from .column_names import COUNT, HEADER
from .live_link_values import live_link_values
from .take_names import TakeName
from .time_codes import time_codes

_NANO: Final = 1_000_000_000


def live_link_text(performance: Performance) -> str:
    """Return the CSV: the app's header, ten decimals, lines that end in LF; a count of 0 where there is no face."""
    codes = time_codes(performance.time)
    rows = [",".join(HEADER)]
    for code, has_face, values in zip(codes, performance.has_face, live_link_values(performance), strict=True):
        numbers = ",".join(f"{value:.10f}" for value in values)
        rows.append(f"{code},{COUNT if has_face else 0},{numbers}")
    return "\n".join(rows) + "\n"


def take_text(performance: Performance, name: TakeName, program: str) -> str:
    """Return the `take.json` that belongs to the CSV: its rate, and of each channel where it comes from.

    Args:
        performance: What the CSV holds.
        name: Of the take.
        program: Name and version of what wrote it.
    """
    codes = time_codes(performance.time)
    rate = float(performance.rate)
    end = float(performance.time[-1])
    take: dict[str, Any] = {
        "calibrated": False,
        "startTimecode": codes[0],
        "endTimecode": codes[-1],
        "identifier": str(uuid.uuid5(uuid.NAMESPACE_URL, name.stem)).upper(),
        "slate": name.stem.split("_")[1],
        "take": name.take,
        "subject": name.stem.split("_")[3],
        "frames": len(performance),
        "date": name.date.isoformat(),
        "videoTargetFrameRate": int(rate) if rate == int(rate) else rate,
        "deviceModel": program,
        "version": 1,
        "appVersion": program,
        "startTimestamp": {"value": 0, "timescale": _NANO},
        "endTimestamp": {"value": round(end * _NANO), "timescale": _NANO},
        "channels": {
            channel: {"source": source, "trust": round(float(np.nan_to_num(trust)), 3)}
            for channel, source, trust in zip(CHANNELS, performance.source, performance.trust, strict=True)
        },
    }
    return json.dumps(take, indent=1) + "\n"
