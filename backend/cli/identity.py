"""``identity TRACK``: a person's identity as a file, changed by hand where that is asked for."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from ..contract.arrays import Floats
from ..contract.events import Emit, error_event
from ..contract.failure import Failure
from ..contract.foreign_text import shown
from ..contract.identity_file import SUFFIX, is_identity_file, read_identity, write_identity
from ..contract.targets import TargetRefused, Targets
from ..run.engine import EXIT_FAILED, guarded
from .flags import path_argument
from .session import Session, add_common_flags, exit_code, open_session

MOST_DEVIATIONS: Final = 10.0
"""Of people, by which a mode can be changed; the sliders in Blender go as far."""


def parser() -> argparse.ArgumentParser:
    """Return the parser."""
    result = argparse.ArgumentParser(
        prog="python -m backend identity",
        description="Write the identity of a track as a file, with modes changed or sculpted. 'track --identity-track "
        "FILE' fits with it.",
        allow_abbrev=False,
    )
    result.add_argument("source", metavar="TRACK", type=path_argument, help="Track file, or an identity file")
    result.add_argument("--out", type=path_argument, metavar="FILE", help=f"Identity file to write: …{SUFFIX}")
    result.add_argument(
        "--change",
        action="append",
        type=_change,
        default=[],
        metavar="MODE=AMOUNT",
        help="Add to a mode, in standard deviations of people; can be given several times",
    )
    result.add_argument(
        "--sculpted",
        type=path_argument,
        metavar="HEAD.obj",
        help="The head at rest as it was sculpted: the same vertices, metres, the axes of the head",
    )
    result.add_argument("--list", action="store_true", help="Print the modes that can be changed, and their values")
    result.add_argument(
        "--write-modes",
        type=path_argument,
        metavar="FILE",
        help="Write what the modes do, for Blender's sliders (.npz)",
    )
    add_common_flags(result)
    return result


def main(arguments: Sequence[str]) -> int:
    """Run the command."""
    parsed = parser().parse_args(arguments)
    if parsed.out is not None and not is_identity_file(parsed.out):
        parser().error(f"the name after --out must end in {SUFFIX}")
    if parsed.out is None and parsed.write_modes is None and not parsed.list:
        parser().error("give --out, --list or --write-modes")
    with open_session(parsed) as session:
        if isinstance(session, Failure):
            return EXIT_FAILED
        result = guarded(lambda emit: _identity(parsed, session, emit), session.emit, session.log)
        return exit_code(result, session.stop)


def _identity(parsed: argparse.Namespace, session: Session, emit: Emit) -> dict[str, str] | Failure:
    started = time.perf_counter()
    result = _written(parsed, session)
    if isinstance(result, Failure):
        emit(error_event(result))
        return result
    emit({"event": "done", "outputs": result, "seconds": round(time.perf_counter() - started, 3)})
    if not parsed.events and parsed.out is not None:
        session.streams.error.write(f"{parsed.out}\n")
    return result


def _written(parsed: argparse.Namespace, session: Session) -> dict[str, str] | Failure:
    """Return the files that were written, by name."""
    from ..identity.editing import changed, head_of, mode_names, slider_modes, write_modes

    identity = read_identity(parsed.source)
    if isinstance(identity, Failure):
        return identity
    head = head_of(identity, parsed.source, parsed.models)
    if isinstance(head, Failure):
        return head
    sculpted = _vertices(parsed.sculpted) if parsed.sculpted is not None else None
    edited = sculpted if isinstance(sculpted, Failure) else changed(identity, head, dict(parsed.change), sculpted)
    if isinstance(edited, Failure):
        return edited
    if parsed.list:
        values = dict(zip(mode_names(head), [*edited.coefficients, *[0.0] * len(mode_names(head))], strict=False))
        lines = [f"{name:<24}{values[name]:+.2f}" for name, _ in slider_modes(head)]
        session.streams.output.write("\n".join(lines) + "\n")
    targets, written = Targets(parsed.overwrite, (parsed.source,)), {}
    if parsed.out is not None:
        problem = write_identity(parsed.out, edited, targets)
        if problem is not None:
            return problem
        written["identity"] = str(parsed.out)
    if parsed.write_modes is not None:
        try:
            write_modes(parsed.write_modes, head, targets)
        except TargetRefused as refused:
            return refused.failure
        except OSError as error:
            return Failure(
                "modes-not-written",
                f"{parsed.write_modes} could not be written: {error.strerror or error}.",
                "Choose a folder that you may write to.",
            )
        written["modes"] = str(parsed.write_modes)
    return written


def _vertices(path: Path) -> Floats | Failure:
    """Return the vertices (V, 3) of an OBJ file."""
    try:
        lines = path.read_text("utf-8", errors="replace").splitlines()
        rows = [line.split()[1:4] for line in lines if line.startswith("v ")]
        vertices = np.array(rows, dtype=np.float64).reshape(-1, 3)
    except OSError as error:
        sentence = f"{path} cannot be read: {error.strerror or error}."
        return Failure("identity-mesh", sentence, "Choose an OBJ file of the head.")
    except ValueError:
        return Failure("identity-mesh", f"{path.name} is not an OBJ file.", "Choose an OBJ file of the head.")
    if len(vertices) == 0 or not np.isfinite(vertices).all():
        return Failure("identity-mesh", f"There is no mesh in {path.name}.", "Choose an OBJ file of the head.")
    return vertices


def _change(text: str) -> tuple[str, float]:
    name, sign, amount = text.partition("=")
    try:
        value = float(amount)
    except ValueError:
        value = float("nan")
    if not sign or not np.isfinite(value):
        raise argparse.ArgumentTypeError(f"'{shown(text)}' is not like nose_length=1.5")
    if abs(value) > MOST_DEVIATIONS:
        raise argparse.ArgumentTypeError(f"'{shown(text)}' is more than {MOST_DEVIATIONS:g} standard deviations")
    return name.strip(), value
