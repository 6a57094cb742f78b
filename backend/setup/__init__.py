"""Making the engine's environment. Standard library only: it runs before anything is installed.

`plan` says what is wanted and what is in the way, `install` does it, `report` tells it; each stands on those before.
Of the engine it calls `contract` and `system` alone. Start at `command`, the command line of `install_deps.py`.
"""
