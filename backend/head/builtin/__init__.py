"""The head that comes with the program: made by its own code, in FLAME's layout."""

from __future__ import annotations

import dataclasses
from functools import lru_cache
from pathlib import Path

import numpy as np

from ...landmarks.mirror import mirror_table
from ..iris_offsets import with_iris_offsets
from ..model import HeadModel
from . import cache
from .detector_motions import TABLE, read_motions
from .head import make_head


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
    offsets = np.loadtxt(Path(__file__).with_name("detector_offsets.csv"), delimiter=",", comments="#") / 1000
    motions, correctives = read_motions(TABLE, head.expression_names, mirror_table())
    seen = dataclasses.replace(
        head, detector_offsets=offsets, detector_motions=motions, detector_correctives=correctives
    )
    return with_iris_offsets(seen)


__all__ = ["builtin_head", "make_head"]
