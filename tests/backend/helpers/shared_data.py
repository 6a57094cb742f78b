"""Clips, pictures and heads that are shared beside the checkout; tests that need them say why they are skipped."""

from __future__ import annotations

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[3]
DATA: Final = ROOT.parent / "shared" / "data"
