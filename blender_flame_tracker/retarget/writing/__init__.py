"""Writing of a performance onto a character: shape keys, properties and bones.

Start reading at `apply`, which follows a `plan`.
"""
