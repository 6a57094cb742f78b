"""Cases run in forked children with limits, which Windows has not."""

import sys

collect_ignore = ["test_damaged_files.py"] if sys.platform == "win32" else []
