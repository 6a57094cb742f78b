"""The blocks of an inverse that tell how well each frame is held."""

from __future__ import annotations

import numpy as np
import pytest

from backend.fit.solvers.pose_covariance import selected_inverse


def a_chain(frames: int, size: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """A positive definite matrix whose blocks reach two frames, and its blocks."""
    generator = np.random.default_rng(frames)
    whole = np.zeros((frames, size, frames, size))
    for first in range(frames):
        rows = generator.normal(size=(2 * size, frames, size))
        rows[:, :first] = rows[:, first + 3 :] = 0
        whole += np.einsum("rta,rsb->tasb", rows, rows)
        whole[first, :, first, :] += 0.3 * np.eye(size)
    by_frame = np.stack([whole[t, :, t] for t in range(frames)])
    following = np.stack([whole[t + 1, :, t] for t in range(frames - 1)]) if frames > 1 else np.zeros((0, size, size))
    after = np.stack([whole[t + 2, :, t] for t in range(frames - 2)]) if frames > 2 else np.zeros((0, size, size))
    return whole.reshape(frames * size, -1), by_frame, following, after


@pytest.mark.parametrize("frames", [1, 2, 3, 6, 7])
def test_the_blocks_are_those_of_the_whole_inverse(frames: int) -> None:
    whole, by_frame, following, after = a_chain(frames)
    inverse = np.linalg.inv(whole).reshape(frames, 3, frames, 3)

    result = selected_inverse(by_frame, following, after)

    assert np.allclose(result, [inverse[t, :, t] for t in range(frames)])
