"""The only code that makes datablocks: what becomes of a track in Blender.

Calls the files at the add-on's root, and nothing of nodes or tracking. Start reading at `importer`.
"""
