"""The only code that makes datablocks: what becomes of a track in Blender."""
