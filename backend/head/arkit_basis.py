"""ARKit's shapes of a FLAME head: the built-in head's, transferred once per file and kept in the user's cache."""

from __future__ import annotations

import contextlib
import hashlib

import numpy as np

from ..contract.arrays import Array
from ..contract.atomic import write_atomically
from ..contract.failure import Failure
from ..contract.performance.channels import CHANNELS
from ..contract.performance.transfer.head_basis import JointedHead, basis_of_head
from ..system.source_code import code_version
from .builtin.cache import cache_folder
from .model import HeadModel

PREFIX = "arkit_"


def arkit_basis(head: HeadModel) -> Array | Failure:
    """Return ARKit's shapes of a head's template (V, 3, 52) float32, metres; zero for channels that joints make.

    Takes seconds the first time; a cache that cannot be written only costs that time again.
    """
    path = cache_folder() / f"{PREFIX}{_key(head)}.npz"
    with contextlib.suppress(Exception):  # not made yet, or damaged in whatever way: it is made again
        with np.load(path, allow_pickle=False) as file:
            stored = file["displacement"]
        if stored.shape == (head.vertex_count, 3, len(CHANNELS)) and np.isfinite(stored).all():
            return stored
    landmarks = head.landmarks
    made = basis_of_head(
        JointedHead(
            vertices=head.template,
            faces=head.faces,
            landmark_triangle=np.where(landmarks.known, landmarks.triangle, -1),
            landmark_barycentric=landmarks.barycentric,
            joints=head.joint_regressor @ head.template,
            skinning_weights=head.skinning_weights,
            pose_correctives=head.pose_correctives,
        )
    )
    if isinstance(made, Failure):
        return made
    displacement = made.displacement.astype(np.float32)
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, lambda partial: np.savez_compressed(partial, displacement=displacement))
    return displacement


def _key(head: HeadModel) -> str:
    """Name of the stored shapes: the head's file, where its landmarks are, and the code that transfers."""
    digest = hashlib.sha256(head.sha256.encode("ascii"))
    for array in (head.template, head.landmarks.triangle, head.landmarks.barycentric):
        digest.update(np.ascontiguousarray(array).tobytes())
    digest.update(code_version(__name__).encode("ascii"))
    return digest.hexdigest()[:24]
