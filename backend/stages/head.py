"""Stage Head Model: the head that is fitted, with the identity of an earlier track where that is asked for."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from ..contract.failure import Failure
from ..contract.model_files import files_of_head
from ..contract.settings import HeadSettings
from ..data.context import Context
from ..data.stage_code import LONGEST_SUMMARY, StageCode, shortened
from ..head.model import HeadModel


def run(settings: HeadSettings, context: Context) -> HeadModel | Failure:
    """Return the head model; see `head.choosing`."""
    from ..head.choosing import chosen_head

    return chosen_head(settings, context)


def files(settings: HeadSettings, models: Path) -> Iterable[Path]:
    """Model files with what lies beside them, and the track whose identity is taken over."""
    paths = files_of_head(settings.source, settings.file, models)
    if settings.identity_track:
        paths.append(Path(settings.identity_track))
    return paths


def reads(settings: HeadSettings, _models: Path) -> Iterable[Path]:
    """The file of the head, and the track whose identity is taken over."""
    return [
        Path(text) for text in (settings.file if settings.source == "file" else "", settings.identity_track) if text
    ]


def summary(output: HeadModel, settings: HeadSettings) -> str:
    """Name of the model, and what may be done with it."""
    name = output.name + (" of a known person" if settings.identity_track else "")
    research = "non-commercial" in output.licence
    both = f"{name}, {'research only' if research else re.split('[:;]', output.licence)[0]}"
    return both if len(both) <= LONGEST_SUMMARY else shortened(name)


CODE: Final = StageCode(run, keep="nothing", files=files, reads=reads, summary=summary)
