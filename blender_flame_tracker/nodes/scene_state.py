"""Properties of a scene: its node tree and how its panel stands open. All settings are on the tree's nodes."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, ClassVar, Final

import bpy

from ...backend.contract.correction_settings import BLEND_FRAMES
from ...backend.contract.job import SUBSTITUTES
from .. import redrawing
from ..names import TREE
from .pin_parts import PIN_PARTS
from .reading import kind_of, linked, nodes_of
from .tree import FlameTree

_INSTEAD_OF_VIDEO: Final = tuple(kind for kind, replaced in SUBSTITUTES.items() if replaced == "video")
_ENDS: Final = ("scene", "track", "texture", "report", "export")
"""Kinds of nodes at the end of the work, the most finished first."""


def _flag(name: str, default: bool = True) -> Any:
    return bpy.props.BoolProperty(name=name, description="Show this part of the panel", default=default)


def _redraw_timelines(_owner: Any, _context: bpy.types.Context) -> None:
    redrawing.TIMELINES.redraw()


def _redraw_all(_owner: Any, _context: bpy.types.Context) -> None:
    redrawing.RESULTS.redraw()


def _never(_owner: Any) -> bool:
    return False


def _is_ours(_owner: Any, tree: bpy.types.NodeTree) -> bool:
    return tree.bl_idname == TREE


def _track_nodes(owner: Any, _context: bpy.types.Context | None, _text: str) -> list[str]:
    return [node.name for node in tracks_of(owner.tree)] if owner.tree is not None else []


class SceneFlame(bpy.types.PropertyGroup):
    """Tracking in this scene."""

    tree: FlameTree | None
    track_node: str
    show_video: bool
    show_head_camera: bool
    show_track: bool
    show_batch: bool
    show_result: bool
    show_calibration: bool
    show_character: bool
    show_timeline_graph: bool
    show_corrections: bool
    pin_part: str
    join_range: bool
    blend_frames: int

    __annotations__: ClassVar = {
        "tree": bpy.props.PointerProperty(
            type=FlameTree,
            name="Node Tree",
            description="FLAME Tracker tree that this scene's panel shows and runs",
            poll=_is_ours,
            update=_redraw_all,
        ),
        "track_node": bpy.props.StringProperty(
            name="Track",
            description="Track File node that the panel works for, where the tree has several",
            search=_track_nodes,
        ),
        "show_video": _flag("Video"),
        "show_head_camera": _flag("Head and Camera"),
        "show_track": _flag("Track"),
        "show_more": _flag("More Settings", default=False),
        "show_messages": _flag("Messages", default=False),
        "show_batch": _flag("Batch", default=False),
        "show_result": _flag("Result"),
        "show_corrections": _flag("Corrections", default=False),
        "show_character": _flag("Character"),
        "show_calibration": _flag("Calibration", default=False),
        "show_timeline_graph": bpy.props.BoolProperty(
            name="Show over Timeline",
            description="Draw error, confidence and bad frames over the Timeline and the Dope Sheet",
            default=True,
            update=_redraw_timelines,
        ),
        "pin_part": bpy.props.EnumProperty(
            name="Drags Move",
            description="What of the head a drag of a pin moves",
            items=[
                (name, part.label, part.help, part.icon, index) for index, (name, part) in enumerate(PIN_PARTS.items())
            ],
        ),
        "join_range": bpy.props.BoolProperty(
            name="Join",
            description="Let Track Range solve frames of a tracked clip again, and join them into its track as a new "
            "version. Turn it off to get them as a take of their own",
            default=True,
        ),
        "blend_frames": bpy.props.IntProperty(
            name="Blend Frames",
            description="Frames before and after the range over which the former track goes over into the new one",
            default=BLEND_FRAMES,
            min=0,
            max=100,
        ),
        "closed": bpy.props.BoolProperty(
            name="Closed", description="This part cannot be used yet", get=_never, options={"SKIP_SAVE"}
        ),
    }

    def settings_of(self: Any, kind: str) -> Settings:
        """Return the settings of a node of the panel, for preset files."""
        return Settings(node_of(self.tree, kind, self.id_data))

    def fold_settings(self) -> None:
        """Close what can't be changed while a run goes on, so that progress and result are in sight."""
        self.show_video = self.show_head_camera = False

    def open_result(self) -> None:
        """Close what led to a result, so that the result itself is in sight."""
        self.fold_settings()
        self.show_track, self.show_result = False, True


class Settings:
    """Settings of a node as a preset file sets them: what this version or this tree does not have is passed over."""

    def __init__(self, node: Any) -> None:
        object.__setattr__(self, "_node", node)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._node, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if hasattr(self._node, name):
            with contextlib.suppress(TypeError, ValueError):  # A choice that there was in another version.
                setattr(self._node, name, value)


def flame_of(scene: bpy.types.Scene | None) -> SceneFlame:
    """Return what a scene knows of tracking: Blender gives every scene this property."""
    owner: Any = scene
    return owner.flame


def active_tree(context: bpy.types.Context) -> FlameTree | None:
    """Return the tree of the scene, None where it has none yet."""
    return context.scene.flame.tree if context.scene is not None else None


def tracks_of(tree: FlameTree) -> list[Any]:
    """Return the Track File nodes of a tree."""
    return nodes_of(tree, "track")


def end_of(tree: FlameTree, scene: bpy.types.Scene | None = None) -> Any | None:
    """Return the node that the panel works towards.

    It is the Track File node that the scene names, else the active node or the first one that is an end of the work.
    """
    wanted = flame_of(scene).track_node if scene is not None else ""
    named = tree.nodes.get(wanted) if wanted else None
    if named is not None and kind_of(named) == "track":
        return named
    if tree.nodes.active is not None and kind_of(tree.nodes.active) in ("scene", "track"):
        return tree.nodes.active
    return next((node for kind in _ENDS for node in tree.nodes if kind_of(node) == kind), None)


def node_of(tree: FlameTree | None, kind: str, scene: bpy.types.Scene | None = None) -> Any | None:
    """Return the node of a kind that belongs to what the panel works towards, None where there is none.

    It is looked for upstream of `end_of`, then among what uses that, then in the whole tree.
    """
    if tree is None or tree.bl_idname != TREE:
        return None
    candidates = nodes_of(tree, kind)
    end = end_of(tree, scene) if len(candidates) > 1 else None
    if end is not None:  # Drawing asks often, and most trees have one node of a kind.
        for node in (*_upstream(tree, end), *_downstream(tree, end)):
            if kind_of(node) == kind:
                return node
    return candidates[0] if candidates else None


def source_of(tree: FlameTree | None, scene: bpy.types.Scene | None = None) -> Any | None:
    """Return the node that gives the frames: Video, or Photographs in its place."""
    found = [
        node for node in (node_of(tree, kind, scene) for kind in ("video", *_INSTEAD_OF_VIDEO)) if node is not None
    ]
    if len(found) < 2 or tree is None:
        return found[0] if found else None
    end = end_of(tree, scene)
    above = list(_upstream(tree, end)) if end is not None else []
    return next((node for node in found if node in above), found[0])


def _upstream(tree: FlameTree, end: Any) -> Iterator[Any]:
    """Yield a node and all that it is made from, the nearest first.

    Unlike `nodes.reading` it passes muted nodes and reroutes as they are drawn: drawing has no time for more.
    """
    sources: dict[str, list[Any]] = {}
    for source, taker in linked(tree):
        sources.setdefault(taker.name, []).append(source)
    yield from _walk(end, sources)


def _downstream(tree: FlameTree, end: Any) -> Iterator[Any]:
    """Yield what is made of the same track file, the nearest first."""
    track = next((node for node in _upstream(tree, end) if kind_of(node) == "track"), end)
    users: dict[str, list[Any]] = {}
    for source, taker in linked(tree):
        users.setdefault(source.name, []).append(taker)
    yield from _walk(track, users)


def _walk(start: Any, neighbours: dict[str, list[Any]]) -> Iterator[Any]:
    seen, waiting = {start.name}, [start]
    while waiting:
        node = waiting.pop(0)
        yield node
        for other in neighbours.get(node.name, ()):
            if other.name not in seen:
                seen.add(other.name)
                waiting.append(other)


CLASSES: Final = (SceneFlame,)


def register() -> None:
    """Give every scene its tracking."""
    scenes: Any = bpy.types.Scene
    scenes.flame = bpy.props.PointerProperty(type=SceneFlame)


def unregister() -> None:
    """Take it from the scenes."""
    scenes: Any = bpy.types.Scene
    del scenes.flame
