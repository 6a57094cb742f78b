"""Corrections by hand: pinned frames, what of a clip shall not count, and tracks joined to one.

Standard library and numpy alone: Blender answers a drag at once with the same code that the engine uses for the clip.
Start with `corrections`, the data; `frame_solve` answers a drag on one frame, `spreading` corrects a track, `joining`
joins two.
"""
