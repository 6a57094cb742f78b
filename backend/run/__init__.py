"""Running jobs: which stages are needed, keys, cache, resumed work, progress, and the engine as a process.

Floor 14: may call every lower one. Start with `runner`; `engine` is the process that Blender starts.
"""
