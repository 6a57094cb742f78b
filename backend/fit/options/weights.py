"""The weights of the fit with their units, in one place, measured with `python -m backend bench truth`."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ...contract.settings import FitSettings


@dataclass(frozen=True)
class Tuning:
    """Standard deviations and weights of every residual.

    Attributes:
        landmark_sigma: Noise of a landmark, share of the distance between the eyes; identity_pixels: pixels below which
            it does not fall where the person is concerned, as what is small in the picture is not seen.
        huber: Residuals beyond this many sigma count linearly.
        evidence: Weight of all landmarks together: 478 neighbouring points are worth about ten independent ones.
        iris_weight, lid_weight, lip_weight, contour_weight: Weights of groups of landmarks; all others 1.
        contour_slide: Weight of a contour point's error along the contour, against across it.
        lid_aperture, lip_aperture: Noise of the opening between facing points, share of the distance between the eyes.
        identity: Standard deviation of identity coefficients, in their unit.
        scale: Of the relative size of the head, which one camera cannot see.
        offset: Of a landmark's offset on the surface, metres; iris_offset, iris_offset_up: of the irises, sideways and
            upwards (where the eyeball sits in its lids differs between people); offset_rigid: of what all offsets
            together move, turn or enlarge; offset_parting: of how far they part the two lids of an eye or both lips.
        expression: Share of a mode's sensible range that counts as one standard deviation, for small ones.
        expression_square: The same where all of them cost by the square.
        expression_tail: Beyond at most this many of them an expression costs linearly, so that it is not made smaller
            for being large.
        expression_tail_by_precision: The same, times the root of the precision with which landmarks tell of its range:
            noise raises every shape as easily then. A smile is told by a hundred landmarks, rolled lips and brows by
            ten: at the price of a smile these would hardly move. expression_tail_least: at least so many.
        expression_tail_lids: The same of the lids' shapes, which have terms of their own.
        jaw_like: Shapes whose likeness to the opening jaw is above this cost by the square throughout: cheap ones
            would do the jaw's work.
        bound: How far beyond its range a coefficient goes for one standard deviation, share of the range.
        jaw: Radians of opening, and of turning about the other two axes; neck: radians.
        gaze_pitch, gaze_yaw: Radians; gaze_score: of the yaw that the scores tell; vergence, elevation: difference of
            the eyes' yaw and pitch; vergence_tail: beyond this many of them crossed eyes cost linearly.
        velocity_*: Standard deviation of the change from frame to frame at 30 frames/s (0.0: no such term).
        acceleration_*: The same of the second difference.
        slow_expression_factor: Factor of acceleration_expression for shapes that do not move the lids.
        velocity_huber: Changes beyond this many sigma count linearly, so that fast turns are not held back.
        outline: Weight of the person's outline, all its frames together; 0 leaves it out.
        outline_sigma: Noise of a place of it, metres; outline_huber: beyond this many sigma it counts linearly.
    """

    landmark_sigma: float = 0.01
    identity_pixels: float = 0.6
    huber: float = 2.0
    evidence: float = 0.02
    iris_weight: float = 200.0
    lid_weight: float = 2.5
    lip_weight: float = 2.5
    contour_weight: float = 0.5
    contour_slide: float = 0.2
    lid_aperture: float = 0.003
    lip_aperture: float = 0.003
    identity: float = 0.6
    scale: float = 0.002
    offset: float = 0.003
    iris_offset: float = 0.0001
    iris_offset_up: float = 0.003
    offset_rigid: float = 0.0001
    offset_parting: float = 0.0002
    expression: float = 0.1
    expression_square: float = 0.25
    expression_tail: float = 0.18
    expression_tail_by_precision: float = 0.01
    expression_tail_least: float = 0.03
    expression_tail_lids: float = 0.13
    jaw_like: float = 0.42
    bound: float = 0.05
    jaw: tuple[float, float, float] = (0.8, 0.03, 0.03)
    neck: float = 0.1
    gaze_pitch: float = 0.5
    gaze_yaw: float = 1.0
    gaze_score: float = 0.2
    vergence: float = 0.2
    vergence_tail: float = 1.0
    elevation: float = 0.02
    velocity_rotation: float = 0.03
    velocity_position: float = 0.005
    velocity_neck: float = 0.01
    velocity_jaw: float = 0.06
    velocity_gaze: float = 0.2
    velocity_expression: float = 0.5
    acceleration_rotation: float = 0.002
    acceleration_position: float = 0.0002
    acceleration_jaw: float = 0.06
    acceleration_gaze: float = 0.1
    acceleration_expression: float = 0.3
    slow_expression_factor: float = 0.5
    velocity_huber: float = 2.0
    outline: float = 0.4
    outline_sigma: float = 0.002
    outline_huber: float = 2.0


def tuning_for(settings: FitSettings) -> Tuning:
    """Return the weights that the user's settings ask for."""
    standard = Tuning()
    return replace(
        standard,
        identity=standard.identity * settings.identity_spread,
        expression=standard.expression * settings.expression_spread,
        expression_square=standard.expression_square * settings.expression_spread,
    )


def for_the_person(tuning: Tuning) -> Tuning:
    """Return the weights while what the clip shares is fitted: what stays all through the clip, as brows that sit high,
    is the person's, so no expression is cheap yet."""
    return replace(tuning, expression_tail_least=tuning.expression_tail)
