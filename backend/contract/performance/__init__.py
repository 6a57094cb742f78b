"""A face's performance as ARKit's 52 weights: made of a track or a file, corrected, written, put onto characters.

Standard library and numpy alone, so that Blender and the engine do the same with it. Start with `performance`.
"""
