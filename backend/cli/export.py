"""``export FILE --out DIR``: a finished track, or a performance of a phone, in other programs' formats."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from ..contract.failure import Failure, Notice
from ..contract.foreign_text import shown
from ..contract.options import options_of
from ..contract.output_settings import PERFORMANCE_FORMATS, SCENE_FORMATS, ExportSettings
from ..contract.performance.formats.writing import Take
from ..contract.targets import TargetRefused, Targets
from ..contract.track import read_track
from ..export.folders import folder_problem
from ..export.performances import write_performances
from ..export.scenes import write_scenes
from ..run.engine import EXIT_CANCELLED, EXIT_DONE, EXIT_FAILED, EXIT_USAGE
from ..system.writable import not_writable, writable_problem
from .calibration import add_calibration_flags, calibrated_take
from .flags import HelpFormatter, path_argument
from .performances import SOURCE, TRACK_ENDING, clip_name, footage_of, take_in, tell

FORMATS: Final = (*PERFORMANCE_FORMATS, *SCENE_FORMATS)
MOTION: Final = "What moves in the files by Blender (default head)"


def parser() -> argparse.ArgumentParser:
    """Return the parser; the formats are those of the node Export that need no pictures."""
    result = argparse.ArgumentParser(
        prog="python -m backend export",
        usage="python -m backend export FILE --out DIR --live-link [--metahuman] [--vrma] [--camera] [--gltf] ...",
        description="Write a finished track, or a performance that a phone recorded, for other programs. Nothing is "
        "tracked again.",
        allow_abbrev=False,
        formatter_class=HelpFormatter,
    )
    result.add_argument("file", type=path_argument, metavar="FILE", help=SOURCE)
    result.add_argument("--out", type=path_argument, required=True, metavar="DIR", help="Folder for a folder of each")
    options = {option.name: option for option in options_of(ExportSettings)}
    for name in (*FORMATS, "rig"):
        result.add_argument(f"--{name.replace('_', '-')}", action="store_true", help=options[name].help)
    motion = options["motion"]
    result.add_argument("--motion", choices=tuple(motion.choices or ()), default=motion.default, help=MOTION)
    result.add_argument("--blender", default="", metavar="FILE", help=options["blender"].help)
    add_calibration_flags(result)
    result.add_argument("--slate", default="", help="Name of what was filmed (default: the clip's)")
    result.add_argument("--take", type=_take_number, default=1, metavar="N", help="Number of the take (default 1)")
    result.add_argument("--subject", default="", help="Whose face it is (default Face, or Face1 ... among several)")
    result.add_argument(
        "--overwrite", action="store_true", help="Replace folders of these names that this program did not write"
    )
    return result


def _take_number(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or len(text) > 6 or int(text) < 1:
        raise argparse.ArgumentTypeError(f"'{shown(text)}' is not the number of a take")
    return int(text)


def main(arguments: Sequence[str]) -> int:
    """Run the command."""
    parsed = parser().parse_args(arguments)
    formats = [name for name in FORMATS if getattr(parsed, name)]
    if not formats:
        flags = ", ".join(f"--{name.replace('_', '-')}" for name in FORMATS)
        sys.stderr.write(f"No format is chosen. Add at least one of {flags}.\n")
        return EXIT_USAGE
    # Ended from outside, it takes Blender and what is half-made with it.
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    try:
        written = _export(parsed, parsed.out.absolute(), formats, Targets(parsed.overwrite, (parsed.file,)))
    except KeyboardInterrupt:
        sys.stderr.write("Cancelled.\n")
        return EXIT_CANCELLED
    if isinstance(written, Failure):
        sys.stderr.write(f"{written}\n")
        return EXIT_FAILED
    for folder in written.values():
        sys.stdout.write(f"{folder}\n")
    return EXIT_DONE


def _export(parsed: argparse.Namespace, out: Path, formats: list[str], targets: Targets) -> dict[str, Path] | Failure:
    performances = [name for name in formats if name in PERFORMANCE_FORMATS]
    scenes = [name for name in formats if name in SCENE_FORMATS]
    take = _named_take(parsed, performances) if performances else None
    if isinstance(take, Failure):
        return take
    folders = {name: out / name for name in formats}
    taken = None if targets.overwrite else next(filter(None, map(folder_problem, folders.values())), None)
    problem = writable_problem(out) or taken
    if problem is not None:
        return problem
    try:
        # Blender first: it is more likely to fail, and then nothing is written.
        written = _write_scenes(parsed, scenes, folders, targets) if scenes else {}
        if isinstance(written, Failure) or take is None:
            return written
        others = _write_take(parsed.file, take, performances, folders, targets)
        return others if isinstance(others, Failure) else {**others, **written}
    except TargetRefused as refused:
        return refused.failure
    except OSError as error:
        return not_writable(out, error)


def _named_take(parsed: argparse.Namespace, formats: list[str]) -> Take | Failure:
    take = take_in(parsed.file, formats)
    take = take if isinstance(take, Failure) else calibrated_take(take, parsed)
    if isinstance(take, Failure):
        return take
    name = take.name
    named = replace(name, slate=parsed.slate or name.slate, take=parsed.take, subject=parsed.subject or name.subject)
    return replace(take, name=named)


def _write_take(
    file: Path, take: Take, formats: list[str], folders: dict[str, Path], targets: Targets
) -> dict[str, Path] | Failure:
    footage = footage_of(file, take.track)
    if take.track is not None and footage is None and "live_link" in formats:
        name = shown(take.track.header["video"].get("name", ""))
        tell(Notice("export-no-footage", f"The footage '{name}' is not where the track says, so its sound is missing."))
    return write_performances(take, formats, folders, footage, targets, tell)


def _write_scenes(
    parsed: argparse.Namespace, formats: list[str], folders: dict[str, Path], targets: Targets
) -> dict[str, Path] | Failure:
    if parsed.file.suffix.lower() != TRACK_ENDING:
        return Failure("export-no-head", "Only a track has a head and a camera.", "Choose a track file (.npz).")
    track = read_track(parsed.file)
    if isinstance(track, Failure):
        return track
    settings = replace(
        ExportSettings(motion=parsed.motion, rig=parsed.rig, blender=parsed.blender), **dict.fromkeys(formats, True)
    )
    clip = parsed.slate or clip_name(track, parsed.file)
    return write_scenes(parsed.file, clip, settings, folders, targets, tell, _say_progress)


def _say_progress(done: int, total: int) -> None:
    if done:
        sys.stderr.write(f"Blender has written {done} of {total}.\n")
