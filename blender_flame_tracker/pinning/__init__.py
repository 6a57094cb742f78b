"""Pins: points of the head that are dragged in the 3D view to where the footage shows them, frame by frame.

Start with `frame`, one frame that is put right; `shot` goes from frame to frame, and `applying` brings it into the
track file and the scene.
"""
