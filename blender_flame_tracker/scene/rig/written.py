"""Record of the curves that an import has written, so that edits by hand are noticed and carried over to a new track.

What was edited becomes the difference to what was written: for values and locations by subtraction, for quaternions by
division. On a layer of its own it does to the new track what it did to the old one.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable
from typing import Any, Final

import bpy
import numpy as np
from numpy.typing import NDArray

from .. import keyframes
from ..keyframes import Channel
from ..stored import stored
from .bones import Array
from .hermite import hermite

WRITTEN: Final = "flame_written"
"""Custom property of rig and keys: the curves as they were written, JSON and packed float32."""
_SAME: Final = 1e-6
"""By which a number may differ for reasons of rounding."""


def remember_curves(owner: bpy.types.ID, channels: Iterable[Channel]) -> None:
    """Keep with an owner what was written for it."""
    heads, numbers = [], []
    for each in channels:
        heads.append([each.path, each.index, len(each.frame), each.slope is not None])
        numbers += [each.frame, each.value, *([] if each.slope is None else [each.slope])]
    packed = zlib.compress(np.concatenate([np.zeros(0), *numbers]).astype("<f4").tobytes(), 1)
    owner[WRITTEN] = json.dumps([heads, base64.b64encode(packed).decode()])


def remembered_paths(owner: bpy.types.ID) -> set[str]:
    """Return the data paths of the curves that an import has written for an owner."""
    return {channel.path for channel in _remembered(owner)}


def written_values(owner: bpy.types.ID, frame: NDArray[np.float64]) -> dict[tuple[str, int], Array]:
    """Return the values that an import has written for an owner on scene frames (K,), by data path and index."""
    return {(each.path, each.index): _evaluated(each, frame) for each in _remembered(owner)}


def _remembered(owner: bpy.types.ID) -> list[Channel]:
    """What was written; nothing where the record is another program's."""
    try:
        heads, packed = json.loads(stored(owner, WRITTEN, str) or '[[], ""]')
        numbers = np.frombuffer(zlib.decompress(base64.b64decode(packed)), dtype="<f4") if packed else np.zeros(0)
        channels, start = [], 0
        for path, index, count, curved in heads:
            parts = numbers[start : start + count * (3 if curved else 2)].reshape(-1, count).astype(np.float64)
            start += parts.size
            channels.append(Channel(path, index, parts[0], parts[1], slope=parts[2] if curved else None))
    except (ValueError, TypeError, LookupError, zlib.error):
        return []
    return channels


def edits_of(owner: Any) -> list[Channel]:
    """Return what was done by hand to the curves of an owner, as channels of a layer above what was written.

    Curves that were deleted count as untouched: the next import brings them back.
    """
    by_path: dict[str, list[Channel]] = {}
    for channel in _remembered(owner):
        by_path.setdefault(channel.path, []).append(channel)
    made: list[Channel] = []
    for path, channels in by_path.items():
        curves = [keyframes.find_curve(owner, path, each.index) for each in channels]
        if any(curve is None for curve in curves) or not any(map(_is_edited, curves, channels)):
            continue
        frame = np.unique(np.concatenate([keyframes.key_frames(curve) for curve in curves if curve is not None]))
        frame = np.unique(np.concatenate([frame, *(each.frame for each in channels)])).astype(np.float64)
        now = np.array([[curve.evaluate(float(at)) for at in frame] for curve in curves if curve is not None]).T
        before = np.stack([_evaluated(each, frame) for each in channels], axis=1)
        turned = path.endswith("rotation_quaternion") and len(channels) == 4
        change = _quotient(before, now) if turned else now - before
        made += [Channel(path, each.index, frame, change[:, column]) for column, each in enumerate(channels)]
    return made


def _is_edited(curve: Any, channel: Channel) -> bool:
    """Whether a curve is not as it was written: other keys, or another way between them."""
    frame, value = keyframes.key_frames(curve), keyframes.key_values(curve)
    if len(frame) != len(channel.frame):
        return True
    if not (np.allclose(frame, channel.frame, atol=1e-4) and np.allclose(value, channel.value, rtol=0, atol=_SAME)):
        return True
    if channel.slope is None:
        return False
    between = (frame[1:] + frame[:-1]) / 2.0
    now = np.array([curve.evaluate(float(at)) for at in between])
    largest = max(float(np.abs(value).max()), 1e-3)
    return not bool(np.allclose(now, _evaluated(channel, between), rtol=0, atol=1e-4 * largest))


def _evaluated(channel: Channel, frame: NDArray[Any]) -> Array:
    if channel.slope is None:
        return np.asarray(np.interp(frame, channel.frame, channel.value), dtype=np.float64)
    return hermite(frame, channel.frame, channel.value, channel.slope)


def _quotient(before: Array, now: Array) -> Array:
    """Quaternions (K, 4) that turn one into the other, in the axes of the first; the sign keeps neighbours near."""
    w, x, y, z = (before / np.linalg.norm(before, axis=1, keepdims=True) * (1, -1, -1, -1)).T
    a, b, c, d = (now / np.linalg.norm(now, axis=1, keepdims=True)).T
    change = np.stack(
        [
            w * a - x * b - y * c - z * d,
            w * b + x * a + y * d - z * c,
            w * c - x * d + y * a + z * b,
            w * d + x * c - y * b + z * a,
        ],
        axis=1,
    )
    return np.asarray(np.where(change[:, :1] < 0, -change, change), dtype=np.float64)
