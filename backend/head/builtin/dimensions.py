"""Lengths and places of the built-in head, metres in the head's axes, shared by its parts.

Sizes of the eyeball, iris and lids after Bron, Tripathi, Tripathi, "Wolff's Anatomy of the Eye and Orbit" (8th ed.);
the frame follows FLAME's: eye centres, jaw hinge and neck joints lie close to those of FLAME's template.
"""

from __future__ import annotations

from typing import Final

import numpy as np

HEAD_VERTICES: Final = 3931

FACE_ORIGIN: Final = np.array([0.0, 0.0215, 0.0315])
"""Where the origin of the measured landmarks (between the eyes) lies in the head."""
EYE_CENTRE: Final = np.array([0.0315, 0.023, 0.0245])
"""Centre of the left eyeball."""
EYE_RADIUS: Final = 0.012
IRIS_RADIUS: Final = 0.0059
PUPIL_RADIUS: Final = 0.0021
LID_RADIUS: Final = EYE_RADIUS + 0.0021
"""Distance of the outer lid edge from the eyeball's centre: a lid is about 2 mm thick at its margin."""
LID_INNER_RADIUS: Final = EYE_RADIUS + 0.0011
LID_WITHIN_RADIUS: Final = EYE_RADIUS + 0.0003

ROOT_JOINT: Final = np.array([0.0, -0.135, -0.055])
NECK_JOINT: Final = np.array([0.0, -0.055, -0.045])
JAW_JOINT: Final = np.array([0.0, -0.006, -0.030])
"""Hinge through both temporomandibular joints, a centimetre in front of the ear canals."""
JAW_OPEN: Final = np.radians(25.0)
"""Jaw rotation at jawOpen 1."""

SPOKES: Final = 36
NECK_CENTRE: Final = np.array([0.0, -0.168, -0.070])
NECK_RADII: Final = (0.080, 0.057)
EAR_CENTRE: Final = np.array([0.0, 0.004, -0.042])
"""Middle of the left ear's footprint; x lies on the skull."""
