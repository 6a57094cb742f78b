"""Samples of the sound of an import as a WAV, read by Blender's own sound library."""

from __future__ import annotations

import importlib
import io
import wave
from pathlib import Path
from typing import Any, Final

import bpy
import numpy as np

from ..stored import stored
from .sound import SOUND

_LOUDEST: Final = 32767
"""Of 16 bits, which every program reads."""


def sound_of(collection: bpy.types.Collection) -> Path | None:
    """Return the file whose sound is heard with an import; None where none is, or where it is gone."""
    sound = stored(collection, SOUND, bpy.types.Sound)
    path = None if sound is None else Path(bpy.path.abspath(sound.filepath, library=sound.library))
    return path if path is not None and path.is_file() else None


def wav_of(path: Path, start: float, end: float) -> bytes | None:
    """Return the sound of a file between two times as a WAV of that length; None where it cannot be read.

    Args:
        path: The footage, or a sound.
        start, end: Seconds from its beginning; silence fills what the sound lacks at its end.
    """
    if not bpy.app.build_options.audaspace:
        return None
    aud: Any = importlib.import_module("aud")
    try:
        # From the beginning: some films cannot be entered elsewhere, and would be silent. The last sample gets lost.
        sound = aud.Sound(str(path)).limit(0.0, end + 0.01)
        rate, channels = (int(each) for each in sound.specs)
        samples = np.asarray(sound.data()).reshape(-1, channels)[round(start * rate) :]
    except (aud.error, RuntimeError):
        return None
    whole = np.zeros((round((end - start) * rate), channels))
    there = samples[: len(whole)]
    whole[: len(there)] = there
    content = io.BytesIO()
    with wave.open(content, "wb") as target:
        target.setnchannels(channels)
        target.setsampwidth(2)
        target.setframerate(rate)
        target.writeframes(np.rint(np.clip(whole, -1, 1) * _LOUDEST).astype("<i2").tobytes())
    return content.getvalue()
