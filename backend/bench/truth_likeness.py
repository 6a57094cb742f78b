"""Truth on real clips: how like the footage the textured and lit head is."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from ..contract.failure import Failure
from ..head.builtin import builtin_head
from ..head.model import HeadModel
from ..stages.data import TextureFiles
from .chain import Clock, Setup, bake, find_landmarks, fit, import_stages, refine
from .rows import Row, at_least, told
from .truth_held_out import ENDINGS

PSNR: Final = 26.0


def measure(setup: Setup) -> list[Row] | Failure:
    """Every clip of the shared ``videos`` through Landmarks, Fit, Appearance, Track File and Texture.

    Quality Standard, built-in head, focal length unknown, texture 1024. PSNR and SSIM (of the brightness) of the head
    with its texture under the clip's light and the frame's gain, drawn over eight of the frames that were baked, inside
    the region ``face`` less two pixels at its edge; hair, glasses and hands before the face count as error. Seconds:
    the whole stage Texture. With --quick every second clip.
    """
    clips = sorted(path for path in (setup.data / "videos").glob("*") if path.suffix in ENDINGS)
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
        facts = baked.facts
        detail = {name: facts[name] for name in ("ssim", "seen", "frames")}
        what = f"{clip.name}: PSNR inside the face (SSIM {facts['ssim']:.3f}, {100 * facts['seen']:.0f} % seen)"
        rows.append(at_least(what, facts["psnr"], PSNR, " dB", 1, **detail))
        seconds.append(clock.wall["texture"])
    values = [row.value for row in rows if row.value is not None]
    return [
        at_least("all clips, the worst: PSNR inside the face", min(values), PSNR, " dB", 1),
        *rows,
        told("stage Texture, median", float(np.median(seconds)), " s", 1),
    ]


def _baked(setup: Setup, clip: Path, head: HeadModel, clock: Clock) -> TextureFiles | Failure:
    landmarks = find_landmarks(setup, clip, "standard", clock)
    fitted = landmarks if isinstance(landmarks, Failure) else fit(setup, landmarks, head, None, clock)
    refined = fitted if isinstance(fitted, Failure) else refine(setup, fitted, head, clip, clock)
    if isinstance(refined, Failure):
        return refined
    return bake(setup, refined, head, clip, setup.work / "likeness" / clip.stem, clock)
