"""A job: the graph of stages that a node tree, the panel or the command line asks the engine to run."""

from __future__ import annotations

import json
import os
import reprlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from . import settings as stage_settings
from .checks import is_text
from .failure import Failure
from .foreign_text import shown
from .options import from_dict, to_dict

SCHEMA: Final = 1
MOST_STAGES: Final = 200
"""Of a job; the longest that anybody made has thirty."""


@dataclass(frozen=True)
class StageSpec:
    """What a kind of stage takes and gives.

    Attributes:
        settings: Its settings class.
        inputs: Input name -> type of the data that it takes.
        output: Type of the data that it gives.
        label: Name for people.
        optional: Names of inputs that need not be linked; the engine's own stages have none.
        of_others: Names of inputs that come from other clips. They can be linked any number of times, as ``video``,
            ``video 2``, ``video 3``; what is before them does not belong to the clip that is tracked.
    """

    settings: type
    inputs: Mapping[str, str]
    output: str
    label: str
    optional: frozenset[str] = frozenset()
    of_others: frozenset[str] = frozenset()

    def type_of(self, input_name: str) -> str | None:
        """Return the type of data that an input takes, or None where there is no such input."""
        name, _, number = input_name.partition(" ")
        numbered = name in self.of_others and number.isdecimal() and 2 <= int(number) <= MOST_STAGES
        return self.inputs.get(name if numbered else input_name)


STAGES: Final[Mapping[str, StageSpec]] = {
    "video": StageSpec(stage_settings.VideoSettings, {}, "video", "Video"),
    "photographs": StageSpec(stage_settings.PhotographSettings, {}, "video", "Photographs"),
    "face": StageSpec(stage_settings.FaceSettings, {}, "face", "Face"),
    "head": StageSpec(stage_settings.HeadSettings, {}, "head", "Head Model"),
    "camera": StageSpec(stage_settings.CameraSettings, {"video": "video"}, "camera", "Camera"),
    "landmarks": StageSpec(
        stage_settings.LandmarkSettings, {"video": "video", "face": "face"}, "landmarks", "Landmarks"
    ),
    "exclude": StageSpec(
        stage_settings.ExcludeSettings, {"landmarks": "landmarks", "video": "video"}, "landmarks", "Exclude"
    ),
    "fit": StageSpec(
        stage_settings.FitSettings, {"landmarks": "landmarks", "head": "head", "camera": "camera"}, "fit", "Fit"
    ),
    "appearance": StageSpec(
        stage_settings.AppearanceSettings, {"fit": "fit", "head": "head", "video": "video"}, "fit", "Appearance"
    ),
    "smooth": StageSpec(stage_settings.SmoothSettings, {"fit": "fit"}, "fit", "Smooth"),
    "pins": StageSpec(stage_settings.PinsSettings, {"fit": "fit", "head": "head"}, "fit", "Pins"),
    "arkit": StageSpec(stage_settings.ArkitSettings, {"fit": "fit", "head": "head"}, "fit", "ARKit Weights"),
    "track": StageSpec(stage_settings.TrackFileSettings, {"fit": "fit"}, "track", "Track File"),
    "texture": StageSpec(stage_settings.TextureSettings, {"track": "track", "video": "video"}, "texture", "Texture"),
    "report": StageSpec(stage_settings.ReportSettings, {"track": "track", "video": "video"}, "report", "Report"),
    "export": StageSpec(stage_settings.ExportSettings, {"track": "track", "video": "video"}, "export", "Export"),
}


COMMAND_STAGES: Final[Mapping[str, StageSpec]] = {
    "person": StageSpec(
        stage_settings.FitSettings,
        {"head": "head", "video": "video", "landmarks": "landmarks", "camera": "camera"},
        "person",
        "Identity",
        of_others=frozenset({"video", "landmarks", "camera"}),
    ),
    "known_head": StageSpec(
        stage_settings.KnownHeadSettings, {"head": "head", "person": "person"}, "head", "Head of the Person"
    ),
    "portraits": StageSpec(
        stage_settings.PortraitSettings, {"fit": "fit", "head": "head", "video": "video"}, "portraits", "Portraits"
    ),
}
"""Stages that are added to jobs, by commands or for a setting: without a node, and without a flag of ``track``."""


def spec_of(kind: str) -> StageSpec:
    """Return what a kind of stage takes and gives (KeyError where there is none)."""
    return STAGES[kind] if kind in STAGES else COMMAND_STAGES[kind]


def is_kind(kind: str) -> bool:
    """Whether there is such a kind of stage."""
    return kind in STAGES or kind in COMMAND_STAGES


@dataclass(frozen=True)
class Stage:
    """One stage of a job.

    Attributes:
        name: Unique in the job.
        kind: Key of `STAGES` or `COMMAND_STAGES`.
        settings: Instance of the settings class of that kind.
        inputs: Input name -> name of the stage that gives it.
        clip: Name of the file that it is about, for people, where that is not the clip that is tracked.
    """

    name: str
    kind: str
    settings: Any
    inputs: Mapping[str, str]
    clip: str = ""

    @property
    def label(self) -> str:
        """Its name for people."""
        label = spec_of(self.kind).label
        return f"{label} of {self.clip}" if self.clip else label


@dataclass(frozen=True)
class Job:
    """A valid graph of stages, in an order in which they can run.

    Attributes:
        stages: In that order.
        overwrite: Whether files may be replaced that the program did not write; jobs need not say so.
    """

    stages: tuple[Stage, ...]
    overwrite: bool = False

    def stage(self, name: str) -> Stage:
        """Return the stage of that name (KeyError where there is none)."""
        for stage in self.stages:
            if stage.name == name:
                return stage
        raise KeyError(name)

    def to_json(self) -> str:
        """Return the job as JSON text, readable by `parse_job`."""
        stages = [
            {"name": s.name, "kind": s.kind, "settings": to_dict(s.settings), "inputs": dict(s.inputs)}
            for s in self.stages
        ]
        permission = {"overwrite": True} if self.overwrite else {}
        return json.dumps({"schema": SCHEMA, **permission, "stages": stages}, indent=2)


ON_REQUEST: Final = ("exclude", "appearance", "pins", "arkit", "texture", "export")
"""Kinds that are part of the usual job only where somebody asks for them: they cost time, write what few need, or need
somebody's corrections."""

SUBSTITUTES: Final[Mapping[str, str]] = {"photographs": "video"}
"""Kinds that take the place of another one where somebody asks for them; they give the same type."""


def default_job(settings: Mapping[str, Any], added: Collection[str] = ()) -> Job:
    """Return the job of the panel and of ``track``: every kind once, named after its kind.

    Args:
        settings: Kind -> settings instance; kinds left out have their defaults.
        added: Which of the kinds of `ON_REQUEST` and `SUBSTITUTES` are part of it.
    """
    substitutes = {replaced: kind for kind, replaced in SUBSTITUTES.items() if kind in added}
    optional = {*ON_REQUEST, *SUBSTITUTES, *substitutes} - set(added)
    links = {
        "fit": {"landmarks": "exclude" if "exclude" in added else "landmarks", "head": "head", "camera": "camera"},
        "smooth": {"fit": "appearance" if "appearance" in added else "fit"},
        "pins": {"fit": "smooth", "head": "head"},
        "arkit": {"fit": "pins" if "pins" in added else "smooth", "head": "head"},
        "track": {"fit": next(kind for kind in ("arkit", "pins", "smooth") if kind in {*added, "smooth"})},
    }
    stages = []
    for kind, spec in STAGES.items():
        if kind not in optional:
            inputs = links.get(kind, {name: substitutes.get(name, name) for name in spec.inputs})
            stages.append(Stage(kind, kind, settings.get(kind, spec.settings()), inputs))
    return Job(tuple(stages))


def parse_job(text: str) -> Job | Failure:
    """Read a job from JSON text and validate it; the failure names the stage and the field."""
    data = _parsed_json(text)
    if isinstance(data, Failure):
        return data
    if not isinstance(data, dict) or not isinstance(data.get("stages"), list):
        return Failure("job-shape", "The job has no list 'stages'.", 'A job looks like {"schema": 1, "stages": [...]}.')
    if data.get("schema") != SCHEMA:
        return Failure(
            "job-schema",
            f"The job has schema {_quoted(data.get('schema'))}; this program reads {SCHEMA}.",
            "Use matching versions of add-on and engine.",
        )
    if len(data["stages"]) > MOST_STAGES:
        return Failure(
            "job-too-long",
            f"The job has {len(data['stages'])} stages; {MOST_STAGES} is the limit.",
            "Split it into several jobs; they share finished work.",
        )
    stages: list[Stage] = []
    for number, entry in enumerate(data["stages"]):
        stage = _parse_stage(entry, number)
        if isinstance(stage, Failure):
            return stage
        stages.append(stage)
    overwrite = data.get("overwrite", False)
    if not isinstance(overwrite, bool):
        return Failure("job-shape", f"The job's 'overwrite' is {_quoted(overwrite)}.", "It must be true or false.")
    job = validate(stages)
    return job if isinstance(job, Failure) else replace(job, overwrite=overwrite)


def _parsed_json(text: str) -> Any | Failure:
    """Return what a text in JSON says."""
    advice = "Write it again with the node editor or `track`."
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        return Failure("job-not-json", f"The job is not valid JSON: {error}.", advice)
    except (ValueError, RecursionError):
        sentence = "The job holds a number with thousands of digits, or brackets nested thousands deep."
        return Failure("job-not-json", sentence, advice)


def _quoted(value: Any) -> str:
    """Return how a value of a job is shown in a sentence."""
    return shown(reprlib.repr(value))


def _parse_stage(entry: Any, number: int) -> Stage | Failure:
    if not isinstance(entry, dict) or not is_text(entry.get("name")) or not entry["name"]:
        return Failure(
            "job-stage", f"Stage number {number} of the job has no name.", "Every stage needs 'name' and 'kind'."
        )
    name, kind = entry["name"], entry.get("kind")
    if not isinstance(kind, str) or not is_kind(kind):
        return Failure(
            "job-kind",
            f"Stage '{shown(name)}': there is no kind {_quoted(kind)}.",
            f"Known kinds: {', '.join(STAGES)}.",
        )
    inputs = entry.get("inputs", {})
    values = entry.get("settings", {})
    if not isinstance(inputs, dict) or not isinstance(values, dict):
        return Failure("job-stage", f"Stage '{name}': 'inputs' and 'settings' must be objects.", "Write the job again.")
    for input_name, source in inputs.items():
        if not isinstance(source, str):
            return Failure(
                "job-input",
                f"Stage '{name}': its input '{input_name}' must be the name of a stage, not {_quoted(source)}.",
                "Link one stage to it.",
            )
    settings = from_dict(spec_of(kind).settings, values, f"Stage '{name}'")
    if isinstance(settings, Failure):
        return settings
    return Stage(name, kind, settings, inputs)


_WRITES_TO_PATH: Final = ("track", "texture")
"""Kinds whose setting ``path`` names a file that they write."""


def validate(stages: list[Stage], settled: bool = True) -> Job | Failure:
    """Check names, links, types and cycles, and put the stages in an order in which they can run.

    Args:
        stages: Of the job.
        settled: Whether their settings are the ones that will be used: then no two may write one file.
    """
    if not stages:
        return Failure("job-empty", "The job has no stages.", "Add at least a video and a stage that uses it.")
    by_name: dict[str, Stage] = {}
    for stage in stages:
        if stage.name in by_name:
            return Failure("job-name", f"Two stages are called '{stage.name}'.", "Give every stage its own name.")
        by_name[stage.name] = stage
    shared = _shared_file(stages) if settled else None
    if shared is not None:
        return shared
    for stage in stages:
        problem = _link_problem(stage, by_name)
        if problem is not None:
            return problem
    return _ordered(by_name)


def _shared_file(stages: list[Stage]) -> Failure | None:
    """Refuse two stages that write one file: the later one would silently replace what the other made."""
    writers: dict[str, Stage] = {}
    for stage in stages:
        if stage.kind not in _WRITES_TO_PATH or not stage.settings.path:
            continue
        file = os.path.normcase(os.path.normpath(stage.settings.path))
        if file in writers:
            return Failure(
                "job-file",
                f"The stages '{shown(writers[file].name)}' and '{shown(stage.name)}' both write {stage.settings.path}.",
                "Give each its own file.",
            )
        writers[file] = stage
    return None


def _link_problem(stage: Stage, by_name: Mapping[str, Stage]) -> Failure | None:
    spec = spec_of(stage.kind)
    wanted = spec.inputs
    for name, wanted_type in {**wanted, **{name: spec.type_of(name) for name in stage.inputs}}.items():
        if wanted_type is None:
            return Failure(
                "job-input",
                f"Stage '{stage.name}' has no input '{name}'.",
                f"Its inputs: {', '.join(wanted) or 'none'}.",
            )
        if name not in stage.inputs:
            return Failure(
                "job-input",
                f"Stage '{stage.name}': its input '{name}' is not linked.",
                f"Link a stage that gives '{wanted_type}'.",
            )
        source = by_name.get(stage.inputs[name])
        if source is None:
            return Failure(
                "job-input",
                f"Stage '{stage.name}': its input '{name}' names '{stage.inputs[name]}', which is not in the job.",
                "Add that stage or link another.",
            )
        given = spec_of(source.kind).output
        if given != wanted_type:
            return Failure(
                "job-type",
                f"Stage '{stage.name}': its input '{name}' takes '{wanted_type}', but '{source.name}' gives '{given}'.",
                "Link a stage of the right kind.",
            )
    return None


def _ordered(by_name: Mapping[str, Stage]) -> Job | Failure:
    done: dict[str, Stage] = {}
    waiting = dict(by_name)
    while waiting:
        ready = [stage for stage in waiting.values() if all(source in done for source in stage.inputs.values())]
        if not ready:
            return Failure(
                "job-cycle",
                f"The stages {', '.join(sorted(waiting))} wait for each other.",
                "Remove the link that closes the circle.",
            )
        for stage in ready:
            done[stage.name] = waiting.pop(stage.name)
    return Job(tuple(done.values()))
