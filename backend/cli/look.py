"""``look VIDEO``: what a video is and who is in it, in a few seconds, before anything is tracked."""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from ..contract.events import Emit, error_event
from ..contract.failure import Failure
from ..contract.options import from_dict
from ..contract.settings import VideoSettings
from ..contract.targets import TargetRefused, Targets
from ..data.context import Cancelled, Context
from ..run.engine import EXIT_FAILED, guarded
from ..run.runner import Stopped
from .console import clock, table
from .flags import path_argument
from .session import Session, add_common_flags, exit_code, open_session
from .streams import written_out

STAGE: Final = "look"


def parser() -> argparse.ArgumentParser:
    """Return the parser."""
    result = argparse.ArgumentParser(
        prog="python -m backend look",
        description="Look at a few frames of a video: its size, rate and length, and the faces in it.",
        allow_abbrev=False,
    )
    result.add_argument("video", metavar="VIDEO", help="Video file, or the first file of an image sequence")
    result.add_argument(
        "--out",
        type=path_argument,
        metavar="DIR",
        help="Folder for thumbnails of the video and of each face (default: none)",
    )
    result.add_argument("--first-frame", type=int, default=0, metavar="N", help="First frame, counted from 0")
    result.add_argument("--last-frame", type=int, default=-1, metavar="N", help="Last frame; -1 is the end")
    result.add_argument(
        "--sequence-rate", type=float, default=25.0, metavar="RATE", help="Rate of an image sequence (default 25)"
    )
    add_common_flags(result)
    return result


def main(arguments: Sequence[str]) -> int:
    """Run the command."""
    parsed = parser().parse_args(arguments)
    with open_session(parsed) as session:
        if isinstance(session, Failure):
            return EXIT_FAILED
        result = guarded(lambda emit: _look(parsed, session, emit), session.emit, session.log)
        if not parsed.events and isinstance(result, dict):
            session.streams.output.write(_words(result))
            if not written_out(session.streams.output, session.streams.error):
                return EXIT_FAILED
        return exit_code(result, session.stop)


def _look(parsed: argparse.Namespace, session: Session, emit: Emit) -> dict[str, Any] | Failure | Stopped:
    from ..quick_look.overview import overview_of  # what reads videos and finds faces takes half a second to load

    started = time.perf_counter()
    settings = _settings(parsed)
    if isinstance(settings, Failure):
        emit(error_event(settings, STAGE))
        return settings
    keeps_files = parsed.out is not None
    folder = parsed.out.absolute() if keeps_files else Path(tempfile.mkdtemp(prefix="flame-look-"))
    emit({"event": "job", "stages": [{"name": STAGE, "kind": STAGE, "label": "Look"}]})
    try:
        targets = Targets(parsed.overwrite, (Path(settings.path),), session.cache.wrote)
        overview = overview_of(
            settings, folder, Context(STAGE, emit, session.stop.asked, folder, parsed.models, targets=targets)
        )
    except Cancelled:
        emit({"event": "cancelled"})
        return Stopped()
    except TargetRefused as refused:
        overview = refused.failure
    except OSError as error:
        overview = Failure(
            "output-not-written",
            f"A thumbnail could not be written to {folder}: {error.strerror or error}.",
            "Choose a folder with free space that you may write to.",
        )
    finally:
        if not keeps_files:
            shutil.rmtree(folder, ignore_errors=True)
    if isinstance(overview, Failure):
        emit(error_event(overview, STAGE))
        return overview
    outputs = {name: str(path) for name, path in overview.files.items()} if keeps_files else {}
    faces = [face if keeps_files else {**face, "picture": ""} for face in overview.faces]
    done = {
        "event": "done",
        "outputs": outputs,
        "video": overview.video,
        "faces": faces,
        "seconds": round(time.perf_counter() - started, 3),
    }
    emit(done)
    return done


def _settings(parsed: argparse.Namespace) -> VideoSettings | Failure:
    """Return what the arguments say of the video."""
    names = ("first_frame", "last_frame", "sequence_rate")
    values = {"path": parsed.video, **{name: getattr(parsed, name) for name in names}}
    settings = from_dict(VideoSettings, values, "Video")
    if isinstance(settings, Failure) or not settings.path.strip():
        return settings
    return replace(settings, path=str(Path(settings.path).expanduser().absolute()))


def _words(done: dict[str, Any]) -> str:
    video = done["video"]
    lines = [
        f"{video['name']}: {video['width']}×{video['height']}, {video['rate']:.5g} frames/s, "  # noqa: RUF001
        f"{video['frames']} frames, {clock(video['duration'], tenths=True)}, {video['codec']}",
    ]
    if not done["faces"]:
        lines.append("No face was found in the frames that were checked.")
    else:
        rows = [("face", "seen", "width", "position", "frame", "options for track")]
        for face in done["faces"]:
            x, y = face["point"]
            flags = f"--face-point-x {x:g} --face-point-y {y:g} --face-point-frame {face['frame']}"
            position = f"{100 * x:.0f} % from left, {100 * y:.0f} % from top"
            share, width = f"{100 * face['share']:.0f} %", f"{face['box'][2] * video['width']:.0f} px"
            rows.append((str(face["number"]), share, width, position, str(face["frame"]), flags))
        lines += table(rows)
    lines += [f"{name:<12} {path}" for name, path in done["outputs"].items()]
    return "\n".join(lines) + "\n"
