"""Reads pickles as data: numpy and scipy.sparse arrays and plain values come out, and nothing of the file is ever run.

Python's own unpickler calls what a file names. This one is a separate small machine for the pickle language (its
instructions are described in the standard library's ``pickletools``), in which a name is only a label: the few labels
that mean an array are carried out by `pickle_values` on checked arguments, harmless ones that are of no use here (sets,
torch tensors) become `Unread`, every other one ends the reading. Objects of chumpy, in which FLAME 2017 to 2020 keep
their arrays, are unwrapped without chumpy.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from ..contract.failure import Failure
from ..contract.foreign_text import reason
from .pickle_machine import Machine
from .pickle_values import PickleRefused, PickleTooLarge, PickleUnknown, Unread

__all__ = ["LARGEST_FILE", "Unread", "read_pickle", "read_pickle_bytes"]

LARGEST_FILE: Final = 1 << 29
"""Largest pickle that is read, in bytes; FLAME's are about 50 MB."""


def read_pickle(path: Path) -> Any | Failure:
    """Return the value in a pickle file (protocol 0 to 5; strings of Python 2 as latin-1), or why not."""
    try:
        size = path.stat().st_size
        if size > LARGEST_FILE:
            return _too_large(path.name, f"has {size / 1e9:.1f} GB, far more than a head model")
        content = path.read_bytes()
    except OSError as error:
        return Failure(
            "file-not-readable",
            f"{path.name} cannot be read: {error.strerror or error}.",
            "Check that the file is there and that you may read it.",
        )
    return read_pickle_bytes(content, path.name)


def read_pickle_bytes(content: bytes, name: str) -> Any | Failure:
    """Return the value in the bytes of a pickle called `name`, or why it is refused."""
    if not content:
        return Failure("file-empty", f"{name} is empty.", "Download or copy it again.")
    try:
        return Machine(content).run()
    except PickleRefused as refusal:
        return Failure(
            "pickle-refused",
            f"{name} was refused because it wants to {refusal}, which a head model never does; nothing in it was run.",
            "Do not open this file elsewhere either; get the model from its official site.",
        )
    except PickleUnknown as unknown:
        return Failure(
            "pickle-unknown",
            f"{name} was not read because it holds {unknown}, which this program does not know; nothing in it was run.",
            "Choose the model file as its makers publish it, or save its arrays as numbers in a .npz file.",
        )
    except PickleTooLarge as problem:
        return _too_large(name, str(problem))
    except Exception as error:  # noqa: BLE001 - whatever a stranger's bytes lead to, the answer is a sentence
        return Failure(
            "pickle-damaged",
            f"{name} is not a complete pickle: {reason(error)}.",
            "It may be truncated or another kind of file; download or copy it again.",
        )


def _too_large(name: str, problem: str) -> Failure:
    return Failure("pickle-too-large", f"{name} {problem}.", "Choose the FLAME model file itself.")
