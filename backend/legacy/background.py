"""A picture of the person alone: what is behind becomes white."""

from __future__ import annotations

import numpy as np

from ..contract.arrays import Floats, Picture
from ..contract.failure import Notice
from ..export.portraits import person_in
from .parts import Parts

NO_NETWORK = Notice(
    "matting-not-there",
    "'use_matting' changes nothing: the network that tells a person from the background is not installed.",
    "Run install_deps.py; it comes with mediapipe 0.10.21.",
)


def on_white(parts: Parts, picture: Picture, points: Floats) -> Picture:
    """Return the picture with white where the person of a face is not; as it is without a network for that.

    Args:
        parts: For the network.
        picture: RGB (H, W, 3).
        points: Landmarks (478, 2 or more), pixels.
    """
    if parts.networks.person is None:
        return picture
    share = person_in(parts.networks.person, picture, points[:, :2])[..., None]
    return np.rint(picture * share + 255 * (1 - share)).astype(np.uint8)
