"""Which files of the folder of models a head model may depend on, told by their names alone."""

from __future__ import annotations

from pathlib import Path
from typing import Final

SUFFIXES: Final = frozenset({".pkl", ".npz", ".npy", ".json", ".obj"})

OTHERS: Final = frozenset({"FLAME_albedo_from_BFM.npz", "albedoModel2020_FLAME_albedoPart.npz"})
"""Spaces of skin colour: they change no head."""


def head_files(source: str, file: str, models: Path) -> list[Path]:
    """Return the model files that count for a head and what lies beside them, in a fixed order.

    Args:
        source, file: As in `HeadSettings`.
        models: Folder of model files.
    """
    if source == "auto":
        found = models.rglob("*") if models.is_dir() else ()
        return sorted(path for path in found if _counts(path))
    if source != "file" or not file:
        return []
    folder = Path(file).parent
    beside = folder.iterdir() if folder.is_dir() else ()
    return [Path(file), *sorted(path for path in beside if _counts(path))]


def _counts(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and path.name not in OTHERS
