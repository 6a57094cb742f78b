"""Light of the footage, from the track itself or from what was written beside its texture. No bpy."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ....backend.contract.checks import is_object, parse_json
from ....backend.contract.outputs import texture_files
from ....backend.contract.shading import LIGHT_TERMS
from ....backend.contract.track import Track

Light = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Harmonics (T, 9, 3) and gain (T, 3) of every row of a track; see `contract.shading`."""

_STRONGEST: Final = 1e6
"""Of harmonics and gain; light that is measured is around 1."""
_EVEN: Final = np.eye(LIGHT_TERMS)[:, :1]
"""Harmonics of light that is the same from everywhere."""


def facts_of_texture(texture: Path) -> dict[str, Any]:
    """Return what the stage Texture wrote about a picture beside it; nothing where there is no such file."""
    for path in (texture_files(texture)[1], texture.with_suffix(".json")):
        try:
            facts = parse_json(path.read_text("utf-8"), is_object)
        except (OSError, ValueError):
            continue
        if facts is not None:
            return facts
    return {}


def light_of(track: Track, texture: Path | None) -> Light | None:
    """Return the light of the footage, where it is known.

    A texture in which the light was left needs none: it gets even light, which shows it as it is.

    Args:
        track: Has light where the stage Appearance found it.
        texture: Picture on the head, None where there is none.
    """
    facts = {} if texture is None else facts_of_texture(texture)
    found: Light | None = None
    if facts.get("light_removed") is False:
        found = _EVEN + np.zeros((len(track), LIGHT_TERMS, 3)), np.ones((len(track), 3))
    elif track.light is not None and track.gain is not None:
        found = np.asarray(track.light, dtype=np.float64), np.asarray(track.gain, dtype=np.float64)
    else:
        found = _told(facts, len(track))
    return found if found is not None and all((np.abs(each) <= _STRONGEST).all() for each in found) else None


def _told(facts: dict[str, Any], rows: int) -> Light | None:
    try:
        light = np.array(facts["light"], dtype=np.float64)
        gain = np.array(facts.get("gain", np.ones((rows, 3))), dtype=np.float64)
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    if light.shape == (LIGHT_TERMS, 3):
        light = np.broadcast_to(light, (rows, LIGHT_TERMS, 3))
    return (light, gain) if light.shape == (rows, LIGHT_TERMS, 3) and gain.shape == (rows, 3) else None
