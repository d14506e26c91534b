#!/usr/bin/env python3
"""Checks that the layers depend downward only.

Usage: tools/check_layers.py [ROOT]

Reads every `#include "kilonat/LAYER/..."` below ROOT/src/kilonat and compares it with the table of
allowed edges; says which file of a torch-free layer includes torch; and which file outside cli/
prints, exits or reads argv. Exit code 1 if anything is found.
"""

import pathlib
import re
import sys

# layer: the layers that it may include. To add an edge is a change of architecture: say why in
# docs/architecture.md.
ALLOWED = {
    "base": set(),
    "config": {"base"},
    "audio": {"base"},
    "rate": {"base", "config"},
    "tensor": {"base", "audio"},
    "kernels": {"base", "tensor"},
    "dsp": {"base", "tensor"},
    "codec": {"base", "config", "rate", "tensor", "kernels", "dsp"},
    "text": {"base", "config", "tensor", "codec"},
    "diffusion": {"base", "config", "tensor", "dsp", "text"},
    "generation": {"base", "config", "tensor", "codec", "text", "diffusion"},
    "loss": {"base", "config", "tensor", "dsp", "codec"},
    "data": {"base", "config", "audio", "tensor"},
    "metrics": {"base", "config", "audio", "rate", "tensor", "dsp", "codec", "loss", "data"},
}
ALLOWED["train"] = set(ALLOWED)
ALLOWED["study"] = set(ALLOWED)
ALLOWED["cli"] = set(ALLOWED)

TORCH_FREE = {"base", "config", "audio", "rate"}

INCLUDE = re.compile(r'^\s*#\s*include\s+"kilonat/([a-z_]+)/')
TORCH_INCLUDE = re.compile(r'^\s*#\s*include\s+<(torch|ATen|c10)/')
COMMENT = re.compile(r'//.*$')
CLI_ONLY = re.compile(r'\bstd::(cout|cerr|clog)\b|(?<![\w:.])f?printf\(|\bstd::exit\(|\bint main\(')


def findings_of(path, layer):
    """Yields (line number, what is wrong) for one file."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        include = INCLUDE.match(line)
        if include and include[1] != layer and include[1] not in ALLOWED[layer]:
            yield number, f"layer '{layer}' may not include layer '{include[1]}'"
        if layer in TORCH_FREE and TORCH_INCLUDE.match(line):
            yield number, f"layer '{layer}' is torch-free"
        if layer != "cli" and CLI_ONLY.search(COMMENT.sub("", line)):
            yield number, "only layer 'cli' prints, exits and has a main"


def check(root):
    """The findings of a source tree, as lines of text."""
    source = root / "src" / "kilonat"
    findings = []
    for path in sorted(source.rglob("*")):
        if path.suffix not in {".h", ".cpp"}:
            continue
        name = path.relative_to(root)
        layer = path.relative_to(source).parts[0]
        if layer not in ALLOWED:
            findings.append(f"{name}: layer '{layer}' is not in the table of tools/check_layers.py")
            continue
        findings += [f"{name}:{number}: {what}" for number, what in findings_of(path, layer)]
    return findings


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[1])
    findings = check(root.resolve())
    print("\n".join(findings) if findings else "check_layers: every edge is allowed")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
