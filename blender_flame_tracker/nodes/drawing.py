"""Drawing of a node's state, in the node itself and in the sidebar. Only what is known already is read."""

from __future__ import annotations

from typing import Any, Final

import bpy

from ..text import duration, wrapped
from .state import NodeState, Status, status_of

_ICONS: Final = {
    NodeState.NOT_RUN: "RADIOBUT_OFF",
    NodeState.CACHED: "CHECKMARK",
    NodeState.STALE: "FILE_REFRESH",
    NodeState.WAITING: "TIME",
    NodeState.RUNNING: "PLAY",
    NodeState.DONE: "CHECKMARK",
    NodeState.FAILED: "ERROR",
}

_MARGINS: Final = 42.0
"""Left and right of the text in a node and in its box together."""
_ICON: Final = 20.0


def draw_in_node(layout: Any, context: bpy.types.Context, node: Any) -> None:
    """Draw the state in the node, broken to its width."""
    size = context.preferences.ui_styles[0].widget.points
    draw_status(layout, status_of(node), node.width - _MARGINS, size, node.name)


def draw_status(layout: Any, status: Status, width: float, size: float, name: str, advice: bool = False) -> None:
    """Draw a state.

    Args:
        layout: Where to draw.
        status: What to draw.
        width: For the text, in the units of `size`.
        size: Of the letters.
        name: Of the node, for the button that runs to it.
        advice: Whether there is room for what to do about a failure.
    """
    column = layout.column(align=True)
    row = column.row(align=True)
    if status.state is NodeState.RUNNING:
        row.progress(factor=status.fraction, text=words(status))
    else:
        said = row.row()
        said.alert = status.state is NodeState.FAILED
        said.active = status.state not in (NodeState.NOT_RUN, NodeState.WAITING)
        said.label(text=words(status), icon=_ICONS[status.state])
        row.operator("flame.run_to_node", text="", icon="PLAY", emboss=False).node = name
    texts = (status.text[:1].upper() + status.text[1:], status.advice if advice else "")
    for text in filter(None, texts):
        _draw_text(column, text, width - _ICON, size, status.state)


def _draw_text(layout: Any, text: str, width: float, size: float, state: NodeState) -> None:
    column = layout.column(align=True)
    column.scale_y = 0.8
    column.active = state is not NodeState.STALE
    for line in wrapped(text, width, size):
        column.label(text=line, icon="BLANK1", translate=False)


def words(status: Status) -> str:
    """Return a state in a few words."""
    state, seconds = status.state, status.seconds
    if state is NodeState.RUNNING:
        left = f", {duration(seconds)} left" if seconds is not None else ""
        return f"{100 * status.fraction:.0f} %{left}" if status.fraction > 0 else "Running"
    if state is NodeState.DONE and seconds is not None:
        return f"Done in {duration(seconds)}" if seconds >= 1 else "Done in a moment"
    return {
        NodeState.NOT_RUN: "Not run yet",
        NodeState.CACHED: "Up to date",
        NodeState.STALE: "Changed since it ran",
        NodeState.WAITING: "Waiting",
        NodeState.DONE: "Done",
        NodeState.FAILED: "Failed",
    }[state]
