"""Paths on our nodes, kept true when the .blend is saved for the first time, or saved elsewhere.

Blender does the same for its own datablocks, not for properties of add-ons: at the first saving all paths become
relative to the .blend, and relative ones are written anew when it is saved in another folder.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import bpy
from bpy.app.handlers import persistent

from ...backend.contract.options import Option, options_of
from .. import paths
from ..handlers import add_handlers, remove_handlers
from ..names import TREE
from . import take_files
from .reading import kind_of
from .specs import spec_of

_before: Final[list[tuple[str, str, dict[str, str]]]] = []
"""Tree, node and its paths as they were before the latest saving."""


def _nodes() -> Iterator[Any]:
    for tree in bpy.data.node_groups:
        if tree.bl_idname == TREE and tree.library is None:
            yield from (node for node in tree.nodes if kind_of(node))


def _paths(node: Any) -> list[Option]:
    return [each for each in options_of(spec_of(kind_of(node)).settings) if each.kind == "path"]


def _names(node: Any) -> list[str]:
    return [each.name for each in _paths(node)]


def _rewrite(node: Any, write: Callable[[str], str]) -> None:
    for each in _paths(node):
        text = getattr(node, each.name)
        written = each.with_paths(text, write)
        if text and written != text:
            setattr(node, each.name, written)
    if kind_of(node) == "track":
        take_files.rewrite(node, write)


def _seen_from(blend: Path) -> Callable[[str], str]:
    """Return what writes a path as it is seen from a .blend that is about to be saved."""
    first = not bpy.data.filepath
    relative = bpy.context.preferences.filepaths.use_relative_paths

    def write(text: str) -> str:
        if text.startswith("//") if not first else relative and Path(text).is_absolute():
            place = paths.absolute(text)
            return bpy.path.relpath(str(place), start=str(blend.parent)) if place.drive == blend.drive else str(place)
        return text

    return write


@persistent
def _saving(blend: Any = "", *_: Any) -> None:
    _before.clear()
    if not isinstance(blend, str) or not blend:
        return
    target = Path(os.path.abspath(blend))  # noqa: PTH100 - links are kept
    if bpy.data.filepath and Path(bpy.data.filepath).parent == target.parent:
        return
    write = _seen_from(target)
    for node in _nodes():
        held = {name: getattr(node, name) for name in (*_names(node), *_kept(node))}
        _before.append((node.id_data.name, node.name, held))
        _rewrite(node, write)


@persistent
def _saved(blend: Any = "", *_: Any) -> None:
    """Saving a copy elsewhere leaves the session where it was."""
    if not isinstance(blend, str) or not bpy.data.filepath or _same(bpy.data.filepath) != _same(blend):
        _give_back()
    _before.clear()


@persistent
def _not_saved(*_: Any) -> None:
    """What could not be saved leaves it there too."""
    _give_back()
    _before.clear()


def _give_back() -> None:
    for tree, name, held in _before:
        node = bpy.data.node_groups[tree].nodes[name]
        for attribute, text in held.items():
            setattr(node, attribute, text)


def _same(blend: str) -> str:
    return os.path.normcase(os.path.abspath(blend))  # noqa: PTH100 - links are kept


def _kept(node: Any) -> tuple[str, ...]:
    return (take_files.KEPT,) if kind_of(node) == "track" else ()


@persistent
def _loaded(*_: Any) -> None:
    """Let files of earlier versions go on with the results that they have."""
    for node in _nodes():
        if kind_of(node) == "track" and bpy.context.scene is not None:
            take_files.adopt(node, bpy.context.scene)


_HANDLERS: Final = (
    ("load_post", _loaded),
    ("save_pre", _saving),
    ("save_post", _saved),
    ("save_post_fail", _not_saved),
)

CLASSES: Final[tuple[type, ...]] = ()


def register() -> None:
    """Follow the .blend when it is opened and saved."""
    add_handlers(_HANDLERS)


def unregister() -> None:
    """Take the handlers back."""
    remove_handlers(_HANDLERS)
