"""The tracking engine of FLAME Head Tracker. Importing it costs nothing: stages import what they need."""

__version__ = "0.1.0"
