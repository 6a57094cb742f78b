"""Truth of the hand-over: Blender's camera against the engine's."""

from __future__ import annotations

from typing import Final

from ...contract.failure import Failure
from ...system.processes import run_blender
from ..chain import Clock, Setup, import_stages, run_chain
from ..rows import Row, at_most, without_target
from ..scenes.clips import speed_clip

FRAMES: Final = 30
LIMIT: Final = 0.05


def measure(setup: Setup) -> list[Row] | Failure:
    """Distance in pixels between the imported head seen through Blender's own camera and the engine's projection.

    A clip of 30 frames 640x480 is tracked (Draft), imported into Blender's module with shape keys, camera and footage,
    saved, and opened again; on 13 frames all vertices of the evaluated mesh go through the camera's own matrix and are
    compared with the track's. The worst vertex of all counts. Both ways of animating: camera moves, head moves.
    """
    made = speed_clip(setup, FRAMES, 640, 480)
    if isinstance(made, Failure):
        return made
    import_stages()
    track = setup.work / "track.npz"
    done = run_chain(setup, made[0], "draft", track, Clock())
    if isinstance(done, Failure):
        return done
    rows = []
    for motion in ("camera", "head"):
        blend = setup.work / f"{motion}.blend"
        scene = run_blender("scene", str(track), str(blend), "--motion", motion)
        found = scene if isinstance(scene, Failure) else run_blender("check", str(track), str(blend))
        if isinstance(found, Failure):
            return found
        rows.append(at_most(f"Blender's camera, {motion} moves: worst vertex", found["worst"], LIMIT, " px", 4))
        rows.append(without_target(f"Blender's camera, {motion} moves: median", found["median"], " px", 4))
    return rows
