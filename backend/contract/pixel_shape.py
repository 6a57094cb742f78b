"""Footage whose pixels are not square: a track file tells of its own pixels, the engine works with square ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, Final

from .camera import Intrinsics, resized_points
from .track import Track

FILE_SIZE: Final = "file_size"
"""Width and height of the upright picture in the file's own pixels, in a track's ``video``."""

SQUARE_SIZE: Final = "square_size"
"""The same with square pixels. Neither is there where the file's own are square."""


def sizes_of(width: int, height: int, file_size: tuple[int, int] | None) -> dict[str, list[int]]:
    """Return what a track's ``video`` says of a clip that was read with these sizes."""
    return {} if file_size is None else {FILE_SIZE: list(file_size), SQUARE_SIZE: [width, height]}


def file_size_of(video: Mapping[str, Any]) -> tuple[int, int] | None:
    """Return the size in the file's own pixels that ``video`` states, None where they are square."""
    return _size(video.get(FILE_SIZE))


def in_file_pixels(track: Track) -> Track:
    """Return a track as it is written: camera and landmarks in the file's own pixels, errors in square ones."""
    return _resized(track, _size(track.header["video"].get(FILE_SIZE)))


def in_square_pixels(track: Track) -> Track:
    """Return a track that was read as the engine works with it: camera and landmarks in square pixels."""
    return _resized(track, _size(track.header["video"].get(SQUARE_SIZE)))


def focal_in_square_pixels(header: Mapping[str, Any]) -> float:
    """Return the horizontal focal length of a track's header in the pixels in which a focal length is given."""
    intrinsics = Intrinsics(**header["intrinsics"])
    size = _size(header["video"].get(SQUARE_SIZE))
    return float((intrinsics if size is None else intrinsics.resized(*size)).focal_x)


def _size(stated: object) -> tuple[int, int] | None:
    if not isinstance(stated, (list, tuple)) or len(stated) != 2:
        return None
    if not all(isinstance(side, int) and side > 0 for side in stated):
        return None
    return stated[0], stated[1]


def _resized(track: Track, size: tuple[int, int] | None) -> Track:
    old = track.intrinsics
    if size is None or size == (old.width, old.height):
        return track
    new = old.resized(*size)
    header = {**track.header, "intrinsics": {each.name: getattr(new, each.name) for each in fields(Intrinsics)}}
    landmarks = resized_points(track.landmarks, old, new).astype(track.landmarks.dtype)
    return replace(track, landmarks=landmarks, header=header)
