"""The outline of the ears on a head: order, side, and which of them the camera sees."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from shared_data import DATA

from backend.contract.camera import rotation_matrices
from backend.contract.failure import Failure
from backend.contract.settings import HeadSettings
from backend.head.builtin import builtin_head
from backend.head.ears import ear_in_view, ear_outlines
from backend.head.flame.flame_file import load_flame
from backend.head.model import HeadModel

PROXY = DATA / "flame_layout_proxy" / "flame_proxy.npz"


def flame_head() -> HeadModel:
    if not PROXY.is_file():
        pytest.skip("the shared head in FLAME's layout is not there")
    head = load_flame(PROXY, HeadSettings(source="file", file=str(PROXY), identity_modes=8, expression_modes=8))
    assert not isinstance(head, Failure)
    return head


@pytest.mark.parametrize("make", [builtin_head, flame_head])
def test_an_outline_runs_from_the_root_of_the_helix_over_the_back_to_the_lobe(make: Callable[[], HeadModel]) -> None:
    head = make()
    outlines = ear_outlines(head.template, head.regions)
    assert outlines is not None
    left, right = (outline.positions(head.template) for outline in outlines)
    assert left.shape == right.shape == (20, 3)
    assert (left[:, 0] > 0.05).all() and (right[:, 0] < -0.05).all()
    for points in (left, right):
        high, far, low = points[:, 1].argmax(), points[:, 2].argmin(), points[:, 1].argmin()
        assert 0 < high < far < low
        assert points[0, 2] > points[far, 2] + 0.02 and points[-1, 2] > points[far, 2] + 0.02
        steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
        assert steps.max() < 0.012
    assert np.abs(left * (-1, 1, 1) - right).max() < 0.009


@pytest.mark.parametrize(("turned", "side"), [(40.0, -1.0), (-40.0, 1.0)])
def test_the_ear_that_is_turned_to_the_camera_is_the_one_that_counts(turned: float, side: float) -> None:
    """The head looks to the camera, turned about the vertical: +40° shows its right ear."""
    head = builtin_head()
    outlines = ear_outlines(head.template, head.regions)
    assert outlines is not None
    facing = np.diag([1.0, -1.0, -1.0])
    rotation = facing @ rotation_matrices(np.array([0.0, np.radians(turned), 0.0]))
    place = np.array([0.0, 0.0, 0.6])
    points = ear_in_view(outlines, head.template, rotation, place)
    own_axes = (points - place) @ rotation
    assert (own_axes[:, 0] * side > 0.05).all()
    other = outlines[0 if side < 0 else 1].positions(head.template)
    assert points[:, 2].mean() < (other @ rotation.T + place)[:, 2].mean(), "it is the nearer one"


def test_a_head_that_names_no_ears_has_no_outline() -> None:
    head = builtin_head()
    assert ear_outlines(head.template, {"face": head.regions["face"]}) is None
