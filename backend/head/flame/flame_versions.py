"""Versions of FLAME: how a file is recognised, and what its licence allows, in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from ...contract import licences
from ...contract.licences import Licence


@dataclass(frozen=True)
class FlameVersion:
    """Name for people, and what its licence allows."""

    name: str
    licence: Licence


_FLAME_2017: Final = FlameVersion("FLAME 2017/2019", licences.RESEARCH)
_FLAME_2020: Final = FlameVersion("FLAME 2020", licences.RESEARCH)
_FLAME_2023: Final = FlameVersion("FLAME 2023", licences.RESEARCH)
_FLAME_2023_NO_JAW: Final = FlameVersion("FLAME 2023 without jaw", licences.RESEARCH)
_FLAME_2023_OPEN: Final = FlameVersion("FLAME 2023 Open", licences.OPEN)
_FLAME_OLDER: Final = FlameVersion("FLAME 2017/2019/2020", licences.RESEARCH)
_OPEN_TEMPLATE: Final = FlameVersion("FLAME-layout head on the FLAME 2023 Open template", licences.OPEN_TEMPLATE)
_UNKNOWN: Final = FlameVersion("FLAME-layout head", licences.UNKNOWN)

_BY_HASH: Final = {
    "efcd14cc4a69f3a3d9af8ded80146b5b6b50df3bd74cf69108213b144eba725b": _FLAME_2020,
    "e75a0990728ba038c7da2a420ae4396f7ddd7781366c13026066c5b24f127623": _FLAME_2023_OPEN,
    "8fb1af0db1abb51053ead8fd1f2624a63d01c9602f4a4fb4ea23bd2c82017fa0": _FLAME_2023,
}
"""Of the files as they are published, as several of their users give them."""

_OPEN_EXTENT: Final = np.array([[-0.10978, -0.18724, -0.15323], [0.10777, 0.13212, 0.07509]])
"""Bounding box of the template of FLAME 2023 Open, metres: measured, to tell it from the older templates."""


def recognise(path: Path, sha256: str, content: Mapping[str, Any]) -> FlameVersion:
    """Return the version of a file, from its hash, else from its keys, its template, its name and its folder's.

    Args:
        path: The file.
        sha256: Hash of the file.
        content: Its named values.
    """
    hashed = _BY_HASH.get(sha256)
    if hashed is not None:
        return hashed
    if "supr_expression_metadata" in content:  # a key that only 2023 Open has
        return _FLAME_2023_OPEN
    lower = _plain(path.name)
    template = np.asarray(content["v_template"])
    if np.abs(np.stack([template.min(0), template.max(0)]) - _OPEN_EXTENT).max() < 2e-5:
        return _FLAME_2023_OPEN if "flame2023" in lower and "open" in lower else _OPEN_TEMPLATE
    named = _by_name(lower)
    # A folder such as FLAME2020 says the year where the name of the file does not.
    return _by_name(f"{_plain(path.parent.name)}/{lower}") if named is _FLAME_OLDER else named


def _plain(name: str) -> str:
    return name.lower().replace("-", "_").replace(" ", "_")


def _by_name(lower: str) -> FlameVersion:
    hints = (
        (("flame2023", "open"), _FLAME_2023_OPEN),
        (("flame2023", "no_jaw"), _FLAME_2023_NO_JAW),
        (("flame2023",), _FLAME_2023),
        (("flame2020",), _FLAME_2020),
        (("flame2019",), _FLAME_2017),
        (("flame2017",), _FLAME_2017),
        (("generic_model",), _FLAME_OLDER),
        (("male_model",), _FLAME_OLDER),  # female_model too
    )
    for parts, version in hints:
        if all(part in lower for part in parts):
            return version
    return _UNKNOWN
