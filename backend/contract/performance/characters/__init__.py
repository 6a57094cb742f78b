"""Characters as a performance drives them: what their names say, the check of them, and the mapping that is saved.

Nothing here knows Blender. Start with `mapping`, then `recognition`.
"""
