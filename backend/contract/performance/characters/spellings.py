"""Spellings of names: what is left of one when case, separators, sides' spellings and prefixes are ignored."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Final, TypeVar

_COPY: Final = re.compile(r"\.\d{3,}$")
"""Blender's ending of a second datablock of one name."""
_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_a-zA-Z]+")
_DIGITS: Final = re.compile(r"\d+")
_SIDES: Final = {"Left": ("left", "l"), "Right": ("right", "r")}
_LEAST_SHARED: Final = 3
"""Keys that begin (or end) alike before that is taken for a prefix: ``Old_JawOpen`` alone is another key's name."""
COMMON_PREFIXES: Final = frozenset({"ex", "blendshape", "blendshapes", "face", "shp", "arkit", "bs", "head"})
"""Prefixes that count from the first key on: MPFB's ``!ex-``, Maya's ``blendShape1.``, ``Face_``, ``shp_``."""

Meant = TypeVar("Meant")


def without_copy(name: str) -> str:
    """Return a name without Blender's ending ``.001``."""
    return _COPY.sub("", name)


def words_of(name: str) -> tuple[str, ...]:
    """Return the words of a name in lower case, split at separators, capitals and digits."""
    return tuple(word.lower() for word in _WORD.findall(without_copy(name)))


def plain(name: str) -> str:
    """Return a name in lower case without separators."""
    return "".join(words_of(name))


def spellings_of(name: str) -> tuple[str, ...]:
    """Return the plain spellings of a name in camel case that ends in ``Left`` or ``Right``, or in neither.

    ``eyeBlinkLeft`` is also ``eyeblinkl``, ``lefteyeblink`` and ``leyeblink``. ``mouthLeft`` and ``jawLeft`` are no
    sides of something, but ways; of them only the endings are spelled otherwise.
    """
    for side, short in _SIDES.items():
        stem = name.removesuffix(side)
        if stem != name:
            endings = tuple(plain(stem) + each for each in short)
            is_way = stem.lower() in ("mouth", "jaw")
            return endings if is_way else (*endings, *(each + plain(stem) for each in short))
    return (plain(name),)


def find_meant(names: Iterable[str], table: Mapping[str, Meant]) -> dict[str, Meant]:
    """Return what names stand for in a table of plain spellings; each thing that is meant is given to one name only.

    Names may begin or end with more, as in ``Face_JawOpen``, when several of them do so alike.

    Args:
        names: As the character spells them.
        table: Plain spelling -> what it stands for; spellings of one thing have the same (or an equal) one.
    """
    candidates = {name: _candidates(words_of(name), table) for name in names}
    # A name that is in the table itself is not also one with a prefix.
    around = Counter(around for each in candidates.values() if ("", "") not in each for around in each)
    accepted = {around for around, count in around.items() if _is_accepted(around, count)} | {("", "")}
    found: dict[str, Meant] = {}
    taken: list[Meant] = []
    for chosen in sorted(accepted, key=lambda each: (each != ("", ""), -around[each], each)):
        for name, spelled in candidates.items():
            if chosen in spelled and name not in found and table[spelled[chosen]] not in taken:
                found[name] = table[spelled[chosen]]
                taken.append(found[name])
    return {name: found[name] for name in candidates if name in found}


def _candidates(words: tuple[str, ...], table: Collection[str]) -> dict[tuple[str, str], str]:
    """(Beginning, ending) without digits -> plain spelling between them, for all that is in a table."""
    found: dict[tuple[str, str], str] = {}
    for first in range(len(words)):
        for last in range(len(words), first, -1):
            spelled = "".join(words[first:last])
            before, after = "".join(words[:first]), "".join(words[last:])
            if spelled in table and not after.isdigit():
                found.setdefault((_DIGITS.sub("", before), _DIGITS.sub("", after)), spelled)
    return {("", ""): found[("", "")]} if ("", "") in found else found


def _is_accepted(around: tuple[str, str], count: int) -> bool:
    before, after = around
    return count >= _LEAST_SHARED or (before in COMMON_PREFIXES and not after)
