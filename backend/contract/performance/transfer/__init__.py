"""ARKit's shapes of the built-in head, and how any other head gets them; numpy alone, for Blender and the engine.

Start with `arkit_head`, the built-in head as a table of numbers, and `shapes`, which lays it on another head.
"""
