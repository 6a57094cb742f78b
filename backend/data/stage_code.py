"""Declaration at the end of a stage's file: how it is run and what becomes of its output."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ..contract.failure import Failure

LONGEST_SUMMARY: Final = 40
"""Characters of a summary: it is shown on a node."""

RunStage = Callable[..., Any]
"""(inputs by name, settings=, context=) -> output or `Failure`."""


def _no_files(_settings: Any, _models: Path) -> Iterable[Path]:
    return ()


def _no_problem(_settings: Any) -> Failure | None:
    return None


def _no_summary(_output: Any, _settings: Any) -> str:
    return ""


@dataclass(frozen=True)
class StageCode:
    """How a kind of stage is run and kept.

    Attributes:
        run: Called with the inputs by name, `settings` and `context`. Old results are void once the code that its
            module reaches has changed; see `system.source_code`.
        keep: ``data``: the output is stored. ``files``: the stage writes files for the user and returns something with
            `files`; it is `load`-ed from them. ``nothing``: quick enough to be done again.
        output_names_inputs: Whether its output names its input files: where these move, it is made anew.
        upstream: Outputs of earlier stages that it takes besides its linked inputs, by their kind or type.
        ignored_settings: Settings that do not change the output.
        files: Files from outside that its output depends on, (settings, models folder) -> paths.
        reads: Those that are its input, which no result may replace; the same as `files` where None.
        check: What can be refused before any work starts, settings -> failure or None.
        check_outputs: What can be refused once earlier stages are done, (settings, kind -> output) -> failure or None.
        load: For ``files``: mapping name -> path -> output or `Failure`.
        summary: (output, settings) -> the main result in at most `LONGEST_SUMMARY` characters.
    """

    run: RunStage
    keep: str = "data"
    output_names_inputs: bool = False
    upstream: tuple[str, ...] = ()
    ignored_settings: frozenset[str] = frozenset()
    files: Callable[[Any, Path], Iterable[Path]] = _no_files
    reads: Callable[[Any, Path], Iterable[Path]] | None = None
    check: Callable[[Any], Failure | None] = _no_problem
    check_outputs: Callable[[Any, Mapping[str, Any]], Failure | None] | None = None
    load: Callable[[Mapping[str, Path]], Any] | None = None
    summary: Callable[[Any, Any], str] = _no_summary


def shortened(text: str) -> str:
    """Return a summary that fits, cut at the end of a word where it must be."""
    if len(text) <= LONGEST_SUMMARY:
        return text
    return text[: LONGEST_SUMMARY - 1].rsplit(" ", 1)[0].rstrip(" ,") + "…"


def counted(count: int, name: str) -> str:
    """Return ``1 frame``, ``2 frames``."""
    return f"{count} {name}{'' if count == 1 else 's'}"
