"""Flags of ``batch`` for more than one computer: Dask's workers, and an Open Job Description."""

from __future__ import annotations

import argparse
import secrets
import sys
from pathlib import Path

from ..batch.farm.checks import write_needs
from ..batch.farm.dask_crew import DaskCrew, dask_crew
from ..batch.farm.openjd import ENDING, template, write_template
from ..batch.farm.remote import Order
from ..batch.keys import Keys
from ..batch.manifest import write_manifest
from ..batch.plan import Plan, key_of
from ..batch.shot_file import forget_identity_results
from ..contract.failure import Failure
from ..contract.outputs import absolute
from ..contract.targets import Targets
from ..system.project import PROJECT
from .flags import path_argument


def add_farm_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags for more than one computer."""
    group = parser.add_argument_group("Several computers")
    way = group.add_mutually_exclusive_group()
    way.add_argument(
        "--dask",
        metavar="ADDRESS",
        default="",
        help="Give the shots to the workers of a Dask scheduler, e.g. tcp://render01:8786; all see DIR and the clips",
    )
    way.add_argument(
        "--openjd",
        type=path_argument,
        metavar="FILE",
        help="Track nothing; write an Open Job Description (FILE.yaml) with a task for each shot, for a render farm",
    )
    way.add_argument(
        "--shot", metavar="NAME", default="", help="Track this shot of the manifest alone, as a farm's task does"
    )
    way.add_argument(
        "--survey",
        metavar="NAME",
        default="",
        help="Fit this shot of the manifest to find the face shape of the person in it, as a farm's task does",
    )
    way.add_argument(
        "--identity-of",
        metavar="NAME",
        default="",
        help="Find the face shape of this person from the shots that were surveyed, as a farm's task does",
    )
    way.add_argument(
        "--collect",
        action="store_true",
        help="Track nothing; write manifest and page of what a farm's tasks have tracked",
    )
    way.add_argument(
        "--check-computer",
        action="store_true",
        help="Track nothing; say whether this computer has what the shots of the batch in DIR need",
    )


def farm_crew(parsed: argparse.Namespace, out: Path, program: tuple[str, ...], targets: Targets) -> DaskCrew | Failure:
    """Return the workers of the scheduler that ``--dask`` names."""
    order = Order(
        models=str(parsed.models.absolute()),
        cache="" if parsed.cache is None else str(parsed.cache.absolute()),
        overwrite=parsed.overwrite,
        stop_file=f".batch.stop-{secrets.token_hex(4)}",
        program=program,
    )
    return dask_crew(parsed.dask, out, parsed.models.absolute(), order, targets)


def describe(parsed: argparse.Namespace, plan: Plan, out: Path, keys: Keys, targets: Targets) -> Path | Failure:
    """Write the manifest, what computers need, and the Open Job Description of the shots that are to be tracked."""
    file = absolute(str(parsed.openjd))
    if file.suffix.lower() != ENDING:
        return Failure("openjd-name", f"The name {file.name} does not end in {ENDING}.", "Name it so: template.yaml.")
    if not plan.waiting:
        return Failure("openjd-empty", "All shots are done.", "There is nothing for a farm to do.")
    for record in plan.waiting:
        record.key = key_of(record, out, keys)
    models = parsed.models.absolute()
    write_manifest(out, plan.records, plan.people, 0, targets)
    write_needs(out, models, targets)
    forget_identity_results(out, plan.people)
    made = template(plan, out, file.parent, sys.executable, PROJECT, models)
    return write_template(file, made, targets)
