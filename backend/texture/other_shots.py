"""Tracks of other shots of a person, with their footage, for a texture that all of them share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from ..contract.arrays import Array
from ..contract.failure import Failure, Notice
from ..contract.file_access import exists, is_file
from ..contract.footage import is_picture
from ..contract.foreign_text import shown
from ..contract.options import split_paths
from ..contract.pixel_shape import in_square_pixels
from ..contract.portable import portable_name, stated_file
from ..contract.sequence import sequence_from
from ..contract.settings import VideoSettings
from ..contract.track import Track, read_parts, read_track
from ..data.context import Context
from ..data.types import PHOTOGRAPHS, Video

if TYPE_CHECKING:
    from ..video.excluded_pixels import ExcludedPixels

ANOTHER_SHAPE: Final = 0.001
"""Metres that two heads may be apart on the face, in the mean, to be one head for a texture: two texels or three."""
_LAYOUT: Final = ("faces", "uv", "uv_faces")


@dataclass(frozen=True)
class Shot:
    """A tracked shot that takes part in the texture of another one.

    Attributes:
        name: Of the track file, as the texture's facts call it.
        track, video: The track and its footage, frame by frame.
        hidden: Tells which pixels shall not count; None where all do.
    """

    name: str
    track: Track
    video: Video
    hidden: ExcludedPixels | None = None


def track_files(text: str) -> list[Path]:
    """Return the track files that the setting names, each once."""
    return list(dict.fromkeys(Path(part).expanduser().absolute() for part in split_paths(text)))


def shot_problem(path: Path) -> Failure | None:
    """Return why the shot of a track file cannot be used, as far as that is known before any work."""
    parts = read_parts(path, ())
    if isinstance(parts, Failure):
        return parts
    footage = _footage(parts[0], path)
    return footage if isinstance(footage, Failure) else None


def shot_files(path: Path) -> Iterable[Path]:
    """Return a track file and the files of its footage."""
    parts = read_parts(path, ())
    footage = parts if isinstance(parts, Failure) else _footage(parts[0], path)
    if isinstance(footage, Failure):
        return [path]
    if not is_picture(footage) or not is_file(footage):
        return [path, footage]
    try:
        return [path, *sequence_from(footage).present]
    except OSError:
        return [path, footage]


def opened_shot(path: Path, first: Track, folder: Path, context: Context) -> Shot | Failure:
    """Open a track file and its footage, to be baked into the texture of a first track.

    Args:
        path: Track file.
        first: Whose texture is made; its mesh and its texture coordinates must be the same.
        folder: Of the texture, for the name in its facts.
        context: For notices.
    """
    from ..video.opening import open_video

    track = read_track(path)
    if isinstance(track, Failure):
        return track
    name = portable_name(path, folder)
    if not has_layout(track, first):
        return _other_model(path, track.header, first.header)
    footage = _footage(track.header, path)
    if isinstance(footage, Failure):
        return footage
    track = in_square_pixels(track)
    stated = track.header["settings"].get("video", {})
    rate = float(stated.get("sequence_rate") or VideoSettings().sequence_rate)
    # What there is to say of the footage was said when it was tracked.
    quiet = replace(context, emit=lambda _event: None)
    video = open_video(VideoSettings(path=str(footage), sequence_rate=rate), quiet)
    if isinstance(video, Failure):
        return video
    sha256 = str(track.header["video"].get("sha256") or "")
    camera = track.intrinsics
    if (sha256 and sha256 != video.sha256) or (video.width, video.height) != (camera.width, camera.height):
        return Failure(
            "texture-other-footage",
            f"{shown(footage.name)} is no longer the footage that {path} was tracked from.",
            "Track that shot again, or leave its track out of Other Shots.",
        )
    _say_if_another_head(path, track, first, context)
    video = replace(video, frame_index=track.frame_index, time=track.time).through(track.curved)
    return Shot(name, track, video)


def has_layout(one: Any, other: Any) -> bool:
    """Whether two heads, or tracks of heads, have the same triangles and texture coordinates."""
    pairs = ((np.asarray(getattr(one, name)), np.asarray(getattr(other, name))) for name in _LAYOUT)
    return all(a.shape == b.shape and np.allclose(a, b, atol=1e-6) for a, b in pairs)


def _footage(header: Any, path: Path) -> Path | Failure:
    about = header["video"]
    footage = stated_file(str(about.get("path") or ""), path.parent)
    if about.get("codec") == PHOTOGRAPHS:
        return Failure(
            "texture-of-photographs",
            f"{path} is the track of several photographs, whose pictures on one canvas are not kept.",
            "Leave it out of Other Shots.",
        )
    if footage is None or not exists(footage):
        return Failure(
            "texture-shot-without-footage",
            f"The footage '{shown(about.get('name', ''))}' of the track {path} is not there any more, and the texture"
            " is to come from what it shows.",
            "Put it back, or leave this track out of Other Shots.",
        )
    return footage


def _other_model(path: Path, header: Any, first: Any) -> Failure:
    names = [shown(each["model"].get("name", "another head")) for each in (header, first)]
    return Failure(
        "texture-other-model",
        f"{path} was tracked with another head model ({names[0]}) than this shot ({names[1]}), and their textures are"
        " laid out differently.",
        "Track that shot with the same head model, or leave it out of Other Shots.",
    )


def _say_if_another_head(path: Path, track: Track, first: Track, context: Context) -> None:
    face = np.asarray(first.regions.get("face", np.arange(len(first.neutral_vertices))))
    apart = _mean_distance(track.neutral_vertices[face], first.neutral_vertices[face])
    if apart > ANOTHER_SHAPE:
        context.notice(
            Notice(
                "texture-other-identity",
                f"The head of {path} differs from this one by {1000 * apart:.1f} mm on the face, so what both show"
                " does not lie quite over each other in the texture.",
                "Track both shots with one identity (Identity From or Identity Clips), and check that they show one"
                " person.",
            )
        )


def _mean_distance(one: Array, other: Array) -> float:
    return float(np.linalg.norm(one.astype(np.float64) - other, axis=1).mean())
