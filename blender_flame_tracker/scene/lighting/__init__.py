"""The light of the footage: read from a track, and made a world of Blender.

Start reading at `light`.
"""
