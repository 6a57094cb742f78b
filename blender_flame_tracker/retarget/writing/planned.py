"""One number of a character that a performance keys."""

from __future__ import annotations

from dataclasses import dataclass

import bpy

from ...scene.keyframes import Animated, Channel


@dataclass(frozen=True)
class Planned:
    """One number of the character that is keyed.

    Attributes:
        owner: What has the animation: the keys of a mesh, or an armature.
        thing: Object that moves by it.
        channel: Path, frames and values.
        label: For people.
        kind: ``shape``, ``control``, ``joint`` or ``surface``.
        bone: Of a control or joint, or that follows the surface; else empty.
        key: Name of the shape key, else empty.
        rest: Value at which nothing moves.
    """

    owner: Animated
    thing: bpy.types.Object
    channel: Channel
    label: str
    kind: str
    bone: str = ""
    key: str = ""
    rest: float = 0.0

    @property
    def address(self) -> tuple[str, int]:
        """Data path and index."""
        return self.channel.path, self.channel.index
