"""The colour of a head without light: which spaces there are, and their files."""

from .albedo_space import mode_names

__all__ = ["mode_names"]
