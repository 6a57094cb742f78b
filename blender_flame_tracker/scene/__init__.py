"""The only code that makes datablocks: what becomes of a track in Blender.

Calls the files at the add-on's root, and nothing of nodes or tracking. Start reading at `importer`; `head`, `camera`,
`footage`, `lighting` and `rig` make the parts of an import, and `rendering` the picture in the end.
"""
