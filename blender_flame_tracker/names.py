"""Names under which Blender knows what several parts of the add-on speak of."""

from __future__ import annotations

from typing import Final

TREE: Final = "FlameTrackerTree"
"""Type of our node trees; .blend files name it."""

TAB: Final = "FLAME"
"""Tab of our panels in the sidebars."""
