"""Measured tables of the built-in head: where their files are. `tools/` holds the programs that made them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

NEUTRAL_FACE: Final = Path(__file__).with_name("neutral_face.csv")
"""MediaPipe's face mesh of a neutral face (468, 3), millimetres."""
DETECTOR_OFFSETS: Final = Path(__file__).with_name("detector_offsets.csv")
"""Where the detector sees each landmark beside its place on the head (478, 3), millimetres."""
DETECTOR_MOTIONS: Final = Path(__file__).with_name("detector_motions.csv")
"""How far the detector sees landmarks move with each expression."""
DETECTOR_TURNS: Final = Path(__file__).with_name("detector_turns.csv")
"""How the detector's landmarks move across a face when the head turns."""
