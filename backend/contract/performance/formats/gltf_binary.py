"""Binary glTF with one animation of nodes, put together by hand: a JSON chunk and a chunk of float32 arrays."""

from __future__ import annotations

import json
import struct
from typing import Any, Final

import numpy as np

from ...arrays import Array

_FLOAT: Final = 5126
"""glTF's number of 32-bit floats."""
_KINDS: Final = {1: "SCALAR", 3: "VEC3", 4: "VEC4"}


class AnimatedNodes:
    """Nodes, and an animation whose channels share the times of their keys."""

    def __init__(self, name: str, times: Array) -> None:
        """Begin an animation with keys at these seconds (T,)."""
        self._name = name
        self._nodes: list[dict[str, Any]] = []
        self._tops: list[int] = []
        self._channels: list[dict[str, Any]] = []
        self._samplers: list[dict[str, Any]] = []
        self._accessors: list[dict[str, Any]] = []
        self._views: list[dict[str, Any]] = []
        self._data = bytearray()
        self._times = self._accessor(times, bounds=True)

    def node(self, name: str, translation: tuple[float, float, float] = (0, 0, 0), parent: int | None = None) -> int:
        """Add a node without rotation and return its index; one without a parent stands in the scene."""
        index = len(self._nodes)
        node: dict[str, Any] = {"name": name}
        if any(translation):
            node["translation"] = [float(value) for value in translation]
        self._nodes.append(node)
        if parent is None:
            self._tops.append(index)
        else:
            self._nodes[parent].setdefault("children", []).append(index)
        return index

    def animate(self, node: int, path: str, values: Array) -> None:
        """Animate ``translation`` (T, 3) or ``rotation`` (T, 4; x, y, z, w) of a node, linear between keys."""
        sampler = {"input": self._times, "output": self._accessor(values), "interpolation": "LINEAR"}
        self._channels.append({"sampler": len(self._samplers), "target": {"node": node, "path": path}})
        self._samplers.append(sampler)

    def to_bytes(self, extensions: dict[str, Any], generator: str) -> bytes:
        """Return the file.

        Args:
            extensions: Name -> content of extensions at the root.
            generator: Name and version of the program.
        """
        content = {
            "asset": {"version": "2.0", "generator": generator},
            "extensionsUsed": sorted(extensions),
            "extensions": extensions,
            "scene": 0,
            "scenes": [{"nodes": self._tops}],
            "nodes": self._nodes,
            "animations": [{"name": self._name, "channels": self._channels, "samplers": self._samplers}],
            "accessors": self._accessors,
            "bufferViews": self._views,
            "buffers": [{"byteLength": len(self._data)}],
        }
        text = json.dumps(content, separators=(",", ":")).encode("utf-8")
        text += b" " * (-len(text) % 4)
        chunks = struct.pack("<I4s", len(text), b"JSON") + text
        chunks += struct.pack("<I4s", len(self._data), b"BIN\0") + bytes(self._data)
        return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks

    def _accessor(self, values: Array, *, bounds: bool = False) -> int:
        numbers = np.ascontiguousarray(values, dtype="<f4")
        size = 1 if numbers.ndim == 1 else numbers.shape[1]
        accessor: dict[str, Any] = {
            "bufferView": len(self._views),
            "componentType": _FLOAT,
            "count": len(numbers),
            "type": _KINDS[size],
        }
        if bounds:
            accessor |= {"min": [float(numbers.min())], "max": [float(numbers.max())]}
        self._views.append({"buffer": 0, "byteOffset": len(self._data), "byteLength": numbers.nbytes})
        self._data += numbers.tobytes()
        self._accessors.append(accessor)
        return len(self._accessors) - 1
