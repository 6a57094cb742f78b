"""ARKit's weights of a track: solved from its mesh, with gaze, jaw and lids from what moves them.

Start with `from_track`. What one unit of each channel does to a head is in `basis`; standard library and numpy alone.
"""
