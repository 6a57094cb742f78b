"""Template of a batch for render farms: an Open Job Description, one task for each shot, and the page at the end.

Made after the specification *Template Schemas*, 2023-09 (OpenJobDescription/openjd-specifications). AWS Deadline Cloud
and others take it. Each task runs ``batch MANIFEST --out DIR --shot NAME``; paths are parameters, which a farm maps.
Shots of people whose identity is not known yet are surveyed before, and wait for the step that finds it.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from ...contract.batch_files import MANIFEST
from ...contract.targets import Targets
from ..capacity import MEMORY_OF_SHOT
from ..people import Person
from ..plan import Plan

SPECIFICATION: Final = "jobtemplate-2023-09"
MOST_SHOTS: Final = 1000
"""Of one step: a list of values may have 1,024."""
ENDING: Final = ".yaml"
"""Of a template's file: readers go by it, and allow a comment there but no fields of ours."""
LONGEST_NAME: Final = 64
"""Of a job, and of a step."""
BRACES: Final = {"OpeningBraces": "{{", "ClosingBraces": "}}"}
"""Parameters for names of shots that have such braces themselves: elsewhere these would begin or end an expression."""
_BRACES: Final = re.compile(r"\{\{|\}\}")
SECONDS_TO_STOP: Final = 30
"""Between the word to stop and the end of a task: what it has done is kept."""


def template(
    plan: Plan, folder: Path, template_folder: Path, python: str, program: Path, models: Path
) -> dict[str, Any]:
    """Return the template.

    Args:
        plan: Of the batch; shots wait in it that are to be tracked.
        folder: Of the batch, with its manifest.
        template_folder: Where the template will lie: from there the default of a path counts.
        python: The engine's Python on the farm's computers.
        program: Folder of this program there.
        models: Folder of model files there.
    """
    relative = os.path.relpath(folder, template_folder)
    records = plan.waiting
    with_braces = any(_BRACES.search(name) for name in [*(each.name for each in records), *_stems(_unknown(plan))])
    return {
        "specificationVersion": SPECIFICATION,
        "name": _BRACES.sub("", f"Track {folder.name}")[:LONGEST_NAME],
        "description": f"{len(records)} shots, tracked by the FLAME Head Tracker",
        "parameterDefinitions": [
            _parameter("Python", "STRING", python, "The engine's Python"),
            _parameter("Program", "STRING", str(program), "Folder of the FLAME Head Tracker"),
            _parameter("Models", "STRING", str(models), "Folder of model files"),
            {
                **_parameter("Batch", "PATH", relative, "Folder of the batch, on a drive that all share"),
                "objectType": "DIRECTORY",
                "dataFlow": "INOUT",
            },
            *(_parameter(name, "STRING", braces, "Of names") for name, braces in BRACES.items() if with_braces),
        ],
        "jobEnvironments": [_environment()],
        "steps": _steps(plan),
    }


def write_template(path: Path, made: dict[str, Any], targets: Targets) -> Path:
    """Write a template as YAML, of which JSON is a part (`TargetRefused`, OSError)."""
    text = json.dumps(made, indent=2, ensure_ascii=False) + "\n"
    return targets.write(path, lambda partial: partial.write_text(text, "utf-8"))


def _parameter(name: str, kind: str, default: str, description: str) -> dict[str, Any]:
    return {"name": name, "type": kind, "default": default, "description": description}


def _environment() -> dict[str, Any]:
    """Return what every session begins with: where the program is, and a check of what the shots need."""
    return {
        "name": "Program",
        "description": "Finds the program, and checks the computer before its first shot",
        "variables": {"PYTHONPATH": "{{Param.Program}}"},
        "script": {"actions": {"onEnter": _action("--check-computer", timeout=300)}},
    }


def _unknown(plan: Plan) -> list[Person]:
    """Return the people whose identity is to be found before their shots are tracked."""
    return [person for person in plan.people if person.surveys]


def _stems(people: Iterable[Person]) -> list[str]:
    return [Path(person.file).stem for person in people]


def _steps(plan: Plan) -> list[dict[str, Any]]:
    """Return all steps: a shot of which nobody is to be found out anything is tracked at once."""
    people = _unknown(plan)
    named = [name for person in people for name in person.surveys]
    waiting = [record.name for record in plan.waiting]
    surveys = _step("Survey", named, "--survey", [])
    identities = _step("Identity", _stems(people), "--identity-of", surveys)
    tracking = [
        *_step("Track", [name for name in waiting if name not in named], "--shot", []),
        *_step("Track People", [name for name in waiting if name in named], "--shot", identities),
    ]
    page = {"name": "Page", "script": {"actions": {"onRun": _action("--collect")}}}
    return [*surveys, *identities, *tracking, _after(tracking, page)]


def _step(name: str, values: Sequence[str], flag: str, before: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return a step with a task for each value, or several where they are too many for one; none where there are none.

    Args:
        name: Of the step.
        values: For the flag.
        flag: Of the command.
        before: Steps that have to be through.
    """
    steps = []
    for number, first in enumerate(range(0, len(values), MOST_SHOTS), 1):
        several = f" {number}" if len(values) > MOST_SHOTS else ""
        parameter = {
            "name": "Name",
            "type": "STRING",
            "range": [_literal(value) for value in values[first : first + MOST_SHOTS]],
        }
        made = {
            "name": f"{name}{several}",
            "parameterSpace": {"taskParameterDefinitions": [parameter]},
            "hostRequirements": {
                "amounts": [
                    {"name": "amount.worker.vcpu", "min": 1},
                    {"name": "amount.worker.memory", "min": -(-MEMORY_OF_SHOT // 2**20)},
                ]
            },
            "script": {"actions": {"onRun": _action(f"{flag}={{{{Task.Param.Name}}}}")}},
        }
        steps.append(_after(before, made))
    return steps


def _after(before: Sequence[Mapping[str, Any]], step: dict[str, Any]) -> dict[str, Any]:
    """Return a step that begins when others are through."""
    return {**step, "dependencies": [{"dependsOn": each["name"]} for each in before]} if before else step


def _literal(name: str) -> str:
    """Return a name so that a template gives it back as it is: its double braces come from parameters."""
    by_braces = {braces: f"{{{{Param.{parameter}}}}}" for parameter, braces in BRACES.items()}
    return _BRACES.sub(lambda match: by_braces[match[0]], name)


def _action(*flags: str, timeout: int | None = None) -> dict[str, Any]:
    made: dict[str, Any] = {
        "command": "{{Param.Python}}",
        "args": ["-B", "-m", "backend", "batch", f"{{{{Param.Batch}}}}/{MANIFEST}", "--out", "{{Param.Batch}}"],
        "cancelation": {"mode": "NOTIFY_THEN_TERMINATE", "notifyPeriodInSeconds": SECONDS_TO_STOP},
    }
    made["args"] += ["--models", "{{Param.Models}}", *flags]
    return made if timeout is None else {**made, "timeout": timeout}
