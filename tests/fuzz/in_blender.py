"""Damaged tracks and .blend files in Blender: run in a process of its own, which says how each case ended.

`python -m tests.fuzz.in_blender KIND SEED FIRST COUNT FOLDER`; Blender's module cannot be forked.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import bpy  # type: ignore[import-not-found]
import numpy as np

from backend.contract.checks import is_text

from . import tracks
from .damage import odd_value
from .ending import HARM, INTERNAL, SENTENCE, VALUE, place_of
from .events import PACKAGE, ROOT
from .watching import Harm, watch

sys.path[:0] = [str(ROOT / "tests" / "blender"), str(ROOT / "tests" / "blender" / "helpers")]
FOLDER: Final = Path(sys.argv[5])
_OURS: Final = ("flame_track", "flame_head", "flame_camera", "flame_root", "flame_clip", "flame_texture", "flame_world")
_OWNED: Final = (*_OURS, "flame_import", "flame_track_relative", "flame_motion", "flame_before", "flame_film")

_NOT_HELD: Final = (TypeError, ValueError, OverflowError, AttributeError)
"""What Blender raises for values that no .blend can hold."""


def imported(rng: random.Random) -> str:
    """Import a damaged track, half of the time over a good one, whose scene must stay."""
    path = FOLDER / "track.npz"
    before: object = None
    if rng.random() < 0.5:
        path.write_bytes(tracks.packed(tracks.small_track()))
        bpy.ops.import_scene.flame_track(filepath=str(path), light="world")
        before = _content()
    path.write_bytes(tracks.make(rng))
    fresh = before is None
    before = _content() if fresh else before
    try:
        answer = bpy.ops.import_scene.flame_track(filepath=str(path), light="world")
    except RuntimeError as error:
        assert "Traceback" not in str(error), str(error)[-600:]
        assert _content() == before, "the scene is not as it was"
        return SENTENCE
    _use(answer, path)
    return VALUE


def _use(answer: set[str], path: Path) -> None:
    from flame_extension.blender_flame_tracker.results import review, selection  # type: ignore[import-not-found]

    assert "FINISHED" in answer
    scene = bpy.context.scene
    scene.frame_set(scene.frame_start)
    bpy.context.evaluated_depsgraph_get().update()
    review.look_at(path)
    found = selection.chosen(bpy.context)
    assert found is not None
    selection.review_now(found)
    bpy.ops.wm.save_as_mainfile(filepath=str(FOLDER / "take.blend"), check_existing=False)


def _content() -> object:
    blocks = sorted((block.id_type, block.name) for block in bpy.data.user_map())
    return blocks, [(key.name, len(key.key_blocks)) for key in bpy.data.shape_keys]


def opened(rng: random.Random) -> str:
    """Save a scene with damaged properties, open it again, and do what a window would do with it."""
    from flame_extension.blender_flame_tracker.nodes.default_tree import (  # type: ignore[import-not-found]
        new_default_tree,
    )

    path = FOLDER / "track.npz"
    path.write_bytes(tracks.packed(tracks.small_track()))
    bpy.ops.import_scene.flame_track(filepath=str(path), light="world")
    scene = bpy.context.scene
    scene.flame.tree = new_default_tree("FLAME", ("texture", "appearance", "arkit", "export"))
    owners = [each for each in (*bpy.data.collections, *bpy.data.objects, *bpy.data.worlds) if _owned(each)]
    for _ in range(rng.choice((1, 1, 3, 10))):
        owner = rng.choice(owners)
        _damage_property(owner, rng.choice(_owned(owner)), rng)
    for _ in range(rng.choice((0, 1, 3, 10))):
        _damage_node(rng.choice(list(scene.flame.tree.nodes)), rng)
    blend = str(FOLDER / "take.blend")
    bpy.ops.wm.save_as_mainfile(filepath=blend, check_existing=False)
    bpy.ops.wm.open_mainfile(filepath=blend)
    _draw()
    with contextlib.suppress(RuntimeError):  # A sentence of an operator.
        bpy.ops.import_scene.flame_track(filepath=str(path), light="world")
    _draw()
    bpy.ops.wm.save_as_mainfile(filepath=blend, check_existing=False)
    return VALUE


def _owned(block: Any) -> list[str]:
    return [name for name in _OWNED if name in block]


def _value(rng: random.Random) -> Any:
    """Return an odd value; numbers of more than 64 bits and half letters would leave Blender's module in disorder."""
    value = odd_value(rng)
    if isinstance(value, int) and abs(value) >= 2**63:
        return 2**31
    return value if not isinstance(value, str) or is_text(value) else "x" * len(value)


def _damage_property(owner: Any, name: str, rng: random.Random) -> None:
    value = _value(rng)
    if isinstance(value, str) and rng.random() < 0.3:
        value = json.dumps({"settings": {"motion": [], "first_frame": 10**30}, "played": [1, 0], "stamp": "x"})
    with contextlib.suppress(*_NOT_HELD):
        owner[name] = value if value is not None else 7


def _damage_node(node: Any, rng: random.Random) -> None:
    names = [each.identifier for each in node.bl_rna.properties if not each.is_readonly and each.is_runtime]
    if not names:
        return
    name, value = rng.choice(names), _value(rng)
    with contextlib.suppress(*_NOT_HELD):
        if rng.random() < 0.5:
            setattr(node, name, value)
        else:
            node[name] = value


def _draw() -> None:
    """Draw the panel and the nodes, and do what Blender's timers would do."""
    from flame_extension.blender_flame_tracker.results import selection
    from flame_extension.blender_flame_tracker.tracking import footage, runs
    from flame_extension.blender_flame_tracker.ui import panel
    from recording_layout import RecordingLayout  # type: ignore[import-not-found]

    layout = RecordingLayout(open_panels=("flame_import_options", "flame_update_options"))
    panel.FLAME_PT_view3d.draw(SimpleNamespace(layout=layout), bpy.context)
    for tree in bpy.data.node_groups:
        for node in tree.nodes:
            if hasattr(node, "draw_buttons") and tree.bl_idname.startswith("Flame"):
                node.draw_buttons(bpy.context, RecordingLayout())
    for each in (footage, selection, runs):
        each.POLLER.poll_now()
    scene = bpy.context.scene
    scene.frame_set(scene.frame_current + 1)


WORK: Final = {"imports": imported, "blends": opened}


def main(arguments: list[str]) -> None:
    """Run cases; a line before and after each."""
    kind, seed, first, count = arguments[0], arguments[1], int(arguments[2]), int(arguments[3])
    said = os.fdopen(os.dup(1), "w", encoding="utf-8")
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    sys.modules[PACKAGE].register()
    harm: list[Harm] = []
    watch(FOLDER, harm)
    for number in range(first, first + count):
        said.write(f"BEGIN\t{number}\n")
        said.flush()
        shutil.rmtree(FOLDER, ignore_errors=True)
        FOLDER.mkdir()
        bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
        detail = ""
        try:
            ending = WORK[kind](random.Random(f"{seed} {kind} {number}"))
        except Exception as error:  # noqa: BLE001 - this is what is looked for
            ending, detail = INTERNAL, place_of(error)
        if harm:
            ending, detail = HARM, str(harm[0])
            harm.clear()
        said.write(f"END\t{number}\t{ending}\t{json.dumps(detail)}\n")
        said.flush()
    os._exit(0)


if __name__ == "__main__":
    np.seterr(all="ignore")
    main(sys.argv[1:])
