"""Environment variables for a Python that another Python starts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_OTHER_PYTHONS: Final = ("PYTHON", "VIRTUAL_ENV", "CONDA_", "__PYVENV_LAUNCHER__")
"""How variables begin that would make a Python import from the folders of another one."""


def child_environment(variables: Mapping[str, str], dropped: tuple[str, ...] = ()) -> dict[str, str]:
    """Return the user's variables without those of other Pythons and with UTF-8; proxies and certificates stay.

    Args:
        variables: Of this process.
        dropped: How more variables begin that are left out, in capitals.
    """
    inherited = {
        name: value for name, value in variables.items() if not name.upper().startswith((*_OTHER_PYTHONS, *dropped))
    }
    return {**inherited, "PYTHONNOUSERSITE": "1", "PYTHONUTF8": "1"}
