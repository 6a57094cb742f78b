"""The camera of an import: lens, sensor and distortion, and whether it or the head moves.

Start reading at `camera`.
"""
