"""The table of what the detector sees of the built-in head's expressions; `tools.make_detector_motions` makes it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from ...contract import names
from ...contract.arrays import Floats, Integers

MEASURED: Final = tuple(
    name
    for name in names.ARKIT
    if name.startswith(("mouth", "brow", "nose", "cheek"))
    and name not in ("mouthClose", "mouthFrownLeft", "mouthFrownRight", *names.ARKIT_OF_JOINTS)
)
"""Shapes of the skin. Lids and tongue are not here: lids are told by their openings, the tongue is not seen.
A frown is left out: of painted ones half is seen, with the largest spread over people, and undoing that pulled the
corners of real mouths 5 mm below where they are."""
OPENED: Final = 0.25
"""Radians by which the jaw opens in the table's last columns."""
_UNIT: Final = 1e-4
"""The table's numbers are tenths of a millimetre."""
_STILL: Final = 3e-4
"""Landmarks that the opening jaw is seen to move by less than this, metres, are left where they are."""
_BY_SINE: Final = (9 + 7, 9 + 5)
"""Entries of R - 1 of the jaw that are plus and minus the sine of its opening, see `rig.pose_correctives`."""

HEADER: Final = """\
# What MediaPipe's detector sees landmarks of the built-in head move beside what the head moves them, for one unit of
# each expression and for a jaw that opens by {opened} radians: x (subject's left), y (up), z (forward), tenths of a
# millimetre; row = landmark, three columns each for:
# {shapes} jaw
# Least squares over painted people, symmetric, irises zero.
# Regenerate with: python -m tools.make_detector_motions OUT.csv --task face_landmarker.task
"""


def write_motions(path: Path, motions: Floats) -> None:
    """Write motions (478, 3, M + 1), metres: of the shapes of `MEASURED`, of which the right ones are kept, and of the
    jaw that opens by `OPENED`."""
    kept = [*(MEASURED.index(name) for name in _written()), len(MEASURED)]
    values = np.round(motions[:, :, kept].transpose(0, 2, 1).reshape(len(motions), -1) / _UNIT).astype(int)
    rows = "\n".join(",".join(map(str, row)) for row in values)
    path.write_text(HEADER.format(opened=OPENED, shapes=" ".join(_written())) + rows + "\n", encoding="utf-8")


def read_motions(path: Path, expressions: Sequence[str], mirror: Integers) -> tuple[Floats, Floats]:
    """Return the motions (478, 3, E) of named expressions, 0 for those that the table has not, and correctives.

    Args:
        path: The table.
        expressions: ARKit names (E).
        mirror: Each landmark's mirror image (478,).

    Returns:
        Metres per unit of each expression (478, 3, E), and per entry of R - 1 of the joints (478, 3, 36).
    """
    table = np.loadtxt(path, delimiter=",", comments="#").reshape(names.LANDMARKS, -1, 3) * _UNIT
    motions = np.zeros((names.LANDMARKS, 3, len(expressions)))
    for column, name in enumerate(_written()):
        motions[:, :, expressions.index(name)] = table[:, column]
        if name.endswith("Right"):
            twin = name.removesuffix("Right") + "Left"
            motions[:, :, expressions.index(twin)] = table[mirror, column] * (-1.0, 1.0, 1.0)
    correctives = np.zeros((names.LANDMARKS, 3, 9 * (len(names.JOINTS) - 1)))
    jaw = table[:, -1] / np.sin(OPENED)
    jaw[np.linalg.norm(table[:, -1], axis=1) < _STILL] = 0.0
    for entry, sign in zip(_BY_SINE, (0.5, -0.5), strict=True):
        correctives[:, :, entry] = sign * jaw
    return motions, correctives


def _written() -> tuple[str, ...]:
    return tuple(name for name in MEASURED if not name.endswith("Left"))
