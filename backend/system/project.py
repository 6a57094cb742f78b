"""Places in the folder of this program."""

from __future__ import annotations

from pathlib import Path
from typing import Final

PROJECT: Final = Path(__file__).resolve().parents[2]
MODELS: Final = PROJECT / "models"
"""Model files of the user, where no other folder is named."""
