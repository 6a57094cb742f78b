"""Stage Head of the Person: the head with the identity that several clips have together."""

from __future__ import annotations

from typing import Final

from ..contract.failure import Failure
from ..contract.settings import KnownHeadSettings
from ..data.context import Context
from ..data.stage_code import StageCode
from ..data.types import Person
from ..head.model import HeadModel


def run(head: HeadModel, person: Person, settings: KnownHeadSettings, context: Context) -> HeadModel | Failure:
    """Return the head with the person's identity in its template."""
    from ..head.choosing import with_identity

    return with_identity(head, person.identity)


def summary(output: HeadModel, _settings: KnownHeadSettings) -> str:
    """Name of the model."""
    return f"{output.name} of a known person"


CODE: Final = StageCode(run, keep="nothing", summary=summary)
