"""The sample: the portrait, filmed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from ..contract.camera import Intrinsics
from ..contract.failure import Failure
from ..contract.targets import Targets
from ..head.builtin import builtin_head
from .canvas import make_canvas
from .clip import ClipPlan, Truth, make_clip
from .people import TEXTURE_SIZE
from .portrait import fit_portrait, portrait_file, portrayed, read_picture

WIDTH, HEIGHT = 640, 480
FOCAL: Final = 1.6
"""Focal length of the sample's camera in picture widths."""
SEED: Final = 4


@dataclass(frozen=True)
class Sample:
    """What was written.

    Attributes:
        video, truth_file: Where.
        truth: What the clip shows.
    """

    video: Path
    truth_file: Path
    truth: Truth


def write_sample(
    out: Path,
    *,
    frames: int = 180,
    models: Path,
    progress: Callable[[int, int], None] | None = None,
    targets: Targets | None = None,
) -> Sample | Failure:
    """Write sample.mp4 and truth/truth.npz.

    Args:
        out: Folder.
        frames: Number, at 30 per second.
        models: Folder of model files, for the landmarks of the portrait.
        progress: Called with frames done and their number.
        targets: What may be replaced; without it earlier samples.
    """
    head = builtin_head()
    picture = portrait_file()
    fit = fit_portrait(head, picture, models)
    if isinstance(fit, Failure):
        return fit
    appearance = portrayed(make_canvas(head, TEXTURE_SIZE), read_picture(picture), fit)
    camera = Intrinsics.centred(WIDTH, HEIGHT, FOCAL * WIDTH)
    identity = np.clip(fit.pose.identity, -2, 2)
    plan = ClipPlan(identity=identity, appearance=appearance, intrinsics=camera, frames=frames, seed=SEED)
    video, truth_file = out / "sample.mp4", out / "truth" / "truth.npz"
    truth = make_clip(head, plan, video, truth_file, progress, targets)
    return truth if isinstance(truth, Failure) else Sample(video, truth_file, truth)
