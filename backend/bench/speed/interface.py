"""Time that Blender's window waits for: registration, drawing, and the timer that listens to the engine."""

from __future__ import annotations

from typing import Final

from ...contract.failure import Failure
from ...system.processes import run_blender
from ..chain import Setup
from ..rows import Row, at_most, without_target

REGISTER: Final = 50.0
DRAW: Final = 2.0
SLICE: Final = 5.0


def measure(setup: Setup) -> list[Row] | Failure:
    """Milliseconds of processor time that the add-on takes from Blender's main thread.

    In a process with Blender's module and no window: registering all classes (smallest of five); the panel with all
    its parts open, in the state in which it takes longest, and all nodes of the default tree, drawn into a layout that
    only counts (medians of fifty); the timer while an engine says 1000 events a second for three seconds.
    """
    del setup
    result = run_blender("benchmark-interface")
    if isinstance(result, Failure):
        return result
    return [
        at_most(f"registration, Blender {result['blender']}", result["register_milliseconds"], REGISTER, " ms"),
        without_target("reading the add-on's modules, once", result["loading_milliseconds"], " ms"),
        at_most(f"redraw of the panel, {result['drawn']} items", result["draw_milliseconds"], DRAW, " ms"),
        without_target("redraw of all nodes of the default tree", result["draw_node_milliseconds"], " ms"),
        at_most(
            f"longest timer slice, {result['event_rate']} events/s", result["slice_max_milliseconds"], SLICE, " ms"
        ),
        without_target("mean timer slice", result["slice_mean_milliseconds"], " ms"),
        without_target("the slice that starts the engine", result["start_milliseconds"], " ms"),
        without_target("the slice that takes the results", result["end_milliseconds"], " ms"),
    ]
