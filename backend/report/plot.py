"""report.png: the run over time, with the ranges that someone should look at shaded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ..contract.ranges import LABELS, FlaggedRange
from ..contract.track import Track
from .measures import Measures

INK, FAINT, GRID, PAPER = "#22262b", "#6b7480", "#e4e7eb", "#ffffff"
BLUE, ORANGE, GREEN, PURPLE = "#2f6fb3", "#d9742b", "#3a9460", "#8459a8"
SHADES: Final = {
    "missing": "#d64545",
    "misfit": "#b3261e",
    "interpolated": "#e6a531",
    "error": "#c65fa8",
    "confidence": "#8f98a3",
    "jump": "#5b8def",
}
WIDTH, ROW, DPI = 14.0, 1.28, 100
LEFT, RIGHT, MARGIN = 0.128, 0.9, 0.012

Row = tuple[str, str, Callable[[Axes, Any, Measures], None]]


def write_plot(
    path: Path,
    track: Track,
    measures: Measures,
    flags: list[FlaggedRange],
    title: str,
    facts: str,
    check: Callable[[], object] = lambda: None,
) -> None:
    """Write the curves as PNG, 1400 pixels wide.

    Args:
        path: File to write.
        track: For times and cuts.
        measures: Its curves.
        flags: Ranges to shade.
        title: First line, bold.
        facts: Second line.
        check: Called now and then; what it raises stops the work.
    """
    height = ROW * len(_ROWS) + 1.25
    figure = Figure(figsize=(WIDTH, height), dpi=DPI, facecolor=PAPER)
    FigureCanvasAgg(figure)
    axes = figure.subplots(len(_ROWS), 1, sharex=True)
    top = 1 - 0.72 / height
    figure.subplots_adjust(left=LEFT, right=RIGHT, top=top, bottom=0.5 / height, hspace=0.16)
    figure.text(MARGIN, 1 - 0.24 / height, title, fontsize=14, weight="bold", color=INK, va="center")
    line = figure.text(MARGIN, 1 - 0.5 / height, facts, fontsize=10, color=FAINT, va="center")
    line.set_fontsize(10 * min(1.0, (1 - 2 * MARGIN) * WIDTH * DPI / max(line.get_window_extent().width, 1.0)))
    for axis, (name, unit, draw) in zip(axes, _ROWS, strict=True):
        check()
        _style(axis, name, unit)
        _shade(axis, track, flags)
        draw(axis, track.time, measures)
        _limits(axis, track)
    axes[-1].set_xlabel("seconds", color=FAINT, fontsize=9.5)
    _legend_of_shades(figure, flags, height)
    check()
    figure.savefig(path, format="png", facecolor=PAPER)


def _line(axis: Axes, time: Any, values: Any, colour: str, label: str | None = None) -> None:
    """Draw a curve; lone points between gaps are dots, which a line would not show."""
    axis.plot(time, values, color=colour, linewidth=1.25, label=label, solid_joinstyle="round")
    finite = np.isfinite(values)
    before = np.concatenate([[False], finite[:-1]])
    after = np.concatenate([finite[1:], [False]])
    lone = finite & ~before & ~after
    if lone.any():
        axis.plot(np.asarray(time)[lone], np.asarray(values)[lone], ".", color=colour, markersize=4)


def _error(axis: Axes, time: Any, measures: Measures) -> None:
    _line(axis, time, measures.error, BLUE)
    _from_zero(axis, measures.error)
    middle = np.nanmedian(measures.eye_distance) if np.isfinite(measures.eye_distance).any() else np.nan
    if np.isfinite(middle):
        share = float(middle) / 100
        other = axis.secondary_yaxis(
            "right", functions=(lambda pixels: np.asarray(pixels) / share, lambda shown: np.asarray(shown) * share)
        )
        other.tick_params(labelsize=8, colors=FAINT, length=2)
        other.set_ylabel("% of eyes", fontsize=8.5, color=FAINT)
        other.spines["right"].set_visible(False)


def _confidence(axis: Axes, time: Any, measures: Measures) -> None:
    _line(axis, time, measures.confidence, GREEN)
    axis.set_ylim(0, 1.05)
    axis.set_yticks([0, 0.5, 1])


def _pose(axis: Axes, time: Any, measures: Measures) -> None:
    _line(axis, time, measures.yaw, BLUE, "yaw")
    _line(axis, time, measures.pitch, ORANGE, "pitch")
    _line(axis, time, measures.roll, GREEN, "roll")
    axis.axhline(0, color=FAINT, linewidth=0.6, zorder=0.5)
    _at_least(axis, 20.0)
    _legend(axis)


def _depth(axis: Axes, time: Any, measures: Measures) -> None:
    _line(axis, time, 100 * measures.depth, PURPLE)
    _at_least(axis, 4.0)


def _jaw(axis: Axes, time: Any, measures: Measures) -> None:
    _line(axis, time, measures.jaw, ORANGE, "jaw, degrees")
    _line(axis, time, measures.mouth, PURPLE, "lips apart, mm")
    _from_zero(axis, measures.jaw, measures.mouth)
    _legend(axis)


def _blink(axis: Axes, time: Any, measures: Measures) -> None:
    _line(axis, time, measures.left_eye, BLUE, "left")
    _line(axis, time, measures.right_eye, ORANGE, "right")
    _from_zero(axis, measures.left_eye, measures.right_eye)
    _legend(axis)


def _tremble(axis: Axes, time: Any, measures: Measures) -> None:
    _line(axis, time, measures.tremble, BLUE)
    _from_zero(axis, measures.tremble)


_ROWS: Final[tuple[Row, ...]] = (
    ("Landmark error", "px", _error),
    ("Confidence", "", _confidence),
    ("Head", "degrees", _pose),
    ("Distance", "cm", _depth),
    ("Jaw and lips", "", _jaw),
    ("Eyes open", "1 = at rest", _blink),
    ("Jitter", "px/frame²", _tremble),
)


def _at_least(axis: Axes, span: float) -> None:
    """Show at least this range, so that a head at rest looks like one."""
    low, high = axis.get_ylim()
    if high - low < span:
        axis.set_ylim((low + high - span) / 2, (low + high + span) / 2)


def _from_zero(axis: Axes, *curves: Any) -> None:
    """From zero up, a single spike cut off rather than flattening all the rest."""
    values = np.concatenate([curve[np.isfinite(curve)] for curve in curves])
    if len(values):
        top = min(float(values.max()), 4 * float(np.percentile(values, 95)) or float(values.max()))
        axis.set_ylim(0, max(top * 1.12, 1e-6))


def _style(axis: Axes, name: str, unit: str) -> None:
    axis.set_facecolor(PAPER)
    for side, spine in axis.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color("#c3c9d0")
    axis.grid(True, color=GRID, linewidth=0.7)
    axis.set_axisbelow(True)
    axis.tick_params(labelsize=8.5, colors=FAINT, length=2)
    alignment: dict[str, Any] = {"transform": axis.transAxes, "va": "center", "ha": "left"}
    left = (MARGIN - LEFT) / (RIGHT - LEFT)
    axis.text(left, 0.62 if unit else 0.5, name, fontsize=10.5, color=INK, weight="bold", **alignment)
    axis.text(left, 0.38, unit, fontsize=9, color=FAINT, **alignment)
    axis.locator_params(axis="y", nbins=4)


def _legend(axis: Axes) -> None:
    axis.legend(
        loc="center left",
        bbox_to_anchor=(1.003, 0.5),
        frameon=False,
        fontsize=8.5,
        labelcolor=INK,
        handlelength=1.1,
        borderaxespad=0,
        handletextpad=0.5,
    )


def _limits(axis: Axes, track: Track) -> None:
    half = 0.5 / float(track.rate)
    axis.set_xlim(float(track.time[0]) - half, float(track.time[-1]) + half)


def _shade(axis: Axes, track: Track, flags: list[FlaggedRange]) -> None:
    half = 0.5 / float(track.rate)
    for flag in flags:
        start, end = float(track.time[flag.first]) - half, float(track.time[flag.last]) + half
        axis.axvspan(start, end, color=SHADES[flag.reason], alpha=0.2, linewidth=0)
    for cut in np.flatnonzero(np.diff(track.shot)):
        axis.axvline((float(track.time[cut]) + float(track.time[cut + 1])) / 2, color=INK, linewidth=0.9, linestyle=":")


def _legend_of_shades(figure: Figure, flags: list[FlaggedRange], height: float) -> None:
    """Name the shades that occur, in the upper right corner."""
    right = 0.985
    for reason in reversed(list(dict.fromkeys(flag.reason for flag in flags))):
        label = figure.text(right, 1 - 0.24 / height, LABELS[reason], fontsize=9.5, color=INK, va="center", ha="right")
        box = label.get_window_extent().transformed(figure.transFigure.inverted())
        figure.text(box.x0 - 0.006, 1 - 0.24 / height, "■", fontsize=12, color=SHADES[reason], va="center", ha="right")
        right = box.x0 - 0.03
