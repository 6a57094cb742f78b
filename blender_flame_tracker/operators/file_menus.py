"""Blender's File > Import and File > Export menus, and how our entries stand in them.

What draws in a menu is given the menu itself, too, which no description of Blender's modules says.
"""

from __future__ import annotations

from typing import Any

import bpy


def import_menu() -> Any:
    """Return Blender's menu File > Import."""
    return bpy.types.TOPBAR_MT_file_import


def export_menu() -> Any:
    """Return Blender's menu File > Export."""
    return bpy.types.TOPBAR_MT_file_export


def draw_targets(layout: Any, operator: str, text: str) -> None:
    """Draw an entry that unfolds into the targets of an exporting operator, each of which asks where to write."""
    column = layout.column()
    column.operator_context = "INVOKE_DEFAULT"
    column.operator_menu_enum(operator, "target", text=text)
