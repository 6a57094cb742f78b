"""Names of array types, for annotations; shapes, units and axes are in the docstrings that use them."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]
"""Numbers of any type."""
Floats: TypeAlias = NDArray[np.float64]
Singles: TypeAlias = NDArray[np.float32]
Integers: TypeAlias = NDArray[np.int64]
Mask: TypeAlias = NDArray[np.bool_]
Picture: TypeAlias = NDArray[np.uint8]
"""Red, green, blue (H, W, 3), or one channel (H, W)."""
