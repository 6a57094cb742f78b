"""Calibration of a performance in Blender: properties saved with the file, presets, and who is told of changes.

Calls `scene` and `results`. Start reading at `properties`; what calibration does is in `backend.contract.performance`.
"""
