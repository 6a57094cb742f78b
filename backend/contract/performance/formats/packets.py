"""Packets of Live Link Face's stream (version 6), as Unreal and its readers take them on UDP port 11111.

A packet: the version, little-endian; the rest big-endian: 37 bytes of device, the subject's name with its length, the
frame and its fraction, the rate as numerator and denominator, the count 61, and as many floats, the shapes in ARKit's
own order (JimWest/PyLiveLinkFace).
"""

from __future__ import annotations

import struct
import uuid
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np

from ...arrays import Array
from ..channels import CHANNELS
from ..performance import Performance
from .column_names import COUNT, EYE_COLUMNS, HEAD_COLUMNS, SHAPE_COLUMNS, channel_of_column
from .live_link_values import live_link_values

PORT: Final = 11111
VERSION: Final = 6
_SHAPES: Final = [[channel_of_column(name) for name in SHAPE_COLUMNS].index(channel) for channel in CHANNELS]
_ORDER: Final = [*_SHAPES, *range(len(SHAPE_COLUMNS), COUNT)]
"""Column of the file for each number of a packet."""
_ANGLES: Final = slice(COUNT - len(HEAD_COLUMNS) - len(EYE_COLUMNS), COUNT)


@dataclass(frozen=True)
class Stream:
    """Packets to send.

    Attributes:
        seconds: When each is due, from the start of the performance (N,).
        packets: Of the frames that have a face.
    """

    seconds: Array
    packets: tuple[bytes, ...]


def stream_of(performance: Performance, subject: str, *, half_turns: bool = False) -> Stream:
    """Return the packets of a performance; frames without a face have none, as the app then sends none.

    Args:
        performance: What is sent.
        subject: Under which Unreal lists it.
        half_turns: Count angles in half turns, -1 to 1, as Unreal's own source on a phone does, instead of radians.
    """
    values = live_link_values(performance)[:, _ORDER]
    if half_turns:
        values[:, _ANGLES] /= np.pi
    shown = np.flatnonzero(performance.has_face)
    device = f"${uuid.uuid5(uuid.NAMESPACE_DNS, subject)}".upper()
    packets = tuple(
        packet(values[row], device, subject, float(performance.time[row]) * performance.rate, performance.rate)
        for row in shown
    )
    return Stream(performance.time[shown], packets)


def packet(values: Array, device: str, subject: str, frame: float, rate: Fraction) -> bytes:
    """Return one packet.

    Args:
        values: 61 numbers in the packet's order.
        device: `$` and 36 letters.
        subject: Name.
        frame: Frame at the rate, with its fraction.
        rate: Frames per second.
    """
    name = subject.encode("utf-8")
    whole = int(np.floor(frame + 1e-6))
    start = struct.pack("<I", VERSION) + device.encode("ascii") + struct.pack("!i", len(name)) + name
    moment = struct.pack("!if2i", whole, max(0.0, frame - whole), rate.numerator, rate.denominator)
    return start + moment + struct.pack(f"!b{COUNT}f", COUNT, *values.tolist())
