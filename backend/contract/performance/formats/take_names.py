"""Names of takes as Unreal's importer takes them apart: `<date>_<slate>_<take>_<subject>`, with sound of the same stem.

The importer wants more than three parts with underscores between them before it believes the subject, and Faceit finds
the sound beside the CSV by the same stem.
"""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from typing import Final

FACE: Final = "Face"
"""Subject where there is one person."""
_LONGEST: Final = 60
_NOT_IN_A_PART: Final = re.compile(r"[^0-9A-Za-z]+")


@dataclass(frozen=True)
class TakeName:
    """Name of a take.

    Attributes:
        date: Day of the export.
        slate: What was filmed: the clip's name.
        take: Number, from 1.
        subject: Whose face.
    """

    date: datetime.date
    slate: str
    take: int = 1
    subject: str = FACE

    @property
    def stem(self) -> str:
        """Name of the files without their ending: four parts, none of which has an underscore of its own."""
        return f"{self.date:%Y%m%d}_{part(self.slate, 'Clip')}_{self.take}_{part(self.subject, FACE)}"


def part(text: str, otherwise: str) -> str:
    """Return a text as one part of a name: letters and digits of ASCII, with hyphens for everything else."""
    return _NOT_IN_A_PART.sub("-", text)[:_LONGEST].strip("-") or otherwise
