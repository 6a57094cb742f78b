"""Speed of the import into Blender."""

from __future__ import annotations

from ...contract.failure import Failure
from ...system.processes import run_blender
from ..chain import Setup
from ..rows import Row, at_most, without_target

FRAMES, LIMIT = 1000, 1.0


def measure(setup: Setup) -> list[Row] | Failure:
    """Seconds of wall time to import a track of 1000 frames and 5023 vertices: mesh, shape keys, camera, animation.

    Without the footage. In a process with Blender's module; the smallest of three repetitions, each in an empty scene.
    Then the same import once more over the first, and going to another frame and evaluating it.
    """
    del setup
    result = run_blender("benchmark", "--frames", str(FRAMES))
    if isinstance(result, Failure):
        return result
    version = f"Blender {result['blender']}"
    return [
        at_most(f"import of {FRAMES} frames, {version}", result["import_seconds"], LIMIT, " s"),
        without_target("importing it again over the first", result["import_again_seconds"], " s"),
        without_target("going to another frame", result["frame_change_milliseconds"], " ms"),
    ]
