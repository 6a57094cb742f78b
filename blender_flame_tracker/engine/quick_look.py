"""The engine's quick look at a video: what it is, and who is in it. One process of its own; no `bpy` here."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ...backend.contract.atomic import write_atomically
from ...backend.contract.checks import is_object, parse_json
from ...backend.contract.events import checked, failure_of, number_of
from ...backend.contract.failure import Failure
from ...backend.contract.supervision.process import OTHER_VERSION, Engine
from ...backend.contract.supervision.supervisor import EarlyEnd, Supervisor, Timeouts

SUMMARY: Final = "look.json"
"""What was found, beside the pictures of it, so that it need not be found again."""


_AGAIN: Final = "Try again; if it happens again, check the engine in the preferences of the add-on."
TIMEOUTS: Final = Timeouts(final_event=0.0)
"""What was found is shown at once; the process is ended meanwhile."""

_NOT_UNDERSTOOD: Final = Failure(
    OTHER_VERSION,
    "The engine answered in a way that the add-on does not understand.",
    "Install the engine again in the preferences of the add-on.",
)
_UNSAID: Final = Failure("look-failed", "The engine could not look for faces.", _AGAIN)


@dataclass(frozen=True)
class SeenFace:
    """One person in the video.

    Attributes:
        number: 0, 1 ... by size.
        share: Of the frames that were looked at in which the person is seen, 0 to 1.
        box: Left, top, width and height as shares of the picture, in frame `frame`.
        point: Centre of the face in that frame, as shares of the picture.
        frame: Of the video, counted from 0.
        picture: File.
    """

    number: int
    share: float
    box: tuple[float, float, float, float]
    point: tuple[float, float]
    frame: int
    picture: Path


@dataclass(frozen=True)
class QuickLook:
    """What the engine says of a video.

    Attributes:
        width, height: Upright, in pixels.
        rate: Frames per second.
        frames: Number of frames.
        duration: In seconds.
        focal_length_35mm: From the metadata, in millimetres as on 35 mm film; None where they do not say.
        thumbnail: Picture of the video.
        faces: Largest first.
    """

    width: int
    height: int
    rate: float
    frames: int
    duration: float
    focal_length_35mm: float | None
    thumbnail: Path
    faces: tuple[SeenFace, ...]


def parse(event: Mapping[str, Any]) -> QuickLook | None:
    """Return what a ``done`` event says, None where it is not that of a look."""
    try:
        video = event["video"]
        return QuickLook(
            int(video["width"]),
            int(video["height"]),
            float(video["rate"]),
            int(video["frames"]),
            float(video["duration"]),
            float(video["focal_length_35mm"]) if video.get("focal_length_35mm") is not None else None,
            Path(str(event["outputs"]["thumbnail"])),
            tuple(_face(each) for each in event["faces"]),
        )
    except (KeyError, TypeError, ValueError, OverflowError):
        return None


def _face(entry: Mapping[str, Any]) -> SeenFace:
    left, top, width, height = (float(value) for value in entry["box"])
    x, y = (float(value) for value in entry["point"])
    return SeenFace(
        int(entry["number"]),
        float(entry["share"]),
        (left, top, width, height),
        (x, y),
        int(entry["frame"]),
        Path(str(entry["picture"])),
    )


class FaceSearch:
    """A quick look that goes on; `poll` its supervisor until `result` is there.

    Attributes:
        fraction: Share that is done, 0 to 1.
        result: What was found, or why nothing could be.
    """

    def __init__(self, folder: Path) -> None:
        self.supervisor = Supervisor(TIMEOUTS)
        self.fraction = 0.0
        self.result: QuickLook | Failure | None = None
        self._folder = folder

    @property
    def over(self) -> bool:
        """Whether it is known what there is to know."""
        return self.result is not None

    def take(self, event: Mapping[str, Any]) -> None:
        """Apply an event."""
        kind = event.get("event")
        if kind == "progress":
            done, total = number_of(event, "done") or 0.0, number_of(event, "total") or 0.0
            self.fraction = min(1.0, done / total) if total > 0 else self.fraction
        elif kind == "error":
            self.fail(failure_of(event, _UNSAID))
        elif kind == "done":
            look = parse(event)
            self.result = look or _NOT_UNDERSTOOD
            if look is not None:
                _remember(self._folder, event)

    def fail(self, failure: Failure) -> None:
        """Note why nothing could be found."""
        self.result = failure

    def cancelled(self) -> None:
        """Note nothing: whoever ends a search has no use for it."""

    def reason_of(self, end: EarlyEnd) -> Failure:
        """Say that the engine ended."""
        return Failure(
            "look-died", f"The engine ended while it looked for faces (exit status {end.exit_code}).", _AGAIN
        )


def start_search(
    engine: Engine, video: Path, folder: Path, models: Path | None, sequence_rate: float
) -> FaceSearch | Failure:
    """Start to look at a video; its pictures go into a folder."""
    # The folder is the add-on's own, and pictures of earlier versions in it have no mark.
    flags = ("--out", folder, "--overwrite", "--sequence-rate", f"{sequence_rate:g}")
    search = FaceSearch(folder)
    command = engine.command("look", video, *flags, models=models)
    return search.supervisor.start(engine, command, folder / "look.log", search) or search


def remembered(folder: Path) -> QuickLook | None:
    """Return what an earlier look found, None where there was none or its pictures are gone."""
    try:
        event = parse_json((folder / SUMMARY).read_text(encoding="utf-8"), is_object)
    except (OSError, ValueError):
        return None
    look = None if event is None else parse(checked(event))
    if look is None or not all(picture.is_file() for picture in (look.thumbnail, *(f.picture for f in look.faces))):
        return None
    return look


def _remember(folder: Path, event: Mapping[str, Any]) -> None:
    kept = {name: event[name] for name in ("outputs", "video", "faces")}
    with contextlib.suppress(OSError):  # It is found again another time.
        write_atomically(folder / SUMMARY, lambda beside: beside.write_text(json.dumps(kept), encoding="utf-8"))
