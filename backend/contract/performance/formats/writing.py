"""Performances written for other programs: for each format its files, and what they cannot hold.

The engine's export, the command `export` and Blender's button all write what `files_of` returns.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ...failure import Failure, Notice
from ...track import Track
from ..channels import CHANNELS
from ..characters.report import named
from ..performance import Performance
from .camera_channels import camera_around_head, channels_text, head_before_camera, lens_text
from .live_link_file import live_link_text, take_text
from .metahuman_file import metahuman_text
from .take_names import TakeName, part
from .vrm_animation import vrm_animation

SOUND: Final = ".wav"
"""Ending of the sound that lies beside the CSV of Live Link Face, under the same stem."""


@dataclass(frozen=True)
class Take:
    """What is written.

    Attributes:
        performance: Weights, gaze and head; None where only the camera is written.
        name: Of the take; the slate is the clip's name.
        program: Name and version of what writes it.
        track: Of the camera; None where the performance does not come from a track.
    """

    performance: Performance | None
    name: TakeName
    program: str
    track: Track | None = None

    @property
    def acted(self) -> Performance:
        """The performance, which must be there."""
        assert self.performance is not None
        return self.performance

    @property
    def clip(self) -> str:
        """Name of the clip as a part of the names of files."""
        return part(self.name.slate, "Clip")


Contents = dict[str, bytes]
"""Name of a file -> its content."""


def files_of(format_name: str, take: Take) -> Contents | Failure:
    """Return the files of one of `FORMATS`."""
    if take.performance is not None and not take.performance.has_face.any():
        return Failure("performance-empty", "No frame has a face to export.", "Track a range that shows a face.")
    return FORMATS[format_name].files(take)


def losses_of(format_name: str, take: Take) -> list[Notice]:
    """Return what the files of a format will lack of a performance."""
    return [] if take.performance is None else list(FORMATS[format_name].losses(take.performance))


def is_file_of(format_name: str, name: str) -> bool:
    """Whether a file's name is one that the format gives."""
    return FORMATS[format_name].names.fullmatch(name) is not None


def _live_link(take: Take) -> Contents | Failure:
    return {
        f"{take.name.stem}.csv": live_link_text(take.acted).encode("utf-8"),
        "take.json": take_text(take.acted, take.name, take.program).encode("utf-8"),
    }


def _metahuman(take: Take) -> Contents | Failure:
    return {f"{take.clip}_controls.csv": metahuman_text(take.acted).encode("utf-8")}


def _vrma(take: Take) -> Contents | Failure:
    presets = vrm_animation(take.acted, take.program)
    own = vrm_animation(take.acted, take.program, perfect_sync=True)
    if isinstance(presets, Failure):
        return presets
    return own if isinstance(own, Failure) else {f"{take.clip}.vrma": presets, f"{take.clip}_perfect_sync.vrma": own}


def _camera(take: Take) -> Contents | Failure:
    if take.track is None:
        return Failure("export-no-camera", "Only a track has a camera.", "Choose a track file, or another format.")
    still, head = head_before_camera(take.track)
    texts = {
        "camera.chan": channels_text(camera_around_head(take.track)),
        "camera_still.chan": channels_text(still),
        "head.chan": channels_text(head),
        "lens.json": lens_text(take.track, take.program),
    }
    return {name: text.encode("utf-8") for name, text in texts.items()}


def _everywhere(performance: Performance) -> Iterator[Notice]:
    """Yield what every format says in the same words, so that it is said once."""
    names = [channel for channel, tracked in zip(CHANNELS, performance.is_tracked, strict=True) if not tracked]
    if names:
        yield Notice(
            "export-not-tracked",
            f"Not tracked: {named(names, 7)}.",
            "CSV files have 0 there, VRM animations no expression.",
        )
    count = int((~performance.has_face).sum())
    if count:
        frames = "1 frame has" if count == 1 else f"{count} frames have"
        yield Notice(
            "export-gaps", f"{frames} no face.", "Live Link Face has a row with a count of 0 there, others no keys."
        )


def _live_link_losses(performance: Performance) -> Iterator[Notice]:
    yield from _everywhere(performance)
    if performance.head_translation is not None:
        yield Notice("export-no-position", "Live Link Face has columns for the head's rotation, not for its position.")


def _metahuman_losses(performance: Performance) -> Iterator[Notice]:
    yield from _everywhere(performance)
    if performance.head_rotation is not None:
        yield Notice("export-no-head", "MetaHuman's face controls do not turn the head.", "Live Link Face does.")


def _vrma_losses(performance: Performance) -> Iterator[Notice]:
    yield from _everywhere(performance)
    if performance.head_translation is not None:
        yield Notice("export-no-position", "A VRM animation turns head and neck, but does not move the head.")


def _no_losses(_performance: Performance) -> Iterator[Notice]:
    return iter(())


@dataclass(frozen=True)
class Format:
    """A format.

    Attributes:
        files: Returns the files of a take.
        losses: Returns what they lack.
        names: Names that they may have.
    """

    files: Callable[[Take], Contents | Failure]
    losses: Callable[[Performance], Iterator[Notice]]
    names: re.Pattern[str]


_PART: Final = "[0-9A-Za-z-]+"
FORMATS: Final[Mapping[str, Format]] = {
    "live_link": Format(
        _live_link, _live_link_losses, re.compile(rf"\d{{8}}_{_PART}_\d+_{_PART}\.(csv|wav)|take\.json")
    ),
    "metahuman": Format(_metahuman, _metahuman_losses, re.compile(rf"{_PART}_controls\.csv")),
    "vrma": Format(_vrma, _vrma_losses, re.compile(rf"{_PART}(_perfect_sync)?\.vrma")),
    "camera": Format(_camera, _no_losses, re.compile(r"(camera(_still)?|head)\.chan|lens\.json")),
}
"""Formats by the names of their settings and folders."""


def write_files(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Write files into a folder, which is made where it is missing (OSError)."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (folder / name).write_bytes(content)
