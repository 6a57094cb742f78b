"""State of the engine's environment as the preferences show it: why, how far, and what helps. No `bpy` here."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from ...backend.contract.events import entries_of, number_of, text_of
from ...backend.contract.failure import Failure
from ...backend.contract.installation import (
    ENGINE,
    Condition,
    Layout,
    current_environment,
    inspect_engine,
    installed_packages,
    site_packages_of,
)
from ...backend.contract.supervision.process import Engine

ROOT: Final = Path(__file__).resolve().parents[2]
"""Folder of the add-on: it holds `backend`, `requirements` and `install_deps.py`."""


class EngineState(enum.Enum):
    """Where the environment is; each has the one button that helps."""

    NOT_INSTALLED = "not installed"
    CHECKING = "checking"
    INSTALLING = "installing"
    READY = "ready"
    OUTDATED = "outdated"
    BROKEN = "broken"
    CANCELLED = "cancelled"


_STATES: Final = {
    Condition.ABSENT: EngineState.NOT_INSTALLED,
    Condition.COMPLETE: EngineState.READY,
    Condition.OUTDATED: EngineState.OUTDATED,
    Condition.BROKEN: EngineState.BROKEN,
}

# What the installer advises is said to somebody at a terminal; these are the same in Blender's words.
_ADVICE: Final = {
    "disk-full": "Make room, or choose an engine folder on another disk below.",
    "path-too-long": "Choose a shorter engine folder below, e.g. C:\\flame.",
    "target-not-ours": "Choose an empty folder, or one that does not exist yet, as the engine folder below.",
    "target-of-another": "Update it there with install_deps.py, or choose another engine folder below.",
    "target-not-writable": "Choose an engine folder below that you may write to.",
    "permission-denied": "Close other programs that use the engine, or choose another engine folder below.",
    "wheelhouse-missing": "Choose another wheel folder below, or leave it empty to download the packages.",
    "wheels-missing": "Fill it with 'pip download' on a computer of the same kind, or leave the wheel folder empty.",
    "package-missing": "If you use a package index of your own, it must offer this version.",
    "network-down": "Check the connection and try again; what was downloaded is kept.",
    "driver-missing": "Install NVIDIA's driver, or set Graphics Processor to Automatic below.",
    "python-unsuitable": "Choose another Python below, or leave the field empty.",
    "installer-running": "Wait until it has ended, or quit the Blender or the terminal in which it runs.",
    "wrong-torch-build": "Look into the log; a package index of your own may offer only the other one.",
}


_ANOTHER_FOLDER: Final = "Choose another Engine Folder, or empty that field."


@dataclass
class Progress:
    """How far an installation is.

    Attributes:
        stage: Label of the part of the work.
        what: What happens now, for the user.
        fraction: Share of the whole, 0 to 1.
        seconds: Since it began.
        seconds_left: None while unknown.
    """

    stage: str = ""
    what: str = ""
    fraction: float = 0.0
    seconds: float = 0.0
    seconds_left: float | None = None


@dataclass
class Environment:
    """What is known of the engine's folder. `installer` feeds it with events; the preferences show it.

    Attributes:
        folder: The engine's folder.
        state: See `EngineState`.
        reason: Why it is broken, outdated or could not be installed, in one sentence.
        advice: What to do about it.
        progress: While it is being installed.
        versions: Packages and their versions, when it is there.
        python: Version of its Python, as ``3.11``.
        device: What it computes on; empty where unknown.
        checked: Whether everything was imported since Blender was started.
        plan: What installing would do, as `install_deps.py --plan` says; empty while that was not asked.
        notices: What the user should know about the latest installation.
        log: Where the details are.
    """

    folder: Path
    state: EngineState = EngineState.NOT_INSTALLED
    reason: str = ""
    advice: str = ""
    progress: Progress = field(default_factory=Progress)
    versions: dict[str, str] = field(default_factory=dict)
    python: str = ""
    device: str = ""
    checked: bool = False
    plan: dict[str, Any] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)
    weights: dict[str, float] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)

    @property
    def log(self) -> Path:
        """All that was said while installing."""
        return Layout(self.folder).log

    @property
    def busy(self) -> bool:
        """Whether a process is at work on it."""
        return self.state in (EngineState.CHECKING, EngineState.INSTALLING)

    def look(self) -> None:
        """Read what lies in the folder: four small files and the names of its packages, no process."""
        layout = Layout(self.folder)
        found = inspect_engine(layout, ROOT / "requirements")
        self.state = _STATES[found.condition]
        self.reason, self.advice = _sentence(found.reason), ""
        if found.condition is Condition.ABSENT and _holds_other_files(self.folder):
            self.reason, self.advice = f"There is no engine in {self.folder}: it holds other files.", _ANOTHER_FOLDER
        self.checked = False
        self.python, self.versions, self.device = "", {}, ""
        environment = current_environment(layout, ENGINE)
        if environment is not None and found.stamp is not None:
            self.python = found.stamp.python
            self.versions = installed_packages(site_packages_of(environment, found.stamp.python))
            self.device = "NVIDIA GPU" if found.stamp.torch == "cuda" else "processor"

    def begin(self, state: EngineState, what: str) -> None:
        """Note that a process has begun."""
        self.state, self.reason, self.advice = state, "", ""
        self.progress = Progress(what=what)
        self.notices = []
        self.weights, self.labels = {}, {}

    def take(self, event: Mapping[str, Any]) -> None:
        """Apply an event of the installer. Fields that are missing or of the wrong kind are passed over."""
        kind = event.get("event")
        if kind == "job":
            self._take_job(event)
        elif kind == "stage" and event.get("state") == "running":
            self._take_stage(event)
        elif kind == "progress":
            self._take_progress(event)
        elif kind == "notice" and isinstance(event.get("sentence"), str):
            self.notices.append(event["sentence"])

    def fail(self, failure: Failure) -> None:
        """Note why the work ended. What was ready before still is, and is shown as that with the reason beside."""
        self.look()
        if self.state is EngineState.NOT_INSTALLED:
            self.state = EngineState.BROKEN
        self.reason, self.advice = failure.sentence, _ADVICE.get(failure.code, failure.advice)

    def take_plan(self, plan: dict[str, Any]) -> None:
        """Keep what ``--plan`` found out, its advice in Blender's words."""
        said = [
            {**each, "advice": _ADVICE.get(text_of(each, "code"), text_of(each, "advice"))}
            for each in entries_of(plan, "problems")
        ]
        self.plan = {**plan, "problems": said}

    def cancelled(self) -> None:
        """Note that the user stopped the work; an engine that was there before is there still."""
        self.look()
        if self.state is EngineState.NOT_INSTALLED:
            self.state = EngineState.CANCELLED

    def take_state(self, state: Mapping[str, Any]) -> None:
        """Apply what ``--state`` or ``--check`` found out."""
        self.look()
        found = {condition.value: shown for condition, shown in _STATES.items()}.get(str(state.get("state")))
        if found is None:
            return
        self.state = found
        reason = state.get("reason")
        if isinstance(reason, str) and reason:
            self.reason = _sentence(reason)
        advice, device = state.get("advice"), state.get("device")
        self.advice = advice if isinstance(advice, str) else ""
        if isinstance(device, str) and device:
            self.device = device
            self.checked = found is EngineState.READY

    def _take_job(self, event: Mapping[str, Any]) -> None:
        for stage in entries_of(event, "stages"):
            weight = number_of(stage, "weight")
            if weight is not None:
                self.weights[text_of(stage, "name")] = weight
                self.labels[text_of(stage, "name")] = text_of(stage, "label")

    def _take_stage(self, event: Mapping[str, Any]) -> None:
        self.progress.stage = self.labels.get(str(event.get("name")), "")
        self.progress.fraction = self._before(str(event.get("name")))
        self.progress.seconds_left = None

    def _take_progress(self, event: Mapping[str, Any]) -> None:
        name, done, total = text_of(event, "name"), number_of(event, "done"), number_of(event, "total")
        self.progress.what = text_of(event, "text") or self.progress.what
        self.progress.seconds_left = number_of(event, "seconds_left")
        if done is not None and total is not None and total > 0 and name in self.weights:
            self.progress.fraction = self._before(name) + self.weights[name] * min(1.0, done / total)

    def _before(self, name: str) -> float:
        """Return the share of the stages before one; those that are not needed count as done."""
        names = list(self.weights)
        return sum(self.weights[each] for each in names[: names.index(name)]) if name in names else 0.0


def _sentence(text: str) -> str:
    """Return half a sentence as a whole one; names of files keep their small letters."""
    if not text:
        return ""
    first = text[0].upper() if text.partition(" ")[0].isalpha() else text[0]
    return f"{first}{text[1:].rstrip('.')}."


def _holds_other_files(folder: Path) -> bool:
    """Whether a folder without an engine holds something else, so that none can be made in it."""
    try:
        return not Layout(folder).marker.is_file() and any(folder.iterdir())
    except OSError:
        return False


def engine_in(folder: Path) -> Engine | Failure:
    """Return the engine that lies in a folder now, or say why there is none and what to do."""
    found = inspect_engine(Layout(folder), ROOT / "requirements")
    if found.condition is Condition.COMPLETE:
        return Engine(Layout(folder).python, ROOT)
    if found.condition is Condition.ABSENT and _holds_other_files(folder):
        return Failure(
            "engine-elsewhere",
            f"There is no tracking engine in {folder}: it holds other files.",
            f"{_ANOTHER_FOLDER} It stands in the preferences of the add-on.",
        )
    if found.condition is Condition.ABSENT:
        return Failure(
            "engine-not-installed",
            "The tracking engine is not installed yet.",
            "Press Install Engine in the preferences of the add-on.",
        )
    if found.condition is Condition.OUTDATED:
        return Failure(
            "engine-outdated",
            f"The tracking engine is outdated: {found.reason}.",
            "Press Update Engine in the preferences of the add-on.",
        )
    return Failure(
        "engine-broken",
        f"The tracking engine is broken: {found.reason}.",
        "Press Repair Engine in the preferences of the add-on.",
    )


def chosen_folder(folder: Path) -> Path:
    """Return the engine's folder for one that the user chose: its own ``.venv`` where a checkout was chosen."""
    inside = folder / ".venv"
    return inside if not Layout(folder).marker.is_file() and Layout(inside).marker.is_file() else folder
