"""One way to declare a setting: default, help, unit, range and choices stand together, once."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .failure import Failure


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
    known = {known_option.name: known_option for known_option in options_of(settings_class)}
    checked: dict[str, Any] = {}
    for name, value in values.items():
        if name not in known:
            return Failure(
                "unknown-setting",
                f"{where}: there is no setting '{name}'.",
                f"Known settings: {', '.join(known)}.",
            )
        result = _checked_value(known[name], value, where)
        if isinstance(result, Failure):
            return result
        checked[name] = result
    return settings_class(**checked)


def _checked_value(known: Option, value: Any, where: str) -> Any:
    wrong = None
    if known.kind == "bool":
        wrong = None if isinstance(value, bool) else "true or false"
    elif known.kind in ("int", "float"):
        return _checked_number(known, value, where)
    elif known.kind == "choice":
        assert known.choices is not None
        wrong = None if value in known.choices else f"one of {', '.join(known.choices)}"
    elif not isinstance(value, str):
        wrong = "a text"
    if wrong is not None:
        return Failure("bad-setting", f"{where}: '{known.name}' must be {wrong}, not {value!r}.", known.help)
    return value


def _checked_number(known: Option, value: Any, where: str) -> Any:
    number_types = (int,) if known.kind == "int" else (int, float)
    is_number = isinstance(value, number_types) and not isinstance(value, bool)
    low = known.minimum is None or (is_number and value >= known.minimum)
    high = known.maximum is None or (is_number and value <= known.maximum)
    if is_number and low and high:
        return int(value) if known.kind == "int" else float(value)
    unit = f" {known.unit}" if known.unit else ""
    kind = "a whole number" if known.kind == "int" else "a number"
    bounds = [f"at least {known.minimum:g}{unit}"] if known.minimum is not None else []
    bounds += [f"at most {known.maximum:g}{unit}"] if known.maximum is not None else []
    limits = " of " + " and ".join(bounds) if bounds else ""
    return Failure("bad-setting", f"{where}: '{known.name}' must be {kind}{limits}, not {value!r}.", known.help)
