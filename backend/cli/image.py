"""``image PHOTO [PHOTO ...] --out DIR``: a head from one or several photographs of one person."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from ..contract.events import Emit, error_event
from ..contract.failure import Failure
from ..contract.targets import TargetRefused, Targets
from ..data.context import Cancelled, Context
from ..run.engine import EXIT_FAILED, EXIT_USAGE, guarded
from ..run.runner import Stopped
from .console import clock
from .flags import HelpFormatter, add_flags, path_argument, settings_of
from .session import Conversation, add_common_flags, conversation, exit_code

STAGE: Final = "image"
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
        " its texture, track.npz for Blender, overlay.png, rendered.png, aligned.png, parsing.png and photo.json.",
        allow_abbrev=False,
        formatter_class=HelpFormatter,
    )
    result.add_argument(
        "photos",
        metavar="PHOTO",
        type=path_argument,
        nargs="+",
        help="Picture, or a folder of them; several show one person",
    )
    result.add_argument("--out", type=path_argument, required=True, metavar="DIR", help="Folder for the results")
    add_common_flags(result)
    add_flags(result, KINDS, _OF_CLIPS)
    return result


def main(arguments: Sequence[str]) -> int:
    """Run the command."""
    parsed = parser().parse_args(arguments)
    settings = settings_of(parsed, {("landmarks", "quality"): "best"})
    if isinstance(settings, Failure):
        sys.stderr.write(f"{settings}\n")
        return EXIT_USAGE
    with conversation(parsed) as talk:
        if isinstance(talk, Failure):
            return EXIT_FAILED
        result = guarded(lambda emit: _run(parsed, settings, talk, emit), talk.emit, talk.log)
        if not isinstance(result, (Failure, Stopped)) and not parsed.events:
            talk.streams.error.write(result)
        return exit_code(result, talk.stop)


def _run(
    parsed: argparse.Namespace, settings: Mapping[str, Any], talk: Conversation, emit: Emit
) -> str | Stopped | Failure:
    """Return the closing words; what happens on the way, and how it ends, is told as events."""
    from .photo_session import run_photos

    started = time.perf_counter()
    try:
        with tempfile.TemporaryDirectory() as work:
            targets = Targets(parsed.overwrite, tuple(parsed.photos), talk.cache.wrote)
            context = Context(STAGE, emit, talk.stop.asked, Path(work), parsed.models, targets=targets)
            result = run_photos(parsed.photos, parsed.out, settings, context)
    except Cancelled:
        emit({"event": "cancelled"})
        return Stopped()
    except TargetRefused as refused:
        result = refused.failure
    except OSError as error:
        sentence = f"A result could not be written to {parsed.out}: {error.strerror or error}."
        result = Failure("output-not-written", sentence, "Choose a folder with free space that you may write to.")
    if isinstance(result, Failure):
        emit(error_event(result))
        return result
    seconds = time.perf_counter() - started
    outputs = {name: str(path) for name, path in result.items()}
    emit({"event": "done", "outputs": outputs, "seconds": round(seconds, 3)})
    folders = "".join(f"  {folder}\n" for folder in dict.fromkeys(path.parent for path in result.values()))
    return f"Done in {clock(seconds, tenths=True)}.\n{folders}"
