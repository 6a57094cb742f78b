"""Choice of the command. Commands are imported when they are called, so that the program answers at once."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .. import __version__


@dataclass(frozen=True)
class Command:
    """A word of the command line: the module whose ``main(arguments) -> int`` does it, and a line of help."""

    module: str
    help: str


COMMANDS: Final = {
    "track": Command(".cli.track", "Track the face in a video: track file, overlay, contact sheet and report"),
    "batch": Command(".cli.batch", "Track many shots, several at once: a folder for each, and one page about all"),
    "image": Command(".cli.image", "Fit a head to photographs of one person: mesh, texture, overlay, parsing, track"),
    "run": Command(".cli.run", "Run a job, as the node editor writes it"),
    "join": Command(".cli.join", "Put frames that were tracked again into a track"),
    "export": Command(".cli.export", "Write a finished track for other programs: Live Link Face, MetaHuman, VRM, Nuke"),
    "stream": Command(".cli.stream", "Send a finished track to Unreal as Live Link Face does, in real time"),
    "identity": Command(".cli.identity", "Write a person's identity as a file, changed by hand where wanted"),
    "look": Command(".cli.look", "Show the size, rate and length of a video, and the faces in it"),
    "models": Command(".cli.models", "List the model files: version, licence, and what is wrong with them"),
    "doctor": Command(".setup.report.doctor", "Say what is installed, what is missing and how to get it"),
    "sample": Command(".sample.cli", "Make the sample clip, with its true motion for comparison"),
    "bench": Command(".bench.cli", "Measure speed and accuracy"),
    "cache": Command(".cli.cache", "Show or clear the saved work of earlier runs"),
}

EXIT_FAILED: Final = 1
EXIT_USAGE: Final = 2


def usage() -> str:
    """Return the page of help."""
    rows = "\n".join(f"  {name:<8} {command.help}" for name, command in COMMANDS.items())
    return (
        "usage: python -m backend COMMAND ...\n\n"
        "FLAME Head Tracker: a face video in, a head with one shape per frame and a matching camera out.\n\n"
        f"commands:\n{rows}\n\n"
        "example:\n  python -m backend track interview.mp4 --out interview\n\n"
        "'python -m backend COMMAND --help' shows the options of a command.\n"
    )


def main(arguments: Sequence[str]) -> int:
    """Run a command and return the exit code: 0 done, 1 failed, 2 not understood, 130 cancelled, 143 ended."""
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        sys.stdout.write(usage())
        return 0 if arguments else EXIT_USAGE
    name, *rest = arguments
    if name == "--version":
        sys.stdout.write(f"FLAME Head Tracker {__version__}\n")
        return 0
    if name not in COMMANDS:
        sys.stderr.write(f"There is no command '{name}'. Commands: {', '.join(COMMANDS)}.\n")
        return EXIT_USAGE
    if not _is_in_a_folder():
        sys.stderr.write("The folder in which this was started is gone. Change to another one and start again.\n")
        return EXIT_FAILED
    module = importlib.import_module(
        COMMANDS[name].module, "backend" if __package__ is None else __package__.rpartition(".")[0]
    )
    return int(module.main(rest))


def _is_in_a_folder() -> bool:
    """Whether the working directory is there; in one that was deleted, torch cannot even be loaded."""
    try:
        Path.cwd()
    except OSError:
        return False
    return True
