"""The options of a fit, made once from the settings."""

from __future__ import annotations

from backend.contract.settings import FitSettings
from backend.fit.options.fit_options import FitOptions
from backend.fit.options.weights import Tuning


def test_settings_as_they_come_are_the_options_as_they_come():
    assert FitOptions.from_settings(FitSettings()) == FitOptions()


def test_every_choice_of_the_user_arrives():
    settings = FitSettings(
        smoothness=3.0, neck="held", landmark_offsets=False, key_frames=7, longest_gap=2.0, identity_spread=2.0
    )
    options = FitOptions.from_settings(settings)
    assert (options.smoothness, options.neck_free, options.offsets) == (3.0, True, False)
    assert (options.key_frames, options.longest_gap) == (7, 2.0)
    assert options.tuning.identity == 2 * Tuning().identity


def test_only_a_neck_that_may_bend_is_free():
    for neck in ("torso", "locked"):
        assert not FitOptions.from_settings(FitSettings(neck=neck)).neck_free
