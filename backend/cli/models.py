"""``models``: which model files are there, what their licences allow, and what is wrong with them."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ..contract.events import Emit
from ..contract.failure import Failure
from ..contract.foreign_text import shown
from ..run.engine import EXIT_FAILED, guarded
from .console import table
from .session import add_common_flags, exit_code, open_session
from .streams import written_out

if TYPE_CHECKING:
    from ..examine.inventory import Entry

COMMERCIAL: Final = {True: "yes", False: "no", None: "ask"}


def parser() -> argparse.ArgumentParser:
    """Return the parser."""
    result = argparse.ArgumentParser(
        prog="python -m backend models",
        description="List the model files: which version each one is, what its licence allows, and what is wrong with "
        "it. Files are read as data; nothing in them is run.",
        allow_abbrev=False,
    )
    add_common_flags(result)
    return result


def main(arguments: Sequence[str]) -> int:
    """Run the command."""
    parsed = parser().parse_args(arguments)
    with open_session(parsed) as session:
        if isinstance(session, Failure):
            return EXIT_FAILED
        result = guarded(lambda emit: _list(parsed.models, emit), session.emit, session.log)
        if not parsed.events and isinstance(result, dict):
            session.streams.output.write(_words(result["models"], parsed.models))
            if not written_out(session.streams.output, session.streams.error):
                return EXIT_FAILED
        return exit_code(result, session.stop)


def _list(folder: Path, emit: Emit) -> dict[str, Any]:
    from ..examine.inventory import inventory
    from ..examine.separate_process import examine_separately

    started = time.perf_counter()
    entries = [_plain(entry) for entry in inventory(folder.expanduser().absolute(), examine_separately)]
    done = {"event": "done", "outputs": {}, "models": entries, "seconds": round(time.perf_counter() - started, 3)}
    emit(done)
    return done


def _plain(entry: Entry) -> dict[str, Any]:
    return {
        "name": entry.name,
        "file": entry.file,
        "kind": entry.kind,
        "version": entry.version,
        "adds": entry.adds,
        "licence": entry.licence.sentence,
        "licence_name": entry.licence.name,
        "licence_source": entry.licence.source,
        "commercial": entry.licence.commercial,
        "present": entry.present,
        "usable": entry.usable,
        "problem": entry.problem,
        "advice": entry.advice,
        "url": entry.url,
    }


def _words(models: Sequence[dict[str, Any]], folder: Path) -> str:
    rows = [("file", "what", "usable", "commercial work", "licence")]
    notes = []
    for model in models:
        name = shown(Path(model["file"]).name) or "part of the program"
        usable = "yes" if model["usable"] else "no" if model["present"] else "missing"
        what = model["version"] or model["name"]
        rows.append((name, what, usable, COMMERCIAL[model["commercial"]], model["licence_name"]))
        if not model["present"] and model["kind"] != "landmarks":
            notes.append(f"{name} is not installed; it would add {model['adds']}: {model['url']}")
        elif model["problem"]:
            url = f" {model['url']}" if model["url"] else ""
            named = "" if model["problem"].startswith(name) else f"{name}: "
            notes.append(f"{named}{model['problem']} {model['advice']}{url}")
    return "\n".join([f"Model files in {folder}:", "", *table(rows), "", *notes]).rstrip() + "\n"
