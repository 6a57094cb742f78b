"""``track VIDEO --out DIR``: the whole way from a video to a track file, overlay, contact sheet and report."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..contract.failure import Failure
from ..contract.job import ON_REQUEST, STAGES, default_job
from ..contract.portable import job_text
from ..contract.settings import FaceSettings
from ..contract.targets import TargetRefused, Targets
from ..run.engine import EXIT_DONE, EXIT_FAILED, EXIT_USAGE
from ..run.everyone import everyone_after_the_first, job_of_face
from .flags import SHARED, HelpFormatter, add_flags, path_argument, settings_of
from .session import Session, add_common_flags, execute, execute_in, open_session
from .summary import closing_words


def parser() -> argparse.ArgumentParser:
    """Return the parser, its flags made from the settings."""
    result = argparse.ArgumentParser(
        prog="python -m backend track",
        usage="python -m backend track VIDEO --out DIR [options]",
        description="Track the face in a video. Writes track.npz, overlay.mp4, sheet.png, report.json and report.png.",
        epilog="Finished work is kept: after a change of options only what depends on them is done again, and a run "
        "that was stopped continues where it was.",
        allow_abbrev=False,
        formatter_class=HelpFormatter,
    )
    result.add_argument("video", metavar="VIDEO", help="Video file, or the first file of an image sequence")
    result.add_argument("--out", type=path_argument, required=True, metavar="DIR", help="Folder for the results")
    result.add_argument(
        "--write-job", type=path_argument, metavar="FILE", help="Write the job for 'run' instead of running it"
    )
    add_stage_flag(result)
    result.add_argument(
        "--all-faces",
        action="store_true",
        help="Track everyone in the video, one after the other, with one lens: results in DIR/face1, DIR/face2 ...",
    )
    add_common_flags(result)
    add_flags(result)
    return result


def add_stage_flag(parser: argparse.ArgumentParser) -> None:
    """Add the flag for stages that are left out by default."""
    parser.add_argument(
        "--add",
        action="append",
        choices=ON_REQUEST,
        default=[],
        help="Stage to include that is left out by default, as it takes time or few need its files",
    )


def checked_settings(parsed: argparse.Namespace, given: Mapping[tuple[str, str], Any]) -> dict[str, Any] | Failure:
    """Return kind -> settings as `settings_of` does; options of a stage that is not in the run are refused."""
    settings = settings_of(parsed, given)
    if isinstance(settings, Failure):
        return settings
    settings = _without_shared(settings, parsed.add)
    changed = {kind for kind in ON_REQUEST if settings[kind] != STAGES[kind].settings()}
    if changed - set(parsed.add):
        first = min(changed - set(parsed.add))
        sentence = f"An option of '{STAGES[first].label}' was given, but that stage is not in the run."
        return Failure("stage-not-added", sentence, f"Add --add {first}.")
    return settings


def main(arguments: Sequence[str]) -> int:
    """Run the command."""
    parsed = parser().parse_args(arguments)
    given = {
        ("video", "path"): str(Path(parsed.video).absolute()),
        ("track", "path"): str(parsed.out.absolute() / "track.npz"),
    }
    settings = checked_settings(parsed, given)
    if isinstance(settings, Failure):
        sys.stderr.write(f"{settings}\n")
        return EXIT_USAGE
    if parsed.all_faces:
        return _track_everyone(settings, parsed)
    job = default_job(settings, parsed.add)
    if parsed.write_job is None:
        return execute(job, parsed, closing_words)
    job = dataclasses.replace(job, overwrite=parsed.overwrite)
    try:
        text = job_text(job, parsed.write_job.absolute().parent)
        targets = Targets(parsed.overwrite, (Path(parsed.video),))
        targets.write(parsed.write_job, lambda partial: partial.write_text(text + "\n", "utf-8"))
    except TargetRefused as refused:
        sys.stderr.write(f"{refused.failure}\n")
        return EXIT_FAILED
    except OSError as error:
        sys.stderr.write(f"The job could not be written to {parsed.write_job}: {error.strerror or error}.\n")
        return EXIT_FAILED
    return EXIT_DONE


def _without_shared(settings: Mapping[str, Any], added: Collection[str]) -> dict[str, Any]:
    """Return the settings without those of stages left out that came by the flag of one that is in the run."""
    result = dict(settings)
    for pair in SHARED.items():
        kinds = {kind for kind, _ in pair}
        if kinds & set(added):
            for kind, name in pair:
                if kind not in added:
                    plain = getattr(STAGES[kind].settings(), name)
                    result[kind] = dataclasses.replace(result[kind], **{name: plain})
    return result


def _track_everyone(settings: Mapping[str, Any], parsed: argparse.Namespace) -> int:
    """Track everyone: the first run tells how many there are, and finds the lens that the others take over."""
    if parsed.write_job is not None or settings["face"] != FaceSettings():
        sys.stderr.write("--all-faces tracks everyone: leave out --write-job and the options that choose a face.\n")
        return EXIT_USAGE
    with open_session(parsed) as session:
        return EXIT_FAILED if isinstance(session, Failure) else _track_each(session, settings, parsed)


def _track_each(session: Session, settings: Mapping[str, Any], parsed: argparse.Namespace) -> int:
    worst, number, people = EXIT_DONE, 0, 1
    while number < people:
        job = job_of_face(settings, parsed.add, parsed.out.absolute(), number)
        code = execute_in(session, job, parsed, closing_words)
        worst = max(worst, code)
        if code not in (EXIT_DONE, EXIT_FAILED) or (code != EXIT_DONE and number == 0):
            return code
        if number == 0:
            people, settings = everyone_after_the_first(settings, parsed.out.absolute())
        number += 1
    return worst
