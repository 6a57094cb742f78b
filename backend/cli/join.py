"""``join BASE PART --out TRACK``: frames that were solved again take the place of those of a track."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ..contract.correction_settings import BLEND_FRAMES
from ..contract.corrections.joining import joined_tracks
from ..contract.failure import Failure
from ..contract.portable import portable_header, stated_file
from ..contract.targets import Targets
from ..contract.track import Track, read_track, write_track
from ..run.engine import EXIT_DONE, EXIT_FAILED
from .flags import HelpFormatter, path_argument


def parser() -> argparse.ArgumentParser:
    """Return the parser."""
    result = argparse.ArgumentParser(
        prog="python -m backend join",
        usage="python -m backend join BASE PART --out TRACK [--blend N] [--overwrite]",
        description="Join tracks of one clip: the frames of PART, a range that was tracked again, take the place of "
        "those of BASE, without a step at its ends. Face shape, lens and light stay those of BASE.",
        allow_abbrev=False,
        formatter_class=HelpFormatter,
    )
    result.add_argument("base", type=path_argument, metavar="BASE", help="Track file (.npz)")
    result.add_argument("part", type=path_argument, metavar="PART", help="Track file of some frames of the same clip")
    result.add_argument("--out", type=path_argument, required=True, metavar="TRACK", help="Track file to write (.npz)")
    result.add_argument(
        "--blend",
        type=_frames,
        default=BLEND_FRAMES,
        metavar="N",
        help=f"Frames at both ends over which the new motion takes over (default {BLEND_FRAMES})",
    )
    result.add_argument("--overwrite", action="store_true", help="Replace TRACK even if this program did not write it")
    return result


def _frames(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or len(text) > 4:
        raise argparse.ArgumentTypeError("it must be a whole number of frames from 0 to 9999")
    return int(text)


def main(arguments: Sequence[str]) -> int:
    """Run the command."""
    parsed = parser().parse_args(arguments)
    joined = _joined(parsed.base, parsed.part, parsed.blend)
    if not isinstance(joined, Failure):
        out, targets = parsed.out.absolute(), Targets(parsed.overwrite, (parsed.base, parsed.part))
        problem = write_track(out, _seen_from(joined, parsed.base, out.parent), targets)
        joined = problem or joined
    if isinstance(joined, Failure):
        sys.stderr.write(f"{joined}\n")
        return EXIT_FAILED
    sys.stdout.write(f"{parsed.out}\n")
    return EXIT_DONE


def _joined(base: Path, part: Path, blend: int) -> Track | Failure:
    whole, again = read_track(base), read_track(part)
    if isinstance(whole, Failure):
        return whole
    return again if isinstance(again, Failure) else joined_tracks(whole, again, blend)


def _seen_from(track: Track, base: Path, folder: Path) -> Track:
    """Return a track that names its footage as seen from another folder."""
    video = dict(track.header["video"])
    footage = stated_file(str(video.get("path") or ""), base.absolute().parent)
    if footage is not None:
        video["path"] = str(footage)
    return replace(track, header=portable_header({**track.header, "video": video}, folder))
