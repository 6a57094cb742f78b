"""Tree that an unpinned node editor shows: the scene's own; and what is chosen in the editor becomes the scene's.

Blender asks which tree to show while it draws, when nothing may be changed. What the user has chosen in the header of
the editor is therefore given to the scene a moment later.
"""

from __future__ import annotations

from typing import Final

import bpy

from ..names import TREE
from ..polling import Poller

_shown: Final[dict[int, tuple[int, int]]] = {}
"""Place of an editor in memory -> `session_uid` of the scene's tree and of the tree that it showed, 0 for none."""

_chosen: Final[dict[str, int]] = {}
"""Name of a scene -> `session_uid` of the tree that was chosen for it in an editor."""

Shown = tuple[bpy.types.NodeTree | None, bpy.types.ID | None, bpy.types.ID | None]


def shown_tree(context: bpy.types.Context) -> Shown:
    """Return the tree that an editor shows, and twice the scene that it belongs to."""
    scene, space = context.scene, context.space_data
    flame = getattr(scene, "flame", None)
    if flame is None or space is None or space.type != "NODE_EDITOR":
        return None, None, None
    tree, there = flame.tree, space.node_tree
    if there is not None and there.bl_idname != TREE:
        there = None
    before, now = _shown.get(space.as_pointer()), (_number(tree), _number(there))
    if before is not None and before[0] == now[0] and there not in (None, tree) and before[1] != now[1]:
        _choose(scene, there)
        return there, scene, scene
    shown = tree if tree is not None else there
    _shown[space.as_pointer()] = (_number(tree), _number(shown))
    return (shown, scene, scene) if shown is not None else (None, None, None)


def _number(tree: bpy.types.NodeTree | None) -> int:
    return tree.session_uid if tree is not None else 0


def _choose(scene: bpy.types.Scene, tree: bpy.types.NodeTree) -> None:
    _chosen[scene.name] = tree.session_uid
    if not bpy.app.background:
        POLLER.start()


def _give() -> None:
    """Give the scenes what was chosen for them."""
    for name, number in _chosen.items():
        scene = bpy.data.scenes.get(name)
        tree = next((each for each in bpy.data.node_groups if each.session_uid == number), None)
        if scene is not None and tree is not None and scene.flame.tree != tree:
            scene.flame.tree = tree
            bpy.ops.ed.undo_push(message="Choose Node Tree")
    _chosen.clear()


POLLER: Final = Poller(_give)

CLASSES: Final[tuple[type, ...]] = ()


def unregister() -> None:
    """Forget what was shown."""
    POLLER.stop()
    _shown.clear()
    _chosen.clear()
