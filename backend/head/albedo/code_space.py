"""Space of the texture codes of version 1.01's interface: FLAME_texture.npz's where it is named, else our own."""

from __future__ import annotations

from pathlib import Path

from ...contract.failure import Failure
from ..model import HeadModel
from .albedo_file import licensed_space
from .albedo_space import AlbedoSpace, built_in_space

__all__ = ["AlbedoSpace", "albedo_space"]


def albedo_space(head: HeadModel, file: Path | None) -> AlbedoSpace | Failure:
    """Return the space of a file where one is given, else our own for this head."""
    return built_in_space(head) if file is None else licensed_space(file, head)
