"""Photographs as one setting: several paths in one text."""

from __future__ import annotations

from collections.abc import Iterable

from .options import SEPARATOR


def photograph_paths(text: str) -> list[str]:
    """Return the paths that the setting of the stage Photographs names, as they are written there."""
    return [part for part in (each.strip() for each in text.split(SEPARATOR)) if part]


def photograph_setting(paths: Iterable[str]) -> str:
    """Return the setting that names several photographs."""
    return SEPARATOR.join(paths)
