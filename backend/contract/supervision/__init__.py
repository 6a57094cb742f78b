"""The engine as another program: its process, started, heard, watched and ended, and a run as it is seen from outside.

Blender looks after one engine with it, `batch` after several. Start with `supervisor` (one process from start to end);
`process` is below it, and `run_state` applies what is said.
"""
