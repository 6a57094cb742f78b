"""Flags made from the settings classes: name, type, range, choices and help stand in `contract.settings` alone."""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final

from ..contract.failure import Failure
from ..contract.foreign_text import shown
from ..contract.job import STAGES
from ..contract.options import Option, from_dict, joined_paths, options_of, path_problem

PREFIXED: Final = frozenset({"face", "smooth", "head", "appearance", "exclude", "pins", "arkit", "texture", "export"})
"""Kinds whose settings are called after the kind too: ``--smooth-pose`` says what ``--pose`` would not."""

NAMES: Final[Mapping[tuple[str, str], str]] = {
    ("face", "choose"): "face",
    ("head", "source"): "head",
    ("head", "identity_modes"): "identity-modes",
    ("head", "expression_modes"): "expression-modes",
    ("head", "identity_track"): "identity-track",
    ("head", "identity_clips"): "identity-clips",
    ("fit", "device"): "device",
    ("exclude", "corrections"): "corrections",
    ("pins", "corrections"): "corrections",
}
"""Settings whose flag is called otherwise."""

SHARED: Final[Mapping[tuple[str, str], tuple[str, str]]] = {("pins", "corrections"): ("exclude", "corrections")}
"""Settings that have no flag of their own, and those whose flag they share: one file says what both stages do."""

GIVEN: Final = frozenset(
    {("video", "path"), ("photographs", "path"), ("photographs", "folder"), ("track", "path"), ("report", "folder")}
)
"""Settings that the commands take as VIDEO, PHOTO and --out."""


IMPLIED: Final[Mapping[tuple[str, str], tuple[str, str]]] = {
    ("face", "number"): ("choose", "number"),
    ("face", "point_x"): ("choose", "nearest"),
    ("face", "point_y"): ("choose", "nearest"),
    ("face", "point_frame"): ("choose", "nearest"),
    ("head", "file"): ("source", "file"),
    ("camera", "focal_pixels"): ("focal_mode", "pixels"),
    ("camera", "focal_millimetres"): ("focal_mode", "millimetres"),
    ("camera", "angle_of_view"): ("focal_mode", "angle"),
    ("camera", "lens_file"): ("focal_mode", "file"),
    **{("camera", name): ("principal_point", "known") for name in ("centre_x", "centre_y")},
    **{("camera", name): ("principal_point", "shift") for name in ("shift_x", "shift_y")},
    **{("camera", name): ("distortion", "known") for name in ("k1", "k2", "k3", "p1", "p2")},
    ("arkit", "neutral_frame"): ("neutral", "frame"),
}
"""Settings that count only with a certain choice: giving one makes that choice."""


class HelpFormatter(argparse.HelpFormatter):
    """Keeps the line breaks of a help text: every choice has a line of its own."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=32, width=min(shutil.get_terminal_size().columns, 110))

    def _split_lines(self, text: str, width: int) -> list[str]:
        return [part for line in text.splitlines() for part in super(HelpFormatter, self)._split_lines(line, width)]


def flag_name(kind: str, option: Option) -> str:
    """Return the flag of a setting without its dashes."""
    plain = option.name.replace("_", "-")
    return NAMES.get((kind, option.name), f"{kind}-{plain}" if kind in PREFIXED else plain)


def add_flags(
    parser: argparse.ArgumentParser,
    kinds: Collection[str] = tuple(STAGES),
    left_out: Collection[tuple[str, str]] = frozenset(),
) -> None:
    """Add a group of flags for every kind of stage, or for some; (kind, setting) pairs can be left out."""
    hidden = {*GIVEN, *SHARED, *left_out}
    for kind, spec in STAGES.items():
        if kind not in kinds:
            continue
        options = [option for option in options_of(spec.settings) if (kind, option.name) not in hidden]
        if not options:
            continue
        group = parser.add_argument_group(spec.label, (spec.settings.__doc__ or "").strip())
        for option in options:
            _add(group, kind, option)


def settings_of(arguments: argparse.Namespace, given: Mapping[tuple[str, str], Any]) -> dict[str, Any] | Failure:
    """Return kind -> settings, from flags and from what the command was given in another way.

    The failure names the flag.
    """
    contradiction = _choose_what_is_implied(arguments)
    if contradiction is not None:
        return contradiction
    settings: dict[str, Any] = {}
    for kind, spec in STAGES.items():
        values = {name: value for (of, name), value in given.items() if of == kind}
        for option in options_of(spec.settings):
            value = getattr(arguments, _destination(*SHARED.get((kind, option.name), (kind, option.name))), None)
            if value is None or (kind, option.name) in GIVEN:
                continue
            if option.several:
                value = joined_paths(value)
            checked = from_dict(spec.settings, {option.name: value}, f"--{flag_name(kind, option)}")
            if isinstance(checked, Failure):
                return checked
            if option.kind == "path":  # a job may run in another folder
                value = option.with_paths(value, lambda part: str(Path(part).expanduser().absolute()))
            values[option.name] = value
        result = from_dict(spec.settings, values, spec.label)
        if isinstance(result, Failure):
            return result
        settings[kind] = result
    return settings


def path_argument(text: str) -> Path:
    """Return a path of the command line; one that no disk can have is not understood."""
    problem = path_problem(text)
    if problem is not None:
        raise argparse.ArgumentTypeError(f"{shown(text)} is not {problem}")
    return Path(text)


def _choose_what_is_implied(arguments: argparse.Namespace) -> Failure | None:
    for (kind, name), (choice_name, choice) in IMPLIED.items():
        if getattr(arguments, _destination(kind, name), None) is None:
            continue
        choice_destination = _destination(kind, choice_name)
        chosen = getattr(arguments, choice_destination, None)
        if chosen not in (None, choice):
            options = {option.name: option for option in options_of(STAGES[kind].settings)}
            flag, choice_flag = (f"--{flag_name(kind, options[of])}" for of in (name, choice_name))
            return Failure(
                "flags-contradict",
                f"{flag} counts only with {choice_flag} {choice}, not with {choice_flag} {chosen}.",
                f"Leave out one of the two; {flag} alone chooses {choice}.",
            )
        setattr(arguments, choice_destination, choice)
    return None


def _destination(kind: str, name: str) -> str:
    return f"{kind}.{name}"


def _add(group: Any, kind: str, option: Option) -> None:
    flag = "--" + flag_name(kind, option)
    common: dict[str, Any] = {"dest": _destination(kind, option.name), "default": None, "help": _help(option)}
    if option.kind == "bool":
        group.add_argument(flag, action=argparse.BooleanOptionalAction, **common)
    elif option.kind == "choice":
        assert option.choices is not None
        group.add_argument(flag, choices=tuple(option.choices), **common)
    elif option.kind in ("int", "float"):
        kind_of_number = int if option.kind == "int" else float
        group.add_argument(flag, type=kind_of_number, metavar=_metavar(option), **common)
    elif option.several:
        group.add_argument(flag, metavar="FILE", nargs="+", **common)
    else:
        group.add_argument(flag, metavar="FILE" if option.kind == "path" else "TEXT", **common)


def _metavar(option: Option) -> str:
    return {"s": "SECONDS", "px": "PIXELS", "mm": "MM", "degrees": "DEGREES", "frames/s": "RATE"}.get(option.unit, "N")


def _help(option: Option) -> str:
    text = option.help
    facts = [option.unit] if option.unit else []
    if option.minimum is not None and option.maximum is not None:
        facts.append(f"{option.minimum:g} to {option.maximum:g}")
    elif option.minimum is not None:
        facts.append(f"at least {option.minimum:g}")
    if option.kind == "bool":
        facts.append("default yes" if option.default else "default no")
    elif option.default != "" and option.choices is None:
        default = f"{option.default:g}" if isinstance(option.default, float) else str(option.default)
        facts.append(f"default {default}")
    if option.advanced:
        facts.append("rarely needed")
    if facts:
        text += f" ({', '.join(facts)})"
    for name, meaning in (option.choices or {}).items():
        text += f"\n{name}: {meaning}{' (default)' if name == option.default else ''}"
    return text.replace("%", "%%")
