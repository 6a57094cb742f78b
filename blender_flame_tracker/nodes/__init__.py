"""The node editor: trees of type FLAME Tracker, which become jobs of the engine."""
