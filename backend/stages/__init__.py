"""The stages of a job, one file each: (inputs, settings, context) -> output or failure."""
