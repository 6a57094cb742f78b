"""The node editor: trees of type FLAME Tracker, which become jobs of the engine, and what is known of every node.

Calls `scene`, `preferences` and `engine`. Start reading at `tree` and `compile`; how to add a node stands in `stages`.
"""
