"""Prior of an unknown lens: the file, its format and the size of the face tell the kind of camera."""

from __future__ import annotations

import numpy as np
import pytest

from backend.fit.lens.lens_prior import PHONE, SELFIE, WEBCAM, LensPrior, Source, lens_prior, one_guess, source_of


def angle(focal: float, side: int) -> float:
    """Angle of view in degrees along a side."""
    return float(np.degrees(2 * np.arctan(side / 2 / focal)))


def mean_focal(source: Source) -> float:
    return float(np.exp(lens_prior(source).moments()[0]))


def likeliest(prior: LensPrior) -> str:
    """The kind of camera that the report names first."""
    return next(iter(prior.summary()["cameras"]))


def test_a_face_that_fills_an_upright_picture_was_filmed_at_arm_s_length():
    prior = lens_prior(Source(720, 1280, eyes=190.0))
    assert likeliest(prior) == SELFIE.words
    assert 50 < angle(np.exp(prior.moments()[0]), 1280) < 80


def test_a_small_face_in_an_upright_picture_was_filmed_by_someone_else():
    assert likeliest(lens_prior(Source(720, 1280, eyes=40.0))) == PHONE.words


def test_a_phone_that_names_itself_is_believed_in_any_format():
    silent, named = (Source(1920, 1080, eyes=200.0, device=device) for device in ("", "apple iphone 14"))
    assert mean_focal(named) < 0.8 * mean_focal(silent)
    assert lens_prior(named).moments()[1] < lens_prior(silent).moments()[1]


def test_a_front_camera_that_the_lens_is_named_for_decides():
    metadata = {"camera_make": "Apple", "lens_model": "iPhone 12 front camera 2.71mm f/2.2"}
    prior = lens_prior(source_of(1920, 1080, 260.0, metadata))
    assert likeliest(prior) == SELFIE.words
    assert prior.evidence[0] == "the file names a front camera"


def test_a_camera_that_was_held_upright_counts_as_upright():
    turned = source_of(1280, 720, 190.0, {}, rotation=90)
    assert "upright" in lens_prior(turned).evidence[0]


def test_a_near_face_in_a_webcam_s_picture_is_wider_than_in_a_film():
    webcam, film = (lens_prior(Source(*size, eyes=0.13 * size[0])) for size in ((640, 480), (1920, 800)))
    assert likeliest(webcam) == WEBCAM.words
    assert webcam.moments()[0] - np.log(640) < film.moments()[0] - np.log(1920)


def test_what_is_seen_moves_the_shares_of_the_cameras():
    prior = lens_prior(Source(640, 480, eyes=80.0))
    grid = np.linspace(np.log(200), np.log(5000), 200)
    long = prior.with_likelihood(grid, -0.5 * ((grid - np.log(1700)) / 0.2) ** 2)
    assert likeliest(long) == "a camera"
    assert long.share.sum() == pytest.approx(1.0)
    assert long.moments()[1] < prior.moments()[1]


def test_a_likelihood_that_says_nothing_changes_nothing():
    prior = lens_prior(Source(640, 480, eyes=80.0))
    grid = np.linspace(np.log(10), np.log(60000), 4000)
    same = prior.with_likelihood(grid, np.zeros(4000))
    assert same.moments() == pytest.approx(prior.moments(), abs=1e-4)
    assert same.share == pytest.approx(prior.share, abs=1e-4)


def test_a_guess_and_a_gaussian_are_weighed_by_their_certainty():
    grid = np.linspace(5.0, 9.0, 2000)
    posterior = one_guess(1000.0, 0.1).with_likelihood(grid, -0.5 * ((grid - np.log(2000.0)) / 0.1) ** 2)
    mean, sigma = posterior.moments()
    assert np.exp(mean) == pytest.approx(np.sqrt(1000 * 2000), rel=1e-3)
    assert sigma == pytest.approx(0.1 / np.sqrt(2), rel=1e-3)
