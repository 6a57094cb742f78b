"""Versions of a track: the files that one import can show, which of them it shows, and two of them compared.

The list itself stands in `scene.version_list`. Start with `activation`.
"""
