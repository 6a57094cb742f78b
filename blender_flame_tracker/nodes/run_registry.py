"""Registry of the latest run of every tree: `tracking.runs` writes it, and whoever draws nodes looks it up.

Trees and scenes are remembered by their `session_uid`: undo replaces datablocks, and a reference kept across it would
point into nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import bpy

from ...backend.contract.supervision.run_state import Run
from .compile import Compiled, Delivery


@dataclass
class Ticket:
    """What belongs to a run on Blender's side.

    Attributes:
        run: The run.
        tree, scene: `session_uid` of the tree that is run and of the scene that its results go to.
        compiled: What was made of the tree.
        settled: Whether its end was dealt with.
        imports: What is still to be imported: each as soon as what it needs is made, also while the run goes on.
        announce: Whether the user is told of the end; scripts that wait are told by what they called.
        reported: Whether the listeners know of the end.
    """

    run: Run
    tree: int
    scene: int
    compiled: Compiled
    settled: bool = False
    imports: list[Delivery] = field(default_factory=list)
    announce: bool = True
    reported: bool = False


tickets: Final[dict[int, Ticket]] = {}
"""`session_uid` of a tree -> its latest run since the file was opened."""


def run_of(tree: bpy.types.NodeTree | None) -> Run | None:
    """Return the latest run of a tree since the file was opened, or None. Cheap enough for drawing."""
    ticket = tickets.get(tree.session_uid) if tree is not None else None
    return ticket.run if ticket is not None else None


def compiled_of(tree: bpy.types.NodeTree | None) -> Compiled | None:
    """Return what the latest run of a tree was made of, or None. Cheap enough for drawing."""
    ticket = tickets.get(tree.session_uid) if tree is not None else None
    return ticket.compiled if ticket is not None else None


def ticket_of(run: Run) -> Ticket | None:
    """Return the ticket of a run, None where a later run or another file has taken its place."""
    return next((ticket for ticket in tickets.values() if ticket.run is run), None)
