"""The Python interface of PeizhiYan/flame-head-tracker 1.01: its configuration, its dictionary, its files."""
