"""Running jobs: which stages are needed, keys, cache, resumed work, progress, and the engine as a process.

May call `stages` and what they call. Start with `runner`; `engine` is the process that Blender starts.
"""
