"""One way to declare a setting: default, help, unit, range and choices stand together, once."""

from __future__ import annotations

import dataclasses
import functools
import math
import os
import reprlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from .checks import LARGEST_NUMBER, LARGEST_WHOLE, is_number, is_path, is_text
from .failure import Failure
from .foreign_text import shown

SEPARATOR: Final = "|"
"""Between the paths of a setting that takes several."""
_LONGEST_NAME: Final = 255
_LONGEST_PATH: Final = 4095
"""Bytes that the file systems of all systems take."""


@dataclass(frozen=True)
class Option:
    """What panel, nodes and command line need to know of one setting.

    Attributes:
        name: Field name.
        kind: ``bool``, ``int``, ``float``, ``str``, ``choice`` or ``path``.
        default: Default value.
        label: What stands beside the field, as Blender writes it.
        help: One line: what it does and when to change it.
        unit: Unit of the number, empty where it has none.
        minimum, maximum: Allowed range of a number, None where open.
        choices: Allowed values of a choice, with a line of help each.
        choice_labels: How choices are called in a menu where their own name, with capitals, would not do.
        advanced: Hidden until asked for.
        names: What a text names in Blender, whose names are suggested: ``collections``, or ``imports`` for those
            collections that hold a track; empty for any text.
        ending: What the name of a file that is written must end in, as its form follows from that; empty is any.
        several: Whether a path may be several, with `SEPARATOR` between them.
    """

    name: str
    kind: str
    default: Any
    label: str
    help: str
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    choices: Mapping[str, str] | None = None
    choice_labels: Mapping[str, str] = field(default_factory=dict)
    advanced: bool = False
    names: str = ""
    ending: str = ""
    several: bool = False

    def paths_of(self, text: str) -> list[str]:
        """Return the paths that a setting of this kind names: one, or several."""
        return split_paths(text) if self.several else [text]

    def with_paths(self, text: str, change: Callable[[str], str]) -> str:
        """Return the setting with another path for each that it names."""
        return joined_paths(map(change, self.paths_of(text)))

    def choice_label(self, choice: str) -> str:
        """Return how a choice is called in a menu."""
        return self.choice_labels.get(choice) or title_case(choice)


def option(
    default: Any,
    help: str,  # noqa: A002 - the word that argparse and Blender use
    *,
    label: str = "",
    unit: str = "",
    minimum: float | None = None,
    maximum: float | None = None,
    choices: Mapping[str, str] | None = None,
    choice_labels: Mapping[str, str] | None = None,
    path: bool = False,
    advanced: bool = False,
    names: str = "",
    ending: str = "",
    several: bool = False,
) -> Any:
    """Declare a field of a settings dataclass, with all that its views need in `field.metadata`.

    What the arguments mean stands at `Option`. A label is given where the field's own name, with capitals, would say
    too little to someone who animates.
    """
    if choices is not None:
        kind = "choice"
    elif path:
        kind = "path"
    else:
        kind = type(default).__name__
    metadata = {
        "kind": kind,
        "label": label,
        "help": help,
        "unit": unit,
        "minimum": minimum,
        "maximum": maximum,
        "choices": choices,
        "choice_labels": choice_labels or {},
        "advanced": advanced,
        "names": names,
        "ending": ending,
        "several": several,
    }
    return dataclasses.field(default=default, metadata=metadata)


def options_of(settings: Any) -> tuple[Option, ...]:
    """Return the options of a settings class or instance, in the order of their declaration."""
    return _declared(settings if isinstance(settings, type) else type(settings))


@functools.cache
def _declared(settings_class: type) -> tuple[Option, ...]:
    """Return the options of a class; asked for whenever a node is drawn."""
    return tuple(
        Option(
            name=each.name,
            default=each.default,
            **{**each.metadata, "label": each.metadata["label"] or title_case(each.name)},
        )
        for each in dataclasses.fields(settings_class)
    )


def title_case(name: str) -> str:
    """Return the name of a setting, a choice or an input as Blender writes names: words with capitals."""
    return name.replace("_", " ").title()


def to_dict(settings: Any) -> dict[str, Any]:
    """Return the values of a settings instance as plain data for JSON."""
    return dataclasses.asdict(settings)


def from_dict(settings_class: type, values: Mapping[str, Any], where: str) -> Any | Failure:
    """Make a settings instance from plain data, checking every field.

    Args:
        settings_class: The frozen dataclass.
        values: Field names and values; missing fields keep their defaults.
        where: What the values belong to, for the message, e.g. ``stage 'fit'``.

    Returns:
        The instance, or a `Failure` that names the field, what was expected and what was found.
    """
    declared = {each.name: each for each in options_of(settings_class)}
    checked: dict[str, Any] = {}
    for name, value in values.items():
        if name not in declared:
            return Failure(
                "unknown-setting",
                f"{where}: there is no setting '{shown(name)}'.",
                f"Known settings: {', '.join(declared)}.",
            )
        result = _checked_value(declared[name], value, where)
        if isinstance(result, Failure):
            return result
        checked[name] = result
    return settings_class(**checked)


def _checked_value(declared: Option, value: Any, where: str) -> Any:
    wrong = None
    if declared.kind == "bool":
        wrong = None if isinstance(value, bool) else "true or false"
    elif declared.kind in ("int", "float"):
        return _checked_number(declared, value, where)
    elif declared.kind == "choice":
        assert declared.choices is not None
        wrong = (
            None if isinstance(value, str) and value in declared.choices else f"one of {', '.join(declared.choices)}"
        )
    elif not isinstance(value, str):
        wrong = "a text"
    elif declared.kind == "path":
        wrong = path_problem(value)
        if wrong is None and value and not value.lower().endswith(declared.ending):
            wrong = f"the name of a file that ends in {declared.ending}"
    elif not is_text(value):
        wrong = "a text of at most 10000 characters"
    return value if wrong is None else _bad_setting(declared, wrong, value, where)


def split_paths(text: str) -> list[str]:
    """Return the paths that a setting for several names, as they are written there."""
    return [part for part in (each.strip() for each in text.split(SEPARATOR)) if part]


def joined_paths(paths: Iterable[str]) -> str:
    """Return the setting that names several paths."""
    return SEPARATOR.join(paths)


def path_problem(text: str) -> str | None:
    """Return what a path, or several with | between them, must be and is not; whether it is there, it does not tell."""
    if "\0" in text or not all(is_path(part) for part in text.split(SEPARATOR)):
        return "a valid path"
    for part in map(Path, text.split(SEPARATOR)):
        names = [len(os.fsencode(name)) for name in part.parts]
        if max(names, default=0) > _LONGEST_NAME or sum(names) + len(names) > _LONGEST_PATH:
            return f"a path of at most {_LONGEST_PATH} characters, each name in it of at most {_LONGEST_NAME}"
        try:
            part.expanduser()
        except RuntimeError:
            return "a path in the home folder of a user of this computer"
    return None


def _checked_number(declared: Option, value: Any, where: str) -> Any:
    number_types = (int,) if declared.kind == "int" else (int, float)
    least, most = (-LARGEST_WHOLE, LARGEST_WHOLE) if declared.kind == "int" else (-LARGEST_NUMBER, LARGEST_NUMBER)
    least = least if declared.minimum is None else declared.minimum
    most = most if declared.maximum is None else declared.maximum
    if isinstance(value, number_types) and is_number(value, least, most):
        return int(value) if declared.kind == "int" else float(value)
    unit = f" {declared.unit}" if declared.unit else ""
    kind = "a whole number" if declared.kind == "int" else "a number"
    bounds = [f"at least {declared.minimum:g}{unit}"] if declared.minimum is not None else []
    bounds += [f"at most {most:g}{unit}"] if declared.maximum is not None or is_number(value, most, math.inf) else []
    limits = " of " + " and ".join(bounds) if bounds else ""
    return _bad_setting(declared, kind + limits, value, where)


def _bad_setting(declared: Option, wanted: str, value: Any, where: str) -> Failure:
    given = shown(reprlib.repr(value))
    return Failure("bad-setting", f"{where}: '{declared.name}' must be {wanted}, not {given}.", f"{declared.help}.")
