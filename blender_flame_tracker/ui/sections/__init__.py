"""The parts of the panel, in the order of the work; one file each."""
