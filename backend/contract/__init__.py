"""Words that the engine and Blender share: settings, jobs, events, the track file, file names, camera conventions.

Standard library and numpy only, for Blender imports it too; it may call nothing else of this program. Start with
`job` (the graph of stages), `settings` (every option) and `track` (what comes out).
"""
