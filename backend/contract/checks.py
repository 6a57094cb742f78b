"""Checks of plain data from outside: texts, numbers, lists and objects, each answered with yes or no."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any, Final

Check = Callable[[Any], bool]

LONGEST_TEXT: Final = 10_000
"""Letters of a name or a sentence."""
MOST_ENTRIES: Final = 100_000
"""Of a list."""
LARGEST_NUMBER: Final = 1e15
LARGEST_WHOLE: Final = 2**31 - 1
"""What Blender and the arrays of files can hold."""


def parse_json(text: str | bytes, check: Check) -> Any:
    """Return what a text in JSON says where it passes the check, None where it does not or is no JSON."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):  # Also numbers of thousands of digits, and thousands of brackets.
        return None
    return data if check(data) else None


def is_object(value: Any) -> bool:
    """Whether this is an object, whatever is in it."""
    return isinstance(value, dict)


def is_text(value: Any) -> bool:
    """Whether this is a text that any program can show: not endless, no NUL, no half letters."""
    return isinstance(value, str) and len(value) <= LONGEST_TEXT and "\0" not in value and _can_be_written(value)


def is_path(value: Any) -> bool:
    """Whether this is a text that can name a file; names that are not UTF-8 have a form of their own in Python."""
    is_name = isinstance(value, str) and len(value) <= LONGEST_TEXT and "\0" not in value
    return is_name and _can_be_written(value, "surrogateescape")


def _can_be_written(text: str, errors: str = "strict") -> bool:
    try:
        text.encode("utf-8", errors)
    except UnicodeEncodeError:
        return False
    return True


def is_number(value: Any, least: float = -LARGEST_NUMBER, most: float = LARGEST_NUMBER) -> bool:
    """Whether this is a number in a range, both ends included."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and least <= value <= most


def is_real(value: Any) -> bool:
    """Whether this is a finite number of any size that fits into 64 bits."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    try:
        return math.isfinite(float(value))
    except OverflowError:  # Whole numbers have no largest one.
        return False


def is_whole(value: Any, least: int = 0, most: int = LARGEST_WHOLE) -> bool:
    """Whether this is a whole number in a range, both ends included."""
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def is_yes_or_no(value: Any) -> bool:
    """Whether this is true or false."""
    return isinstance(value, bool)


def maybe(check: Check) -> Check:
    """Return whether a value is null or passes the check."""
    return lambda value: value is None or check(value)


def list_of(check: Check, count: int | None = None) -> Check:
    """Return whether a value is a list, of so many where that is given, all of which pass the check."""
    return lambda value: (
        isinstance(value, list)
        and (len(value) <= MOST_ENTRIES if count is None else len(value) == count)
        and all(check(each) for each in value)
    )


def mapping_of(check: Check) -> Check:
    """Return whether a value is an object with texts as names, all values of which pass the check."""
    return lambda value: isinstance(value, dict) and all(is_text(name) and check(each) for name, each in value.items())


def object_with(needed: dict[str, Check], optional: dict[str, Check] | None = None) -> Check:
    """Return whether a value is an object that has what is needed, and what is optional right or not at all.

    Other fields are passed over: newer versions may have them.
    """
    optional_checks = optional or {}
    return lambda value: (
        isinstance(value, dict)
        and all(name in value and check(value[name]) for name, check in needed.items())
        and all(check(value[name]) for name, check in optional_checks.items() if name in value)
    )
