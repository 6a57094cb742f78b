"""Table of the code that runs each kind of stage: the `CODE` of the file in `stages` that is named after the kind.

A new stage is one such file, with its settings and links in `contract`. The files are light: what computes (torch and
the like) is imported when it is called, so that the program answers at once and a finished job needs none of it.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Final

from ..contract.job import COMMAND_STAGES, STAGES
from ..data.stage_code import StageCode


def _code_of(kind: str) -> StageCode:
    code = importlib.import_module(f"..stages.{kind}", __package__).CODE
    assert isinstance(code, StageCode)
    return code


STAGE_CODE: Final[Mapping[str, StageCode]] = {kind: _code_of(kind) for kind in (*STAGES, *COMMAND_STAGES)}
