"""Photographs as the frames of a clip: reading, people in them, landmarks.

May call everything up to `appearance`. Start with `canvas` and `landmarks`.
"""
