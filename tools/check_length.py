#!/usr/bin/env python3
"""Checks that no source file has grown past 400 lines: a file is one idea.

Usage: tools/check_length.py [ROOT]      Exit code 1 if one has.
"""

import pathlib
import sys

MAX_LINES = 400
FOLDERS = ("src", "tests", "bench", "fuzz", "tools", "cmake")
SUFFIXES = {".h", ".cpp", ".py", ".cmake", ".sh", ".txt"}


def long_files(root):
    """Yields (path, number of lines) of the files that are too long."""
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in SUFFIXES and path.is_file():
                num_lines = len(path.read_bytes().splitlines())
                if num_lines > MAX_LINES:
                    yield path.relative_to(root), num_lines


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[1])
    found = list(long_files(root.resolve()))
    for path, num_lines in found:
        print(f"{path}: {num_lines} lines, at most {MAX_LINES} expected; split it")
    if not found:
        print(f"check_length: no file has more than {MAX_LINES} lines")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
