"""The Python interfaces of PeizhiYan/flame-head-tracker 1.01 and 4: configuration, dictionaries, files."""
