"""Report of a fit, as it stands in the header of a track."""

from __future__ import annotations

from backend.data.fit_report import AppearanceReport, FitReport, SolveReport

SOLVED = SolveReport({"motion": 0.5}, {"motion": 3}, converged=True)


def test_a_fit_tells_how_it_went_and_nothing_of_what_nobody_looked_for():
    told = FitReport(SOLVED, key_frames=(0, 7)).as_json()
    assert told == {
        "seconds": {"motion": 0.5},
        "iterations": {"motion": 3},
        "converged": True,
        "outline": None,
        "lens": None,
        "key_frames": (0, 7),
    }


def test_a_refinement_that_was_left_tells_only_that():
    assert FitReport(appearance=AppearanceReport(used=False)).as_json() == {"appearance": {"used": False}}


def test_a_refinement_that_was_measured_tells_its_numbers():
    told = FitReport(appearance=AppearanceReport(used=True, turned=1.5, spread=(0.3, 0.2))).as_json()
    assert told["appearance"] == {"used": True, "turned": 1.5, "spread": (0.3, 0.2)}
