"""The lens: what is plausible, what the outline says of it, and zooms."""
