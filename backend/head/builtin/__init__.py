"""The head that comes with the program: made by its own code, in FLAME's layout.

Calls `model`, `geometry`, `parametrisation`, `embedding` and `data`. Start with `head`, and the README beside it.
"""

from __future__ import annotations

import dataclasses
from functools import lru_cache

import numpy as np

from ...data.landmark_mirror import mirror_table
from ..embedding.iris_offsets import with_iris_offsets
from ..model import HeadModel
from . import cache
from .detector_motions import read_motions
from .head import make_head
from .tables import DETECTOR_MOTIONS, DETECTOR_OFFSETS


@lru_cache(maxsize=1)
def builtin_head() -> HeadModel:
    """Return the built-in head: from the user's cache where it was made before by the same code, else made now.

    Takes a few seconds the first time; a cache that cannot be written only costs that time again.
    """
    path = cache.cache_path()
    head = cache.load(path)
    if head is None:
        head = make_head()
        cache.store(head, path)
    offsets = np.loadtxt(DETECTOR_OFFSETS, delimiter=",", comments="#") / 1000
    motions, correctives = read_motions(DETECTOR_MOTIONS, head.expression_names, mirror_table())
    measured = dataclasses.replace(
        head, detector_offsets=offsets, detector_motions=motions, detector_correctives=correctives
    )
    return with_iris_offsets(measured)


__all__ = ["builtin_head", "make_head"]
