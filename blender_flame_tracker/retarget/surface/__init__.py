"""Bone faces driven by the surface of the tracked face: Rigify of both generations, and any armature by a table.

Each control follows its point of the face. Start reading at `solution`.
"""
