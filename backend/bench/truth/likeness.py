"""Truth on real clips and photographs: how like the footage the textured and lit head is, and what is wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from ...contract.failure import Failure
from ...contract.track import read_track
from ...data.types import TextureFiles
from ...head.builtin import builtin_head
from ...head.model import HeadModel
from ..chain import Clock, Setup, bake, find_landmarks, fit, import_stages, refine
from ..measures.texture import glowing, hue_error, pale_rim
from ..rows import Row, at_least, at_most, without_target
from .held_out import ENDINGS

PSNR: Final = 26.0
GLOW: Final = 3.0
"""Percent."""
FACE: Final = "PSNR of the face with mouth and eyes"
PICTURES: Final = (".png", ".jpeg", ".jpg")


def measure(setup: Setup) -> list[Row] | Failure:
    """Every clip of the shared ``videos`` and every photograph through Landmarks, Fit, Appearance and Texture.

    Quality Standard, built-in head, focal length unknown, texture 1024. PSNR and SSIM (of the brightness) of the head
    with its texture under the clip's light and the frame's gain, drawn over eight of the frames that were baked, inside
    the face with its eyes and mouth, less two pixels at its edge; of mouth, lids (with what they show of the eyes) and
    scalp also apart. Hair, glasses and hands before the face count as error.
    Glow, hue and pale rims: see `measures.texture`. Seconds: the whole stage Texture. With --quick every second clip.
    """
    clips = sorted(path for path in (setup.data / "videos").glob("*") if path.suffix in ENDINGS)
    clips += sorted(path for name in ("images", "hard") for path in (setup.data / name).glob("*") if _is_picture(path))
    if not clips:
        return Failure("no-clips", "There are no clips (shared/data/videos is not there).", "Give --data.")
    import_stages()
    head = builtin_head()
    rows: list[Row] = []
    seconds: list[float] = []
    for clip in clips[:: 2 if setup.quick else 1]:
        clock = Clock()
        baked = _baked(setup, clip, head, clock)
        if isinstance(baked, Failure):
            return baked
        rows.extend(_rows(clip, baked))
        seconds.append(clock.wall["texture"])
    faces = [row.value for row in rows if row.value is not None and FACE in row.what]
    return [
        at_least(f"all, the worst: {FACE}", min(faces), PSNR, " dB", 1),
        *rows,
        without_target("stage Texture, median", float(np.median(seconds)), " s", 1),
    ]


def _is_picture(path: Path) -> bool:
    return path.suffix in PICTURES


def _rows(clip: Path, baked: TextureFiles) -> list[Row]:
    """Return how like one clip its head is, and what is wrong with its texture."""
    facts, picture = baked.facts, np.asarray(Image.open(baked.files["texture"]).convert("RGB"))
    track = read_track(baked.files["texture"].parent / "track.npz")
    if isinstance(track, Failure):
        return []
    parts = facts["parts"]
    what = f"{clip.name}: {FACE} (SSIM {facts['ssim']:.3f}, {100 * facts['seen']:.0f} % seen)"
    apart = ", ".join(f"{part} {parts[part]['psnr']:.1f} dB" for part in ("mouth", "lids", "scalp"))
    rims = {beyond: 100 * pale_rim(picture, track, beyond) for beyond in ("scalp", "neck")}
    return [
        at_least(what, facts["psnr"], PSNR, " dB", 1, ssim=facts["ssim"], seen=facts["seen"], parts=parts),
        without_target(f"{clip.name}: {apart}", parts["mouth"]["psnr"], " dB", 1),
        at_most(
            f"{clip.name}: bare skin that glows (hue of 95 % within {hue_error(picture, track):.2f}, "
            f"pale rim at the hair {rims['scalp']:.1f} %, at the jaw {rims['neck']:.1f} %)",
            100 * glowing(picture, track), GLOW, " %", 1,
        ),
    ]  # fmt: skip


def _baked(setup: Setup, clip: Path, head: HeadModel, clock: Clock) -> TextureFiles | Failure:
    landmarks = find_landmarks(setup, clip, "standard", clock)
    fitted = landmarks if isinstance(landmarks, Failure) else fit(setup, landmarks, head, None, clock)
    refined = fitted if isinstance(fitted, Failure) else refine(setup, fitted, head, clip, clock)
    if isinstance(refined, Failure):
        return refined
    return bake(setup, refined, head, clip, setup.work / "likeness" / clip.stem, clock)
