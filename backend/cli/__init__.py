"""The command line. Flags are views of the settings classes; nothing here computes."""
