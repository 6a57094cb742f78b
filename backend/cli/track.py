"""``track VIDEO --out DIR``: the whole way from a video to a track file, overlay, contact sheet and report."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path

from ..contract.failure import Failure
from ..contract.job import ADDED, STAGES, default_job
from ..contract.portable import job_text
from ..contract.targets import TargetRefused, Targets
from ..engine import EXIT_DONE, EXIT_FAILED, EXIT_USAGE
from .flags import HelpFormatter, add_flags, path_argument, settings_of
from .session import add_common_flags, execute
from .summary import closing_words


def parser() -> argparse.ArgumentParser:
    """Return the parser, its flags made from the settings."""
    result = argparse.ArgumentParser(
        prog="python -m backend track",
        usage="python -m backend track VIDEO --out DIR [options]",
        description="Track the face in a video. Writes track.npz, overlay.mp4, sheet.png, report.json and report.png.",
        epilog="Work that is done is kept: with changed options only what depends on them is done again, and a run "
        "that was stopped goes on where it was.",
        allow_abbrev=False,
        formatter_class=HelpFormatter,
    )
    result.add_argument("video", metavar="VIDEO", help="Video file, or the first file of an image sequence")
    result.add_argument("--out", type=path_argument, required=True, metavar="DIR", help="Folder for the results")
    result.add_argument(
        "--write-job", type=path_argument, metavar="FILE", help="Write the job for 'run' instead of running it"
    )
    result.add_argument(
        "--add",
        action="append",
        choices=ADDED,
        default=[],
        help="A stage that is left out otherwise, as it takes time or writes what few need",
    )
    add_common_flags(result)
    add_flags(result)
    return result


def main(arguments: Sequence[str]) -> int:
    """Run the command."""
    parsed = parser().parse_args(arguments)
    given = {
        ("video", "path"): str(Path(parsed.video).absolute()),
        ("track", "path"): str(parsed.out.absolute() / "track.npz"),
    }
    settings = settings_of(parsed, given)
    if isinstance(settings, Failure):
        sys.stderr.write(f"{settings}\n")
        return EXIT_USAGE
    changed = {kind for kind in ADDED if settings[kind] != STAGES[kind].settings()}
    if changed - set(parsed.add):
        first = min(changed - set(parsed.add))
        sys.stderr.write(
            f"A flag of '{STAGES[first].label}' was given, but that stage is left out. Add --add {first}.\n"
        )
        return EXIT_USAGE
    job = default_job(settings, parsed.add)
    if parsed.write_job is None:
        return execute(job, parsed, closing_words)
    job = dataclasses.replace(job, overwrite=parsed.overwrite)
    try:
        text = job_text(job, parsed.write_job.absolute().parent)
        targets = Targets(parsed.overwrite, (Path(parsed.video),))
        targets.write(parsed.write_job, lambda beside: beside.write_text(text + "\n", "utf-8"))
    except TargetRefused as refused:
        sys.stderr.write(f"{refused.failure}\n")
        return EXIT_FAILED
    except OSError as error:
        sys.stderr.write(f"The job could not be written to {parsed.write_job}: {error.strerror or error}.\n")
        return EXIT_FAILED
    return EXIT_DONE
