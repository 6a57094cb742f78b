"""``image PHOTO [PHOTO ...] --out DIR``: a head from one or several photographs of one person."""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from ..contract.failure import Failure
from ..contract.job import Job, Stage
from ..contract.options import joined_paths
from ..contract.settings import PhotographSettings, PortraitSettings
from ..run.engine import EXIT_FAILED, EXIT_USAGE
from ..run.runner import Finished
from .console import clock
from .flags import HelpFormatter, add_flags, path_argument, settings_of
from .session import add_common_flags, execute_in, open_session

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
        help="Picture, or a folder of pictures; all of them show the same person",
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
    path = joined_paths(map(str, parsed.photos))
    with open_session(parsed) as session:
        if isinstance(session, Failure):
            return EXIT_FAILED
        with session.cache.work(
            "copies", hashlib.sha256(path.encode("utf-8", "surrogateescape")).hexdigest()[:32]
        ) as copies:
            photographs = PhotographSettings(path=path, folder=str(copies))
            job = portrait_job({**settings, "photographs": photographs}, parsed.out)
            return execute_in(session, job, parsed, _closing_words)


def portrait_job(settings: Mapping[str, Any], out: Path) -> Job:
    """Return the job that fits one head to photographs and writes a folder for each.

    Args:
        settings: Kind -> settings: photographs, face, landmarks, head, camera and fit count.
        out: Folder of the results.
    """
    settings = {**settings, "portraits": PortraitSettings(folder=str(out.absolute()))}
    photographs = {"video": "photographs"}
    inputs = {
        "head": {},
        "photographs": {},
        "face": {},
        "landmarks": {**photographs, "face": "face"},
        "camera": photographs,
        "fit": {"landmarks": "landmarks", "head": "head", "camera": "camera"},
        "portraits": {**photographs, "fit": "fit", "head": "head"},
    }
    return Job(tuple(Stage(kind, kind, settings[kind], links) for kind, links in inputs.items()))


def _closing_words(result: Finished) -> str:
    folders = "".join(f"  {folder}\n" for folder in dict.fromkeys(path.parent for path in result.files.values()))
    return f"Done in {clock(result.seconds, tenths=True)}.\n{folders}"
