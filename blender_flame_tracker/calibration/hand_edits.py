"""Edits by hand to the rig of a track, as a part of its performance: characters and exports do what the rig does."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...backend.contract.failure import Failure, Notice
from ...backend.contract.names import ARKIT
from ...backend.contract.performance.by_hand import HandEdits, as_channels, hand_edits, with_hand_edits
from ...backend.contract.performance.weights.basis import ArkitBasis, are_arkit, basis_of
from ...backend.contract.track import read_track
from ..file_stamp import Stamp, stamp_of
from ..results.review import placed_rows
from ..results.selection import Result
from ..scene.parts import Parts
from ..scene.rig.hand_changes import HandChanges, changes_by_hand, displacement_of
from .takes import Take

_KNOWN: Final[dict[int, HandEdits | None]] = {}
"""`session_uid` of an import's collection -> what its rig was last found to do beyond the track."""

_SHAPES: Final[dict[Path, tuple[Stamp | None, ArkitBasis | Failure]]] = {}
"""ARKit's shapes on the head of the track that was asked for last."""


def edited_take(take: Take, result: Result, *, known: bool = False) -> tuple[Take, tuple[Notice, ...]]:
    """Return the take of a result with what was changed by hand on its rig, and what is to be said of that.

    Args:
        take: Of its file.
        result: That is in the scene, or is not.
        known: Whether what was found the last time will do: sliders ask with every step.
    """
    parts, collection = result.parts, result.collection
    if collection is None or not isinstance(parts, Parts) or parts.rig is None:
        return take, ()
    uid, notices = collection.session_uid, ()
    if not known or uid not in _KNOWN:
        _KNOWN[uid], notices = _edits(take, result, parts)
    edits = _KNOWN[uid]
    if edits is None or len(edits.weights) != len(take.performance):
        return take, notices
    said = Notice(
        "edits-played",
        f"What was edited by hand on '{parts.rig.name}' is played, too.",
        "Mute a layer of edits in the Nonlinear Animation editor to leave it out.",
    )
    performance = with_hand_edits(take.performance, edits)
    return Take(performance, take.clip_frame, take.neutral_frame), (*notices, said)


def _edits(take: Take, result: Result, parts: Parts) -> tuple[HandEdits | None, tuple[Notice, ...]]:
    """What was changed, on all rows of the take."""
    performance = take.performance
    placed = placed_rows(take.clip_frame, performance.time, performance.rate, result.placement)
    if placed is None:
        return None, ()
    rows, timeline = placed
    shown, first = np.unique(timeline.row, return_index=True)
    changes = changes_by_hand(parts, timeline.frame[first])
    if changes is None:
        return None, ()
    others, notices = _other_shapes(changes, result, parts, performance.is_tracked)
    edits = hand_edits(changes.values, changes.before, changes.after, others)
    return (None if edits.is_nothing else _on_all(edits, rows[shown], len(performance))), notices


def _other_shapes(
    changes: HandChanges, result: Result, parts: Parts, is_tracked: NDArray[np.bool_]
) -> tuple[NDArray[np.float64] | None, tuple[Notice, ...]]:
    """What sliders of other shapes than ARKit's add to its channels, or why that cannot be said."""
    if not changes.shapes:
        return None, ()
    names = list(changes.shapes)
    displacement = _displacement(result, parts)
    if isinstance(displacement, Failure):
        sentence = f"What was edited of {', '.join(names[:3])} is not played: {displacement.sentence}"
        return None, (Notice("edits-left", sentence, displacement.advice),)
    values = np.stack([changes.values[name] for name in names], axis=1)
    # A channel that nothing tells is no part of what other channels explain.
    displacement = displacement * is_tracked
    return as_channels(np.stack(list(changes.shapes.values())), values, displacement), ()


def _displacement(result: Result, parts: Parts) -> NDArray[np.float64] | Failure:
    """ARKit's shapes on the head (V, 3, 52): its own keys, or those that its track has or is given."""
    key = parts.mesh.shape_keys
    if key is not None and are_arkit(block.name for block in key.key_blocks):
        return displacement_of(key, ARKIT)
    assert result.file is not None
    stamp = stamp_of(result.file)
    known = _SHAPES.get(result.file)
    if known is None or known[0] != stamp:  # Giving a head these shapes takes seconds.
        track = read_track(result.file)
        _SHAPES.clear()
        known = _SHAPES[result.file] = stamp, track if isinstance(track, Failure) else basis_of(track)
    basis = known[1]
    return basis if isinstance(basis, Failure) else np.asarray(basis.displacement, dtype=np.float64)


def _on_all(edits: HandEdits, rows: NDArray[np.int64], count: int) -> HandEdits:
    """The edits of some rows among all of a take, where nothing is edited elsewhere."""
    weights, aside, gaze = np.zeros((count, len(ARKIT))), np.zeros(count), np.zeros((count, 2, 2))
    head = np.tile(np.eye(3), (count, 1, 1))
    weights[rows], aside[rows], gaze[rows], head[rows] = edits.weights, edits.aside, edits.gaze, edits.head
    return HandEdits(weights, aside, gaze, head)


CLASSES: Final = ()


def unregister() -> None:
    """Forget what was found."""
    _KNOWN.clear()
    _SHAPES.clear()
