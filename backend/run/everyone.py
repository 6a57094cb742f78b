"""Everyone in a clip: a job for each face, all seen through the lens that the first one's job finds."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..contract.job import Job, default_job
from ..contract.lens_file import lens_of_track
from ..contract.settings import FaceSettings, TrackFileSettings
from ..contract.track import read_parts


def job_of_face(settings: Mapping[str, Any], added: Collection[str], out: Path, number: int) -> Job:
    """Return the job that tracks one face, counted from 0, into ``out/face1``, ``out/face2`` and so on."""
    chosen = {
        "face": FaceSettings(choose="number", number=number),
        "track": TrackFileSettings(path=str(_track_file(out, number))),
    }
    return default_job({**settings, **chosen}, added)


def everyone_after_the_first(settings: Mapping[str, Any], out: Path) -> tuple[int, dict[str, Any]]:
    """Return how many people there are, and the settings for those after the first, whose track is there."""
    parts = read_parts(_track_file(out, 0), ())
    if not isinstance(parts, tuple):
        return 1, dict(settings)
    header = parts[0]
    people = 1 + len(header["report"].get("others", ()))
    if settings["camera"].focal_mode not in ("estimate", "metadata"):
        return people, dict(settings)
    lens = replace(settings["camera"], **lens_of_track(header))
    return people, {**settings, "camera": lens}


def _track_file(out: Path, number: int) -> Path:
    return out / f"face{number + 1}" / "track.npz"
