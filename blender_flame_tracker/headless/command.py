"""Blender without a window, for the demo, the benchmark and exports: run it with a Python that has the `bpy` module.

    python blender_flame_tracker/headless/command.py scene TRACK.npz SCENE.blend [SCENE.png] [--frame N] [--light world]
    python blender_flame_tracker/headless/command.py review TRACK.npz REVIEW.mp4 [--show wires|head] [--height N]
    python blender_flame_tracker/headless/command.py check TRACK.npz SCENE.blend
    python blender_flame_tracker/headless/command.py benchmark [--frames N] [--vertices N]
    python blender_flame_tracker/headless/command.py benchmark-interface
    python blender_flame_tracker/headless/command.py export TRACK.npz --target gltf FOLDER [--target usd FOLDER] [--rig]

Blender itself runs it, too: ``blender --background --factory-startup --python command.py -- export …``.

The last line of standard output is a JSON object: ``{"blend": …, "picture": …, "frames": …, "notices": […]}`` or the
numbers measured; `export` says events as the engine does. Where it fails, the exit status is 1 and standard error says
why in a sentence. To use the package from a program that runs in Blender's module anyway, call `load_extension` and
import from the package it returns.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, Final

PACKAGE: Final = "flame_head_tracker_extension"
"""Any name will do: Blender itself calls it ``bl_ext.<repository>.<id>``."""
OLDEST: Final = (4, 2, 0)
"""As in ``blender_manifest.toml``, which an older Blender does not read."""


def load_extension(name: str = PACKAGE) -> ModuleType:
    """Load the repository as a package, as Blender does, without touching `sys.path`."""
    if name in sys.modules:
        return sys.modules[name]
    root = Path(__file__).resolve().parents[2]
    spec = importlib.util.spec_from_file_location(name, root / "__init__.py", submodule_search_locations=[str(root)])
    if spec is None or spec.loader is None:
        raise ImportError(f"{root} is not the repository of the extension")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def submodule(path: str) -> ModuleType:
    """Return a module of the loaded extension, e.g. ``blender_flame_tracker.scene.importer``."""
    return importlib.import_module(f"{load_extension().__name__}.{path}")


def main(arguments: list[str]) -> int:
    """Run one command and print its result."""
    parser = argparse.ArgumentParser(prog="command.py", description="Blender without a window")
    commands = parser.add_subparsers(dest="command", required=True)
    scene = commands.add_parser("scene", help="import a track, save a file and render a still")
    scene.add_argument("track", type=Path)
    scene.add_argument("blend", type=Path)
    scene.add_argument("picture", type=Path, nargs="?")
    scene.add_argument("--frame", type=int, default=None, help="scene frame of the still; default: the middle")
    scene.add_argument("--engine", choices=("CYCLES", "BLENDER_WORKBENCH"), default="CYCLES")
    scene.add_argument("--motion", choices=("camera", "head"), default="camera")
    scene.add_argument("--light", choices=("none", "world", "exposure"), default="none")
    review = commands.add_parser("review", help="write a film of the footage beside the tracked head")
    review.add_argument("track", type=Path)
    review.add_argument("film", type=Path)
    review.add_argument("--show", choices=("wires", "head"), default="wires")
    review.add_argument("--height", type=int, default=480, help="of the film in pixels, at most that of the footage")
    review.add_argument("--version", default="", help="words beside the name of the clip, as v003")
    check = commands.add_parser("check", help="compare Blender's projection of a saved scene with the engine's")
    check.add_argument("track", type=Path)
    check.add_argument("blend", type=Path)
    benchmark = commands.add_parser("benchmark", help="measure an import")
    benchmark.add_argument("--frames", type=int, default=1000)
    benchmark.add_argument("--vertices", type=int, default=5023)
    commands.add_parser("benchmark-interface", help="measure registration, drawing and the timer")
    _add_export(commands)
    options = parser.parse_args(arguments)
    if options.command == "export":
        return _export(options)
    result: Any
    if options.command == "benchmark":
        result = submodule("blender_flame_tracker.headless.benchmark_import").measure_import(
            options.frames, options.vertices
        )
    elif options.command == "benchmark-interface":
        result = submodule("blender_flame_tracker.headless.benchmark_interface").measure_interface()
    elif options.command == "check":
        check_module = submodule("blender_flame_tracker.headless.projection_check")
        result = check_module.measure_projection(options.track, options.blend)
    elif options.command == "review":
        result = _make_review(options)
    else:
        result = _build_scene(options)
    if isinstance(result, str):
        print(result, file=sys.stderr)
        return 1
    print(json.dumps(result), flush=True)
    return 0


def _add_export(commands: Any) -> None:
    export = commands.add_parser("export", help="write a track for other programs")
    export.add_argument("track", type=Path)
    export.add_argument("--target", nargs=2, action="append", required=True, metavar=("NAME", "FOLDER"))
    export.add_argument("--name", default="take", help="of the files, without ending")
    export.add_argument("--motion", choices=("camera", "head"), default="head")
    export.add_argument("--rig", action="store_true", help="the head as bones and named shape keys")
    export.add_argument("--end-with-input", action="store_true", help="stop when standard input ends")


def _export(options: argparse.Namespace) -> int:
    """Write what is asked for, unless this Blender is too old even to read the package."""
    import bpy

    if bpy.app.version < OLDEST:
        old = f"This is Blender {bpy.app.version_string}, which is too old."
        error = {"event": "error", "code": "blender-too-old", "sentence": old, "advice": "Use Blender 4.2 or newer."}
        print(json.dumps(error), flush=True)
        print(old, error["advice"], file=sys.stderr)
        return 1
    export_targets = submodule("blender_flame_tracker.headless.export_targets")
    settings = submodule("backend.contract.settings")
    if options.end_with_input:
        export_targets.end_with_input()
    wanted = settings.SceneSettings(motion=options.motion, form="rig" if options.rig else "keys")
    folders = {name: Path(folder) for name, folder in options.target}
    return export_targets.export_targets(options.track, folders, options.name, wanted)


def _make_review(options: argparse.Namespace) -> dict[str, Any] | str:
    """The film, or why not in a sentence."""
    review = submodule("blender_flame_tracker.headless.track_review")
    return review.review_track(options.track, options.film, options.show, options.height, options.version)


def _build_scene(options: argparse.Namespace) -> dict[str, Any] | str:
    """What was built, or why not in a sentence."""
    render = submodule("blender_flame_tracker.scene.rendering.render")
    settings = submodule("backend.contract.settings")
    failure = submodule("backend.contract.failure")
    still = render.StillSettings(frame=options.frame, engine=options.engine)
    imported = settings.SceneSettings(motion=options.motion, light=options.light)
    made = render.build_scene(options.track, options.blend, options.picture, imported, still)
    if isinstance(made, failure.Failure):
        return str(made)
    return {
        "blend": str(options.blend),
        "picture": None if options.picture is None else str(options.picture),
        "frames": [made.timeline.first, made.timeline.last],
        "notices": [f"{notice.sentence} {notice.advice}".strip() for notice in made.notices],
    }


if __name__ == "__main__":
    # Blender hands over what it was started with; what follows two dashes is meant for this file.
    status = main(sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    # Blender's module may crash while Python takes it apart (4.2); all is written by now.
    os._exit(status)
