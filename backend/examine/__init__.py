"""Looking at model files in a process apart, for nobody asked for them to be opened.

May call everything up to `regress`. Start with `inventory` and `apart`.
"""
