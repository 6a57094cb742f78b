"""Reports of a fit and its refinement, for the report file and the track's header."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class SolveReport:
    """How the fit went.

    Attributes:
        seconds: Per part of it.
        iterations: Per part of it.
        converged: Whether every part ended by itself.
        outline: What the person's outline said of the focal length; None where it was not asked.
        lens: What was plausible of the focal length; None where it was known.
    """

    seconds: Mapping[str, float]
    iterations: Mapping[str, int]
    converged: bool
    outline: Mapping[str, Any] | None = None
    lens: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class AppearanceReport:
    """How the refinement by pictures went; what was not measured is None.

    Attributes:
        used: Whether the refined head was taken.
        turned: Degrees by which it turned, the median of the frames.
        steadier: Share by which the points' brightness differs less between key frames.
        spread: How much it differed before and differs after.
        light: Coefficients of the light.
        key_frames: How many.
        device, rasterizer: What computed.
        seconds: How long it took.
        empty_frames: How many frames showed a black or burnt-out face.
    """

    used: bool
    turned: float | None = None
    steadier: float | None = None
    spread: tuple[float, float] | None = None
    light: tuple[float, ...] | None = None
    key_frames: int | None = None
    device: str | None = None
    rasterizer: str | None = None
    seconds: float | None = None
    empty_frames: int | None = None

    def as_json(self) -> dict[str, Any]:
        """Return what was measured."""
        return _stated_values(self)


@dataclass(frozen=True)
class FitReport:
    """What is told of a fit; None where nothing is.

    Attributes:
        solve: How the fit went.
        key_frames: Positions of the frames on which identity and focal length were fitted.
        start: Which guess of the identity it began with.
        zoom: How far the lens zooms.
        picture_focal: What points that were followed said of the focal length.
        appearance: How the refinement by pictures went.
        shading: Light and albedo.
    """

    solve: SolveReport | None = None
    key_frames: tuple[int, ...] | None = None
    start: str | None = None
    zoom: Mapping[str, Any] | None = None
    picture_focal: Mapping[str, Any] | None = None
    appearance: AppearanceReport | None = None
    shading: Mapping[str, Any] | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the report as it stands in the track's header."""
        values = _stated_values(self)
        solve = {} if self.solve is None else asdict(self.solve)
        values.pop("solve", None)
        if self.appearance is not None:
            values["appearance"] = self.appearance.as_json()
        return {**solve, **values}


def _stated_values(report: FitReport | AppearanceReport) -> dict[str, Any]:
    return {name: value for name, value in vars(report).items() if value is not None}
