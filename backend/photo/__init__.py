"""Photographs as the frames of a clip: reading, people in them, landmarks.

Floor 11: may call every lower one. Start with `canvas` and `landmarks`.
"""
