"""What the engine asks of the computer: files, folders, locks, devices, processes, and its own source code."""
