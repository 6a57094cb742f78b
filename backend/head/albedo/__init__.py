"""The colour of a head without light: its linear spaces and their files."""

from .albedo_space import mode_names

__all__ = ["mode_names"]
