"""Characters as a performance drives them: spellings of channels, what was recognised, and the mapping that is kept.

Nothing here knows Blender. Start with `mapping`.
"""
