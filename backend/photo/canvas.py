"""Photographs as the frames of a clip: upright, all of one size, as if one camera had taken them.

That is exact: a pinhole picture scaled about its middle is that of another focal length. Where photographs tell their
lenses all are scaled to one focal length; where none does, to one length of the longer side.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from PIL import Image

from ..contract.arrays import Picture
from ..contract.atomic import write_atomically
from ..contract.failure import Failure, Notice
from ..data.context import Context
from ..data.types import PHOTOGRAPHS, Video
from ..fit.clip_input import ASSUMED_FOCAL
from ..system.writable import writable_problem
from .read import Photo, read_photo

RATE: Final = 24
"""Photographs per second: Blender's own rate, so that a scene keeps its."""
LARGEST_SIDE: Final = 4096
"""Longer side in pixels of the frames at most: more shows nothing of a head that the mesh and its texture can hold."""
_FULL_FRAME: Final = 36.0


@dataclass(frozen=True)
class _PhotoFacts:
    name: str
    width: int
    height: int
    focal_35mm: float | None
    altered: bool

    @property
    def longer(self) -> int:
        return max(self.width, self.height)

    @property
    def focal(self) -> float | None:
        return None if self.focal_35mm is None else self.focal_35mm / _FULL_FRAME * self.longer


@dataclass(frozen=True)
class _Canvas:
    """Size of the frames, how much each photograph is enlarged, and the focal length in pixels, as far as known."""

    width: int
    height: int
    scales: tuple[float, ...]
    focal: float | None


def photographs_as_video(paths: list[Path], folder: Path | None, context: Context) -> Video | Failure:
    """Return photographs as a clip whose every frame is a shot of its own.

    One photograph that needs no change is used where it lies. Else upright copies are written, numbered, as PNG.

    Args:
        paths: Pictures of one person.
        folder: For the copies; None for one beside the first photograph.
        context: For notices, progress and cancellation.
    """
    facts: list[_PhotoFacts] = []
    for path in paths:
        context.check()
        photo = read_photo(path)
        if isinstance(photo, Failure):
            return photo
        facts.append(_PhotoFacts(path.name, photo.width, photo.height, photo.focal_35mm, photo.altered))
    canvas = _canvas(facts, context)
    digest = _digest(paths, canvas)
    first = paths[0]
    if len(paths) > 1 or facts[0].altered or canvas.scales[0] != 1:
        target = folder or paths[0].parent / f"{paths[0].stem} upright"
        problem = writable_problem(target)
        if problem is not None:
            return problem
        written = _write_copies(paths, canvas, target, digest, context)
        if isinstance(written, Failure):
            return written
        first = written
    metadata: dict[str, Any] = {"photographs": [each.name for each in facts], "scales": list(canvas.scales)}
    if canvas.focal is not None:
        metadata["focal_length_35mm"] = canvas.focal * _FULL_FRAME / max(canvas.width, canvas.height)
    order = np.arange(len(paths), dtype=np.int64)
    return Video(
        path=first.absolute(),
        sha256=digest,
        width=canvas.width,
        height=canvas.height,
        rotation=0,
        rate=Fraction(RATE),
        duration=len(paths) / RATE,
        frame_index=order,
        time=order / RATE,
        codec=PHOTOGRAPHS,
        metadata=metadata,
    )


def _canvas(facts: list[_PhotoFacts], context: Context) -> _Canvas:
    known = [each.focal for each in facts if each.focal is not None]
    if known and len(known) < len(facts):
        silent = ", ".join(each.name for each in facts if each.focal is None)
        context.notice(
            Notice(
                "focal-assumed",
                f"{silent} {'does' if len(facts) - len(known) == 1 else 'do'} not say which lens took it; a usual one"
                " is assumed, as other photographs tell theirs.",
            )
        )
    # Without any lens one angle of view is common to all, and so the length of the longer side.
    focals = [(each.focal or ASSUMED_FOCAL * each.longer) if known else float(each.longer) for each in facts]
    scales = [max(focals) / focal for focal in focals]
    widths = [each.width * scale for each, scale in zip(facts, scales, strict=True)]
    heights = [each.height * scale for each, scale in zip(facts, scales, strict=True)]
    longest = max(*widths, *heights)
    shrink = min(1.0, LARGEST_SIDE / longest)
    return _Canvas(
        width=round(max(widths) * shrink),
        height=round(max(heights) * shrink),
        scales=tuple(scale * shrink for scale in scales),
        focal=max(focals) * shrink if known else None,
    )


def _digest(paths: list[Path], canvas: _Canvas) -> str:
    digest = hashlib.sha256(repr(canvas).encode())
    for path in paths:
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _write_copies(paths: list[Path], canvas: _Canvas, folder: Path, digest: str, context: Context) -> Path | Failure:
    """Write what is not there yet and return the first copy; names tell the content, so none is ever out of date."""
    folder.mkdir(parents=True, exist_ok=True)
    copies = [folder / f"photograph-{digest[:8]}_{number:04d}.png" for number in range(1, len(paths) + 1)]
    for number, (path, scale, copy) in enumerate(zip(paths, canvas.scales, copies, strict=True)):
        context.check()
        if not copy.is_file():
            photo = read_photo(path)
            if isinstance(photo, Failure):
                return photo
            placed = Image.fromarray(_placed(photo, scale, canvas))
            write_atomically(copy, lambda path, placed=placed: placed.save(path, compress_level=1))
        context.progress(number + 1, len(paths))
    return copies[0]


def _placed(photo: Photo, scale: float, canvas: _Canvas) -> Picture:
    """The photograph about the middle of the frame, black around it."""
    if scale == 1 and (canvas.width, canvas.height) == (photo.width, photo.height):
        return photo.pixels
    middle = np.array([photo.width - 1, photo.height - 1]) / 2
    matrix = np.column_stack([np.eye(2) * scale, np.array([canvas.width - 1, canvas.height - 1]) / 2 - scale * middle])
    pixels = photo.pixels
    if scale < 0.9:
        # Averaged first, as a plain sample of a much larger picture would flicker with its finest detail.
        size = (max(1, round(photo.width * scale)), max(1, round(photo.height * scale)))
        pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
        matrix[:, :2] = np.diag([photo.width / size[0] * scale, photo.height / size[1] * scale])
        matrix[:, 2] = np.array([canvas.width, canvas.height]) / 2 - 0.5 - matrix[:, :2] @ (np.array(size) - 1.0) / 2
    done = cv2.warpAffine(pixels, matrix, (canvas.width, canvas.height), flags=cv2.INTER_CUBIC)
    return np.asarray(done, dtype=np.uint8)
