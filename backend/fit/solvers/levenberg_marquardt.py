"""The Levenberg-Marquardt loop of every solve: steps of a linearised problem, damped by how well the last ones did.

The damping follows the gain ratio (Madsen, Nielsen, Tingleff, "Methods for non-linear least squares problems", 2004,
section 3.2). What is minimised is a `LeastSquares`; `schur`, `banded` and `dense` solve linearised problems.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

Unknowns = TypeVar("Unknowns")
Increment = TypeVar("Increment")

LEAST_DAMPING: Final = 1e-6
MOST_DAMPING: Final = 1e8
"""A problem that does not get better even with so much damping is at its minimum."""


@dataclass(frozen=True)
class Step(Generic[Increment]):
    """A change of the unknowns, and by how much the linearised problem says that it lowers the cost."""

    increment: Increment
    gain: float


class Linearisation(Protocol[Increment]):
    """A problem near some unknowns: normal equations."""

    @property
    def cost(self) -> float:
        """Cost there."""
        ...

    def solve(self, damping: float) -> Step[Increment] | None:
        """Return the damped step; None where the damped equations are not positive definite."""
        ...


System_co = TypeVar("System_co", bound=Linearisation, covariant=True)


class LeastSquares(Protocol[Unknowns, System_co]):
    """A sum of squares, robust or not."""

    def cost(self, at: Unknowns) -> float:
        """Return the cost."""
        ...

    def linearise(self, at: Unknowns) -> System_co:
        """Return the problem near some unknowns."""
        ...

    def retract(self, at: Unknowns, step: Step) -> Unknowns:
        """Return the unknowns after a step."""
        ...

    def follow(self, at: Unknowns) -> None:
        """Take anew from the unknowns what stays the same during a step, such as which landmarks are visible."""
        ...


@dataclass(frozen=True)
class Limits:
    """When a solve ends.

    Attributes:
        steps: Most steps, rejected ones too.
        tolerance: It ends when a step lowers the cost by less than this share.
        following: For so many steps the problem follows the unknowns, see `LeastSquares.follow`, and does not end.
        damping: To begin with.
    """

    steps: int
    tolerance: float
    following: int = 0
    damping: float = 1e-2


@dataclass(frozen=True)
class Minimum(Generic[Unknowns, System_co]):
    """Where a solve ended.

    Attributes:
        unknowns: There.
        linearisation: The last one that was made: where the last step began.
        first_cost, cost: Before the first step and after the last one.
        steps: How many were tried.
        converged: Whether it ended by itself.
    """

    unknowns: Unknowns
    linearisation: System_co
    first_cost: float
    cost: float
    steps: int
    converged: bool


def minimise(
    problem: LeastSquares[Unknowns, System_co],
    start: Unknowns,
    limits: Limits,
    *,
    progress: Callable[[int], None] | None = None,
    watch: Callable[[Unknowns], None] | None = None,
) -> Minimum[Unknowns, System_co]:
    """Return the unknowns that cost least near a start.

    Args:
        problem, start, limits: What is minimised, from where, and for how long.
        progress: Called with the number of each step; may raise to stop.
        watch: Called with the unknowns after each step that lowered the cost.
    """
    at, damping, growth = start, limits.damping, 2.0
    system = problem.linearise(at)
    first_cost = cost = system.cost
    done, converged = 0, False
    for done in range(1, limits.steps + 1):
        if progress is not None:
            progress(done)
        step = system.solve(damping)
        trial = at if step is None else problem.retract(at, step)
        trial_cost = float("inf") if step is None else problem.cost(trial)
        gain = (cost - trial_cost) / max(1.0 if step is None else step.gain, 1e-30)
        if not gain > 0:  # also where the cost is not a number
            damping, growth = damping * growth, growth * 2
            converged = damping > MOST_DAMPING
            if converged:
                break
            continue
        small = cost - trial_cost < limits.tolerance * cost
        at, cost = trial, trial_cost
        if watch is not None:
            watch(at)
        damping, growth = max(damping * max(1 / 3, 1 - (2 * gain - 1) ** 3), LEAST_DAMPING), 2.0
        if done <= limits.following:
            problem.follow(at)
        elif small:
            converged = True
            break
        if done < limits.steps:
            system = problem.linearise(at)
            cost = system.cost
    return Minimum(at, system, first_cost, cost, done, converged)
