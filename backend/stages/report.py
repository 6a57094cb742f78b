"""Stage Report: numbers, curves, contact sheet, footage for Blender and overlay, each written beside and renamed."""

from __future__ import annotations

import errno
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import numpy as np

from ..contract.arrays import Picture
from ..contract.failure import Failure, Notice
from ..contract.footage import copies
from ..contract.outputs import OVERLAY, PLOT, REPORT, SHEET
from ..contract.quality import quality_of
from ..contract.ranges import flagged
from ..contract.settings import ReportSettings
from ..contract.track import Track
from ..data.context import Context
from ..data.stage_code import StageCode, shortened
from ..data.types import ReportFiles, TrackFile, Video
from ..system.writable import writable_problem

LONGEST_NAME: Final = 32


def check(settings: ReportSettings) -> Failure | None:
    """Refuse a folder that cannot be written to before any work is done."""
    return writable_problem(Path(settings.folder).expanduser()) if settings.folder else None


def load(files: Mapping[str, Path]) -> ReportFiles:
    """Return the files that an earlier run wrote."""
    return ReportFiles(dict(files))


def run(track: TrackFile, video: Video, settings: ReportSettings, context: Context) -> ReportFiles | Failure:
    """Write what the settings ask for and is not there yet."""
    folder = Path(settings.folder).expanduser().absolute() if settings.folder else track.path.parent
    problem = writable_problem(folder)
    if problem is not None:
        return problem
    folder.mkdir(parents=True, exist_ok=True)
    files: dict[str, Path] = {}
    if settings.report:
        files["report"], files["plot"] = folder / REPORT, folder / PLOT
        both = (files["report"], files["plot"])
        context.write_once(both, {}, lambda: _numbers(*both, track.track, context))
    if settings.sheet:
        files["sheet"] = folder / SHEET
        context.write_once([files["sheet"]], {}, lambda: _sheet(files["sheet"], track.track, video, context))
    plate = _plate(track.path.parent, video, context) if settings.plate else None
    if plate is not None:
        files["plate"] = plate
    if settings.overlay:
        path, height = folder / OVERLAY, settings.overlay_height
        files["overlay"] = path
        context.write_once([path], {"height": height}, lambda: _overlay(path, track.track, video, height, context))
    return ReportFiles(files)


def summary(output: ReportFiles, _settings: ReportSettings) -> str:
    """What was written."""
    names = {"plate": "footage", "plot": "curves"}
    words = ", ".join(names.get(name, name) for name in output.files)
    return shortened(words) if words else "nothing written"


def _numbers(path: Path, plot: Path, track: Track, context: Context) -> None:
    from ..report.measures import measure
    from ..report.numbers import report_of
    from ..report.plot import write_plot

    measures = measure(track)
    context.check()
    flags = flagged(quality_of(track))
    report = report_of(track, measures, flags)
    text = json.dumps(report, indent=1, allow_nan=False)
    title, facts = _title(track), _facts(report)
    context.targets.write(
        plot, lambda partial: write_plot(partial, track, measures, flags, title, facts, context.check)
    )
    context.targets.write(path, lambda partial: partial.write_text(text, "utf-8"))


def _sheet(path: Path, track: Track, video: Video, context: Context) -> Path:
    from ..report.sheet import sheet_frames, write_sheet
    from ..video.reader import read_frames

    pictures = context.checked(read_frames(video, sheet_frames(track)))
    return context.targets.write(path, lambda partial: write_sheet(partial, track, pictures, _title(track)))


def _overlay(path: Path, track: Track, video: Video, height: int, context: Context) -> Path:
    from ..report.overlay import write_overlay
    from ..video.reader import read_frames

    drawn = 0

    def pictures() -> Iterator[tuple[int, Picture]]:
        nonlocal drawn
        for position, picture in read_frames(video):
            drawn += 1
            yield position, picture
        if drawn == 0:
            why = "none of its frames can be decoded any more, as memory is short or the file has changed"
            raise OSError(errno.EIO, why, str(video.path))

    context.targets.write(path, lambda partial: write_overlay(partial, track, pictures(), height, context, video.path))
    lost = len(track) - drawn - int(np.isin(video.frame_index, video.metadata.get("missing_pictures", [])).sum())
    if lost > 0:
        sentence = f"{lost} frames of {video.path.name} could not be read again and are missing from the overlay."
        context.notice(Notice("overlay-incomplete", sentence))
    return path


def _plate(folder: Path, video: Video, context: Context) -> Path | None:
    """Copy the footage to beside the track, where the importer looks for it; None where no copy is needed or made."""
    from ..report.plate import copied_video, write_plate
    from ..video.reader import read_frame

    copy_paths = copies(folder / video.path.name, video.metadata)
    if not copy_paths:
        return None
    existing = next((path for path in copy_paths if path.exists()), None)
    copied = None if existing is None else copied_video(existing)
    if existing is not None and copied is None:
        sentence = (
            f"{existing.name} was already next to the track and was left unchanged; Blender will show it as footage."
        )
        advice = f"If it is not a copy of {video.path.name}, move it away and track again."
        context.notice(Notice("plate-kept", sentence, advice))
        return None
    if existing is not None and copied == video.sha256:
        return existing
    if read_frame(video, 0) is None:
        context.notice(
            Notice("plate-not-written", f"{video.path.name} could not be read again to copy it for Blender.")
        )
        return None
    return context.targets.write(copy_paths[0], lambda partial: write_plate(partial, video, context))


def _title(track: Track) -> str:
    return Path(track.header["video"].get("name", "")).stem or "Track"


def _facts(report: dict) -> str:
    summary = report["summary"]
    frames, error, focal = summary["frames"], summary["reprojection_error"], summary["focal"]
    words = [f"{frames['tracked']} of {frames['total']} frames tracked"]
    words += [f"{frames[name]} {name}" for name in ("interpolated", "missing") if frames[name]]
    if error["median_px"] is not None:
        words.append(
            f"error {error['median_px']:.2f} px = {error['median_percent_of_eye_distance']:.2f} % of the eye distance"
        )
    spread = f" ± {focal['uncertainty_percent']:.0f} %" if focal["uncertainty_percent"] else ""
    doubt = "" if focal["observable"] else ", not determined by this clip"
    if focal["cameras"]:
        doubt += f", like that of {next(iter(focal['cameras']))}"
    words.append(f"focal length {focal['pixels']:.0f} px{spread} ({focal['source']}{doubt})")
    name = str(report["model"].get("name", ""))
    words.append(name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…")
    return "   ·   ".join(words)


CODE: Final = StageCode(run, keep="files", check=check, load=load, summary=summary)
