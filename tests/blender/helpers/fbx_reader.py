"""Reader of binary FBX, written from the format's description: nodes with properties, nested, arrays packed by zlib.

Layout of version 7400 (Blender Foundation, "FBX binary file format specification"): a header of 27 bytes, then nodes
of end offset, number and length of properties (32 bits each), name, properties, children; an empty node ends a list.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

_NUMBERS = {b"Y": "<h", b"C": "<?", b"I": "<i", b"F": "<f", b"D": "<d", b"L": "<q"}
_ARRAYS = {b"f": "<f4", b"d": "<f8", b"l": "<i8", b"i": "<i4", b"b": "?"}
TICKS = 46186158000
"""Of FBX's clock in a second."""


@dataclass
class Node:
    """A node: its name, its values, and the nodes inside it."""

    name: str
    values: list[Any] = field(default_factory=list)
    inside: list[Node] = field(default_factory=list)

    def all(self, name: str) -> list[Node]:
        """Return the nodes of a name directly inside."""
        return [each for each in self.inside if each.name == name]


def read_fbx(path: Path) -> Node:
    """Return the whole file as one node."""
    content = path.read_bytes()
    assert content.startswith(b"Kaydara FBX Binary  \x00") and struct.unpack_from("<I", content, 23)[0] < 7500
    root, position = Node("file"), 27
    while True:
        node, position = _node(content, position)
        if node is None:
            return root
        root.inside.append(node)


def _node(content: bytes, position: int) -> tuple[Node | None, int]:
    end, count, _, length = struct.unpack_from("<IIIB", content, position)
    if end == 0:
        return None, position + 13
    position += 13
    node = Node(content[position : position + length].decode())
    position += length
    for _ in range(count):
        value, position = _value(content, position)
        node.values.append(value)
    while position < end:
        child, position = _node(content, position)
        if child is not None:
            node.inside.append(child)
    return node, end


def _value(content: bytes, position: int) -> tuple[Any, int]:
    kind, position = content[position : position + 1], position + 1
    if kind in _NUMBERS:
        return struct.unpack_from(_NUMBERS[kind], content, position)[0], position + struct.calcsize(_NUMBERS[kind])
    if kind in _ARRAYS:
        _, packed, size = struct.unpack_from("<III", content, position)
        data = content[position + 12 : position + 12 + size]
        return np.frombuffer(zlib.decompress(data) if packed else data, _ARRAYS[kind]), position + 12 + size
    (size,) = struct.unpack_from("<I", content, position)
    data = content[position + 4 : position + 4 + size]
    return data.decode("utf-8", "replace") if kind == b"S" else data, position + 4 + size


def shape_curves(file: Node) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return for each blend shape channel its times in seconds and its values in percent."""
    (objects,), (connections,) = file.all("Objects"), file.all("Connections")
    by_number = {node.values[0]: node for node in objects.inside}
    links = [each.values for each in connections.inside]
    curves: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for kind, curve_number, node_number, *_ in links:
        curve = by_number.get(curve_number)
        if curve is None or curve.name != "AnimationCurve" or kind != "OP":
            continue
        for _, source, target, *rest in links:
            channel = by_number.get(target)
            if source == node_number and rest == ["DeformPercent"] and channel is not None:
                time, value = curve.all("KeyTime")[0].values[0], curve.all("KeyValueFloat")[0].values[0]
                curves[channel.values[1].split("\x00")[0]] = time / TICKS, value
    return curves
