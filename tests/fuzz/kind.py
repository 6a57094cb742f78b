"""A kind of input: how a case of it is made, and how the program reads it."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Kind:
    """A kind of input.

    Attributes:
        make: Returns the content of a case, always the same for the same random numbers.
        read: Reads it as the program does, with a folder of its own; returns a value or a `Failure`.
    """

    make: Callable[[random.Random], bytes]
    read: Callable[[bytes, Path], object]
