"""Command of Blender's own command line: a track file written for a target, without a window.

blender --background --command flame_export TRACK.npz --target gltf --out take.glb
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any, Final

import bpy

from ...backend.contract.failure import Failure
from ...backend.contract.output_settings import MOTION_CHOICES, SceneSettings
from .export import export
from .of_track import import_alone
from .presets import PRESETS

COMMAND: Final = "flame_export"
_registered: list[Any] = []


def run(arguments: list[str]) -> int:
    """Import a track into an empty scene and write it; return the exit status.

    What went wrong is said on standard error in one sentence, what the target does not carry likewise.
    """
    options = _parser().parse_args(arguments)
    path = options.out.absolute()
    ending = PRESETS[options.target].ending
    if path.suffix.lower() != ending:
        return _refuse(f"A file for {PRESETS[options.target].label} ends with {ending}, not '{path.suffix}'.")
    settings = SceneSettings(motion=options.motion, form="rig" if options.rig else "keys")
    imported = import_alone(options.track, settings)
    if isinstance(imported, Failure):
        return _refuse(str(imported))
    written = export(bpy.context, options.target, imported.parts, path)
    if isinstance(written, Failure):
        return _refuse(str(written))
    for notice in written.notices:
        print(f"Note: {notice.sentence} {notice.advice}", file=sys.stderr)
    first, last = written.frames
    print(f"{path}: frames {first} to {last}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"blender --command {COMMAND}", description="Write a track for a program.")
    parser.add_argument("track", type=Path, metavar="TRACK.npz")
    parser.add_argument("--target", choices=tuple(PRESETS), required=True, help="what the file is for")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="file to write")
    parser.add_argument("--motion", choices=tuple(MOTION_CHOICES), default="head", help="what moves (default: head)")
    parser.add_argument("--rig", action="store_true", help="the head as bones and named shape keys, as Unreal needs it")
    return parser


def _refuse(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return 1


CLASSES: Final = ()


def register() -> None:
    """Make the command known to Blender."""
    _registered.append(bpy.utils.register_cli_command(COMMAND, run))


def unregister() -> None:
    """Take it back."""
    while _registered:
        bpy.utils.unregister_cli_command(_registered.pop())
