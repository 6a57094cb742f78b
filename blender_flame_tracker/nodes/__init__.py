"""The node editor: trees of type FLAME Tracker, which become jobs of the engine, and what is known of every node.

Calls `scene`, `preferences`, `engine` and the files at the add-on's root. Start reading at `tree` and `compile`; how
to add a node stands in CONTRIBUTING.md.
"""
