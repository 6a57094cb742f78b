"""A layout that draws nothing and remembers everything: without a window Blender calls no draw function."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import bpy


@dataclass
class Item:
    """What was drawn: ``label``, ``prop``, ``operator``, ``progress``, ``picture``, ``menu`` or ``popover``.

    `usable` is False where it is grey, `alert` True where it is red.
    """

    kind: str
    text: str
    name: str = ""
    usable: bool = True
    alert: bool = False
    options: Any = None


ICONS = frozenset(bpy.types.UILayout.bl_rna.functions["label"].parameters["icon"].enum_items.keys())
"""Icons that this Blender has: some have other names in others."""


class RecordingLayout:
    """Takes the calls that our panels make, and refuses what Blender would: unknown operators, properties, icons."""

    def __init__(self, parent: RecordingLayout | None = None, open_panels: tuple[str, ...] = ()) -> None:
        self.enabled = self.active = True
        self.alert = False
        self.scale_x = self.scale_y = 1.0
        self.alignment = "EXPAND"
        self.use_property_split = self.use_property_decorate = False
        self._parent = parent
        self._root: RecordingLayout = parent._root if parent is not None else self
        if parent is None:
            self.items: list[Item] = []
            self.open_panels = open_panels

    # What our panels call.

    def _child(self, **_options: Any) -> RecordingLayout:
        return RecordingLayout(self)

    row = column = box = split = grid_flow = column_flow = _child

    def separator(self, **_options: Any) -> None:
        pass

    def panel_prop(self, owner: Any, name: str) -> tuple[RecordingLayout, RecordingLayout | None]:
        return RecordingLayout(self), RecordingLayout(self) if getattr(owner, name) else None

    def panel(self, idname: str, default_closed: bool = False) -> tuple[RecordingLayout, RecordingLayout | None]:
        shown = idname in self._root.open_panels or not default_closed
        return RecordingLayout(self), RecordingLayout(self) if shown else None

    def label(self, text: str = "", icon: str = "NONE", **_options: Any) -> None:
        assert icon in ICONS, icon
        self._add("label", text)

    def prop(self, owner: Any, name: str, text: str | None = None, **options: Any) -> None:
        assert options.get("icon", "NONE") in ICONS, options["icon"]
        known = owner.bl_rna.properties[name]
        self._add("prop", known.name if text is None else text, name, options)

    def operator(self, idname: str, text: str | None = None, **options: Any) -> SimpleNamespace:
        assert options.get("icon", "NONE") in ICONS, options["icon"]
        family, name = idname.split(".")
        operator = getattr(getattr(bpy.ops, family), name)
        label = operator.get_rna_type().name
        chosen = SimpleNamespace()
        self._add("operator", label if text is None else text, idname, {**options, "properties": chosen})
        self._root.items[-1].usable = self._root.items[-1].usable and operator.poll()
        return chosen

    def operator_menu_enum(self, idname: str, name: str, **options: Any) -> SimpleNamespace:
        family, own = idname.split(".")
        assert name in getattr(getattr(bpy.ops, family), own).get_rna_type().properties
        return self.operator(idname, **options)

    def progress(self, factor: float = 0.0, text: str = "", **_options: Any) -> None:
        assert 0.0 <= factor <= 1.0
        self._add("progress", text, options=factor)

    def prop_search(self, owner: Any, name: str, within: Any, among: str, **options: Any) -> None:
        assert among in within.bl_rna.properties, among
        self.prop(owner, name, **options)

    def template_list(  # Its names are Blender's.
        self, listtype_name: str, list_id: str, dataptr: Any, propname: str, active: Any, active_name: str, **_rows: Any
    ) -> None:
        draw = getattr(bpy.types, listtype_name).draw_item
        for row in getattr(dataptr, propname):
            draw(None, bpy.context, self, dataptr, row, 0, active, active_name, 0)

    def template_icon(self, icon_value: int, scale: float = 1.0) -> None:
        self._add("picture", "", options=icon_value)

    def icon(self, data: Any) -> int:
        assert isinstance(data, bpy.types.ID)
        return 1

    def template_ID(self, owner: Any, name: str, new: str = "", **_options: Any) -> None:  # noqa: N802 - Blender's name
        family, operator = new.split(".")
        assert getattr(getattr(bpy.ops, family), operator).get_rna_type()
        self._add("tree", owner.bl_rna.properties[name].name, name)

    def menu(self, menu: str, text: str = "", **_options: Any) -> None:
        assert hasattr(bpy.types, menu), menu
        self._add("menu", text, menu)

    def popover(self, panel: str, text: str = "", **_options: Any) -> None:
        assert hasattr(bpy.types, panel), panel
        self._add("popover", text, panel)

    def _add(self, kind: str, text: str, name: str = "", options: Any = None) -> None:
        layouts = [self]
        while layouts[-1]._parent is not None:
            layouts.append(layouts[-1]._parent)
        usable = all(layout.enabled and layout.active for layout in layouts)
        self._root.items.append(Item(kind, text, name, usable, any(layout.alert for layout in layouts), options))

    # What tests ask.

    def text(self) -> str:
        """All words, with blanks where lines were broken."""
        return " ".join(item.text for item in self._root.items if item.text)

    def find(self, name: str) -> Item | None:
        """The first item of that operator, property, menu or text."""
        return next((item for item in self._root.items if name in (item.name, item.text)), None)

    def all(self, kind: str) -> list[Item]:
        """All items of a kind."""
        return [item for item in self._root.items if item.kind == kind]
