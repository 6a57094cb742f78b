"""The colour of a head without light: its linear spaces and their files.

Calls `model`, `geometry`, `regions` and `untrusted`. Start with `albedo_space`, then `albedo_file`.
"""

from .albedo_space import mode_names

__all__ = ["mode_names"]
