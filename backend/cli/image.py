"""``image PHOTO [PHOTO ...] --out DIR``: a head from one or several photographs of one person."""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from ..contract.failure import Failure
from ..engine import EXIT_DONE, EXIT_FAILED, EXIT_USAGE, Lines, Stop, hello, own_streams
from .console import Console, clock
from .flags import HelpFormatter, add_flags, settings_of
from .session import MODELS

KINDS: Final = ("face", "landmarks", "head", "camera", "fit")
"""Stages whose settings count for photographs too."""
_OF_CLIPS: Final = frozenset(
    {
        ("face", "point_frame"),
        ("landmarks", "quality"),
        ("landmarks", "find_cuts"),
        ("landmarks", "threads"),
        ("fit", "smoothness"),
        ("fit", "longest_gap"),
        ("fit", "key_frames"),
    }
)
"""Settings of theirs that count where pictures follow each other; photographs always get the best quality."""


def parser() -> argparse.ArgumentParser:
    """Return the parser, its flags made from the settings."""
    result = argparse.ArgumentParser(
        prog="python -m backend image",
        usage="python -m backend image PHOTO [PHOTO ...] --out DIR [options]",
        description="Fit a head to photographs of one person. Writes, in a folder for each photograph, head.obj with"
        " its texture, track.npz for Blender, overlay.png, aligned.png, parsing.png and photo.json.",
        allow_abbrev=False,
        formatter_class=HelpFormatter,
    )
    result.add_argument("photos", metavar="PHOTO", type=Path, nargs="+", help="Picture; several of one person share it")
    result.add_argument("--out", type=Path, required=True, metavar="DIR", help="Folder for the results")
    result.add_argument("--models", type=Path, default=MODELS, metavar="DIR", help="Folder of model files")
    result.add_argument("--events", action="store_true", help="Write one JSON object per line instead of words")
    add_flags(result, KINDS, _OF_CLIPS)
    return result


def main(arguments: Sequence[str]) -> int:
    """Run the command."""
    parsed = parser().parse_args(arguments)
    settings = settings_of(parsed, {("landmarks", "quality"): "best"})
    if isinstance(settings, Failure):
        sys.stderr.write(f"{settings}\n")
        return EXIT_USAGE
    started = time.perf_counter()
    with contextlib.ExitStack() as stack:
        streams = stack.enter_context(own_streams(None))
        if parsed.events:
            lines = Lines(streams.output, Stop())
            emit: Callable[[Mapping[str, Any]], None] = lines.emit
            emit(hello())
        else:
            emit = Console(streams.error).emit
        from ..photo.session import run_photos

        with tempfile.TemporaryDirectory() as work:
            result = run_photos(parsed.photos, parsed.out, parsed.models, settings, emit, Path(work))
        seconds = time.perf_counter() - started
        if isinstance(result, Failure):
            error = {"code": result.code, "sentence": result.sentence, "advice": result.advice}
            emit({"event": "error", "name": "", **error})
            return EXIT_FAILED
        emit({"event": "done", "outputs": {name: str(path) for name, path in result.items()}, "seconds": seconds})
        if not parsed.events:
            folders = "".join(f"  {folder}\n" for folder in dict.fromkeys(path.parent for path in result.values()))
            streams.error.write(f"Done in {clock(seconds, tenths=True)}.\n{folders}")
    return EXIT_DONE
