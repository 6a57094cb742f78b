"""The extension as Blender sees it: this folder is the add-on, and all it does is in `blender_flame_tracker`."""


def register() -> None:
    """Make the add-on known to Blender."""
    from .blender_flame_tracker import registration

    registration.register()


def unregister() -> None:
    """Take back everything that `register` did."""
    from .blender_flame_tracker import registration

    registration.unregister()
