"""Damaged event lines for everything in the add-on that hears them."""

from __future__ import annotations

import importlib
import importlib.util
import json
import random
import sys
from pathlib import Path
from typing import Any, Final

from .damage import damaged_bytes, damaged_data
from .kind import Kind

ROOT: Final = Path(__file__).resolve().parents[2]
PACKAGE: Final = "flame_extension"
_PLAN: Final = {
    "folder": "/x",
    "free": 1e9,
    "graphics": ["RTX"],
    "python": {"version": "3.11", "path": "/x", "fetched": False, "from": ""},
    "build": "cpu",
    "packages": [{"name": "a", "version": "1", "licence": "MIT", "size": 3}],
    "download": 1,
    "kept": 0,
    "disk": 1,
    "sources": ["pypi.org"],
    "problems": [{"code": "disk-full", "sentence": "It is full.", "advice": "Make room."}],
}
_VIDEO: Final = {"name": "x", "width": 1, "height": 2, "rate": 25.0, "frames": 3, "duration": 1.0, "codec": "x"}
_FACE: Final = {"number": 0, "box": [0, 0, 1, 1], "share": 1, "frame": 0, "point": [0.5, 0.5], "picture": "x"}
_MODEL: Final = {"name": "a", "file": "b", "present": True, "usable": True, "licence": "c", "commercial": None}
_GOOD: Final[tuple[dict[str, Any], ...]] = (
    {"event": "hello", "protocol": 1, "version": "1", "device": "processor", "pid": 1},
    {"event": "job", "stages": [{"name": "video", "kind": "video", "label": "Video", "weight": 0.5}, {"name": "fit"}]},
    {"event": "stage", "name": "video", "state": "running"},
    {"event": "stage", "name": "video", "state": "done", "seconds": 1.0, "summary": "x"},
    {"event": "progress", "name": "fit", "done": 3, "total": 10, "seconds_left": 2.0, "text": "x"},
    {"event": "preview", "name": "fit", "frame": 3, "path": "/tmp/x.png"},
    {"event": "notice", "name": "fit", "code": "a", "sentence": "b", "advice": "c"},
    {"event": "heartbeat", "seconds": 3},
    {"event": "error", "name": "fit", "code": "a", "sentence": "b", "advice": "c", "log": "x"},
    {
        "event": "done",
        "outputs": {"track": "/tmp/x", "thumbnail": "/tmp/y"},
        "seconds": 1.0,
        "video": {**_VIDEO, "first_frame": 0, "focal_length_35mm": None, "thumbnail_frame": 0},
        "faces": [_FACE],
        "models": [_MODEL],
        "plan": _PLAN,
        "state": {"state": "complete", "reason": "", "advice": "", "device": "x"},
    },
    {"event": "cancelled"},
)


def make(rng: random.Random) -> bytes:
    """Return a handful of lines."""
    return b"\n".join(_line(rng).replace(b"\n", b" ") for _ in range(8))


def _line(rng: random.Random) -> bytes:
    event, how = rng.choice(_GOOD), rng.random()
    if how < 0.65:
        made = damaged_data(event, rng)
        if isinstance(made, dict) and rng.random() < 0.9:
            made["event"] = event["event"]
        return json.dumps(made).encode("utf-8", "surrogatepass")
    if how < 0.9:
        return damaged_bytes(json.dumps(event).encode(), rng)
    return rng.choice(
        (
            rng.randbytes(200),
            b'{"event":"progress","a":' + b"[" * 5000 + b"]" * 5000 + b"}",
            b'{"event":"progress","done":' + b"9" * 5000 + b"}",
            b'{"event":"notice","sentence":"' + b"x" * 300_000 + b'"}',
            b"{" * 100,
        )
    )


def extension() -> None:
    """Load the add-on under another name than its own, as Blender does; nothing of Blender is needed."""
    if PACKAGE in sys.modules:
        return
    spec = importlib.util.spec_from_file_location(PACKAGE, ROOT / "__init__.py", submodule_search_locations=[str(ROOT)])
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[PACKAGE] = module
    spec.loader.exec_module(module)


extension()
_ADD_ON: Final = f"{PACKAGE}.blender_flame_tracker"
environment, quick_look, model_files = (
    importlib.import_module(f"{_ADD_ON}.engine.{name}") for name in ("environment", "quick_look", "model_files")
)
process, run_state = (
    importlib.import_module(f"{PACKAGE}.backend.contract.supervision.{name}") for name in ("process", "run_state")
)
"""Loaded once, and not in every child."""
decode = importlib.import_module(f"{PACKAGE}.backend.contract.events").decode
default_job = importlib.import_module(f"{PACKAGE}.backend.contract.job").default_job


def read(content: bytes, folder: Path) -> object:
    """Let all who hear events hear these lines, and ask them what panels ask."""
    engine = process.Engine(Path("x"), Path("y"))
    state, models = environment.Environment(folder / "no engine"), model_files.ModelList()
    running = run_state.Run(default_job({}), engine, folder)
    running.state = run_state.RunState.RUNNING
    for line in content.split(b"\n"):
        event = decode(line.decode("utf-8", "replace"))
        if event is None:
            continue
        if running.state.final:
            running = run_state.Run(default_job({}), engine, folder)
        running.take(event)
        for stage in running.stages.values():
            f"{stage.fraction} {stage.done}/{stage.total} {stage.seconds_left} {stage.summary}".encode()
        quick_look.parse(event)
        state.take(event)
        if isinstance(event.get("plan"), dict):
            state.take_plan(event["plan"])
        if isinstance(event.get("state"), dict):
            state.take_state(event["state"])
        models.take(event)
        _ = models.to_be_had
    for said in (running.failure, *running.notices):
        assert said is None or str(said).isprintable()
    return running.state


KIND: Final = Kind(make, read)
