"""Measurement of how long the add-on holds up Blender; run it through `command.py benchmark-interface`."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import bpy

from ...backend.contract.failure import Failure

SECONDS: Final = 3.0
EVENTS_PER_SECOND: Final = 1000

_CHATTY: Final = f"""
import json, time
def say(event, **fields):
    print(json.dumps(dict(event=event, **fields)), flush=True)
say("hello", protocol=1, version="0", device="none", pid=0)
say("job", stages=[dict(name="Fit", kind="fit", label="Fit")])
begin, said = time.monotonic(), 0
while (now := time.monotonic() - begin) < {SECONDS}:
    while said < now * {EVENTS_PER_SECOND}:
        # Kinds in turn, as news of one kind replaces older news of it.
        kind = ("progress", "stage", "preview", "heartbeat")[said % 4]
        say(kind, name="Fit", state="running", done=said, total=10000, path="picture.png", seconds=now)
        said += 1
    time.sleep(0.001)
say("done", outputs=dict(), seconds=now)
"""


def measure_interface() -> dict[str, Any] | str:
    """Measure registration, drawing and the timer, in this order, in a fresh Blender; or say why that failed.

    All is processor time of Blender's main thread: what other programs do on the machine meanwhile does not count.

    Returns:
        ``loading_milliseconds`` (reading the add-on's modules, once), ``register_milliseconds`` (the smallest of
        five), ``draw_milliseconds`` and ``draw_node_milliseconds`` (the panel in the state in which it takes longest,
        and all nodes of the default tree, by a layout that only counts: the largest median), ``drawn`` (items),
        ``slice_mean_milliseconds``, ``slice_max_milliseconds`` (while events are read), ``start_milliseconds`` (the
        slice that starts the engine), ``end_milliseconds`` (the one that keeps the results on the nodes),
        ``event_rate`` (events per second that were said), ``blender``.
    """
    begin = time.thread_time()
    from .. import registration  # Reading it is measured.

    loading = time.thread_time() - begin
    registering = []
    for _ in range(5):
        begin = time.thread_time()
        registration.register()
        registering.append(time.thread_time() - begin)
        registration.unregister()
    registration.register()
    with tempfile.TemporaryDirectory(prefix="flame-bench-") as folder:
        measured = _measure_run(Path(folder))
    registration.unregister()
    if isinstance(measured, str):
        return measured
    return {
        "loading_milliseconds": round(1000 * loading, 2),
        "register_milliseconds": round(1000 * min(registering), 2),
        **measured,
        "blender": bpy.app.version_string,
    }


def _measure_run(folder: Path) -> dict[str, Any] | str:
    """Run a chatty engine; draw before, meanwhile and afterwards."""
    from ...backend.contract.supervision.process import Engine
    from ..nodes.default_tree import new_default_tree
    from ..tracking import runs

    (folder / "backend").mkdir()
    (folder / "backend" / "__init__.py").touch()
    (folder / "backend" / "__main__.py").write_text(_CHATTY)
    (folder / "video.mp4").touch()
    runs.engine_override = Engine(Path(sys.executable), folder)
    scene: Any = bpy.context.scene
    draws = [_draw_times()]
    scene.flame.tree = tree = new_default_tree("FLAME")
    video: Any = tree.nodes["Video"]
    video.path = str(folder / "video.mp4")
    draws.append(_draw_times())
    run = runs.start(tree, scene)
    if isinstance(run, Failure):
        return str(run)
    slices, end = [], 0.0
    while not run.state.final or runs.session().busy:
        over = run.state.final
        begin = time.thread_time()
        runs.POLLER.poll_now()
        seconds = time.thread_time() - begin
        if run.state.final and not over:
            end = seconds
        else:
            slices.append(seconds)
        time.sleep(runs.INTERVAL)
        if len(slices) % 10 == 5:
            draws.append(_draw_times(5))
    draws.append(_draw_times())
    runs.engine_override = None
    if run.failure is not None:
        return str(run.failure)
    panel, nodes, drawn = (max(each[k] for each in draws) for k in range(3))
    work = slices[1:]
    return {
        "draw_milliseconds": round(1000 * panel, 3),
        "draw_node_milliseconds": round(1000 * nodes, 3),
        "drawn": drawn,
        "start_milliseconds": round(1000 * slices[0], 3),
        "slice_mean_milliseconds": round(1000 * sum(work) / len(work), 3),
        "slice_max_milliseconds": round(1000 * max(work), 3),
        "end_milliseconds": round(1000 * end, 3),
        "event_rate": round(run.stages["Fit"].done / SECONDS),
    }


def _draw_times(repetitions: int = 50) -> tuple[float, float, int]:
    """Median seconds of the panel, of all nodes of the scene's tree, and how many items the panel has."""
    from ..ui.panel import FLAME_PT_view3d

    context: Any = _Context()
    tree = context.scene.flame.tree
    layout = Counting()

    def draw_panel() -> None:
        layout.items = 0
        FLAME_PT_view3d.draw(SimpleNamespace(layout=layout), context)

    def draw_nodes() -> None:
        for node in tree.nodes if tree is not None else ():
            node.draw_buttons(context, Counting())

    return _median(draw_panel, repetitions), _median(draw_nodes, repetitions), layout.items


def _median(work: Callable[[], None], repetitions: int) -> float:
    seconds = []
    for _ in range(repetitions):
        begin = time.thread_time()
        work()
        seconds.append(time.thread_time() - begin)
    return sorted(seconds)[repetitions // 2]


class Counting:
    """Stands in for Blender's layout, which there is none of without a window: takes everything and counts."""

    items = 0

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._add

    def _add(self, *_arguments: Any, **_options: Any) -> Counting:
        self.items += 1
        return self

    def panel(self, _name: str, default_closed: bool = False) -> tuple[Counting, Counting | None]:
        """Be header and body of a part that is open unless it is closed at first."""
        return self, None if default_closed else self

    def panel_prop(self, owner: Any, name: str) -> tuple[Counting, Counting | None]:
        """Be header and body of a part that is open when the property says so."""
        return self, self if getattr(owner, name) else None


class _Context:
    """Blender's context in a sidebar of 300 pixels."""

    region = SimpleNamespace(width=300, height=900, type="UI", active_panel_category="FLAME")

    def __getattr__(self, name: str) -> Any:
        return getattr(bpy.context, name)
