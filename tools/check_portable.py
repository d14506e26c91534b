#!/usr/bin/env python3
"""Checks that what only an x86-64 CPU can do stays where other CPUs do not compile it.

Usage: tools/check_portable.py [ROOT]

Intrinsics, their headers and types, and CPU queries belong into files named *_avx*.h and *_avx*.cpp,
or between `#if defined(__x86_64__)` and its `#else` or `#endif`; those files' names, and flags such as
-mavx2 or -march=, between `if(CMAKE_SYSTEM_PROCESSOR ...)` and its `endif()` in a CMakeLists.txt; no
preset holds such a flag. Exit code 1 if anything is found.

Where aarch64-linux-gnu-g++ is installed, it also compiles the torch-free sources of the kernels.
"""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

X86_CODE = re.compile(
    r'<\w*(intrin|cpuid)\.h>|\b_mm\d*_\w|\b__m(128|256|512)|__builtin_(cpu_|ia32_)|\basm\b|_avx\w*\.h"')
X86_BUILD = re.compile(r'(?<![\w-])-m[a-z0-9]|\w+_avx\w*\.cpp')
COMMENT = re.compile(r'//.*$')
CMAKE_COMMENT = re.compile(r'#.*$')
BUILD_FILES = ("CMakeLists.txt", "CMakePresets.json")


def unguarded(lines, opens, otherwise, closes, is_x86, comment):
    """Yields (number, line without its comment) of the lines that other CPUs compile."""
    guards = []  # of each open block: whether it is x86 alone
    for number, line in enumerate(lines, start=1):
        line = comment.sub("", line)
        if opens.match(line):
            guards.append(bool(is_x86.search(line)))
        elif otherwise.match(line) and guards:
            guards[-1] = False
        elif closes.match(line) and guards:
            guards.pop()
        elif not any(guards):
            yield number, line


def lines_of(path):
    return path.read_text(encoding="utf-8").splitlines()


def findings_of_source(path):
    directive = r'^\s*#\s*{}\b'
    rest = unguarded(lines_of(path), re.compile(r'^\s*#\s*if'), re.compile(directive.format("(else|elif)")),
                     re.compile(directive.format("endif")), re.compile(r'defined\(__x86_64__\)'), COMMENT)
    for number, line in rest:
        if X86_CODE.search(line):
            yield number, "only x86-64 has this; put it into a file *_avx*, or under #if defined(__x86_64__)"


def findings_of_build(path):
    rest = unguarded(lines_of(path), re.compile(r'^\s*if\('), re.compile(r'^\s*else'), re.compile(r'^\s*endif\('),
                     re.compile(r'CMAKE_SYSTEM_PROCESSOR'), CMAKE_COMMENT)
    for number, line in rest:
        if X86_BUILD.search(line):
            yield number, "only x86-64 has this; put it under if(CMAKE_SYSTEM_PROCESSOR MATCHES ...)"


def check(root):
    """The findings of a source tree, as lines of text."""
    sources = [path for path in sorted((root / "src").rglob("*"))
               if path.suffix in {".h", ".cpp", ".inl"} and "_avx" not in path.stem]
    builds = [root / name for name in BUILD_FILES]
    builds += sorted((root / "src").rglob("CMakeLists.txt")) + sorted((root / "cmake").glob("*.cmake"))
    findings = []
    for paths, findings_of in ((sources, findings_of_source), (builds, findings_of_build)):
        for path in filter(pathlib.Path.exists, paths):
            findings += [f"{path.relative_to(root)}:{number}: {what}" for number, what in findings_of(path)]
    return findings


def check_arm64(root, compiler):
    """What the cross compiler says of the kernels' torch-free sources."""
    kernels = root / "src" / "kilonat" / "kernels"
    listed = re.search(r'add_library\(kilonat_kernels_arithmetic OBJECT([^)]*)\)',
                       (kernels / "CMakeLists.txt").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as headers:
        # Not all of /usr/include: its C library is another processor's.
        (pathlib.Path(headers) / "fmt").symlink_to("/usr/include/fmt")
        command = [compiler, "-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Werror",
                   f"-I{root / 'src'}", "-isystem", headers]
        command += [str(kernels / name) for name in listed[1].split()]
        return subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False).stderr.splitlines()


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[1]).resolve()
    found = check(root)
    compiler = shutil.which("aarch64-linux-gnu-g++")
    if compiler:
        found += check_arm64(root, compiler)
    for line in found:
        print(line)
    if not found:
        print("check_portable: what is x86-64's stays in its files" +
              ("; the kernels compile for arm64" if compiler else ""))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
