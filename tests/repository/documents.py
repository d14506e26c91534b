"""What the pages of the documentation name: links, paths, command lines."""

import pathlib
import re
import shlex

ROOT = pathlib.Path(__file__).resolve().parents[2]

# First folders of paths that must exist; others (runs/, build/) are made by whoever follows a page.
SOURCE_FOLDERS = {".ci", "bench", "cmake", "conf", "docs", "fuzz", "shared", "src", "tests",
                  "tools", "web"}

_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```\s*$", re.DOTALL | re.MULTILINE)
_CODE_SPAN = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)")
_PATH = re.compile(r"(\.{1,2}/)?[\w.*-]+(/[\w.*-]+)*/?")
_SHELL = {"bash", "sh", "shell"}


def pages():
    """The Markdown files at the root and in docs/."""
    return [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def _without_comments(text):
    return _COMMENT.sub("", text)


def _prose(text):
    return _FENCE.sub("", _without_comments(text))


def _shell_lines(text):
    """Commands of the shell blocks, continued lines joined, words apart; operators are words."""
    for language, block in _FENCE.findall(_without_comments(text)):
        if language not in _SHELL:
            continue
        for line in block.replace("\\\n", " ").splitlines():
            lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
            lexer.commenters = "#"
            lexer.whitespace_split = True
            try:
                yield list(lexer)
            except ValueError:  # a part of a quotation that goes over several lines
                yield line.split()


def links(text):
    """Targets of relative links and images."""
    return _LINK.findall(_CODE_SPAN.sub("", _prose(text)))


def _is_source_path(word):
    if not _PATH.fullmatch(word):
        return False
    parts = pathlib.PurePosixPath(word).parts
    if parts and parts[0] == "..":
        parts = parts[1:]
    if any(part.isupper() for part in parts[:-1]):  # tests/LAYER/..: to be filled in
        return False
    return word.startswith("./") or (bool(parts) and "/" in word and parts[0] in SOURCE_FOLDERS)


def named_paths(text):
    """Paths of the repository in code spans and shell blocks, relative to the root."""
    words = _CODE_SPAN.findall(_prose(text))
    for line in _shell_lines(text):
        words += line
    return [word for word in words if _is_source_path(word)]


def exists(path):
    """Whether there is such a file or folder, or one that fits the pattern.

    What lies beside the repository (../shared) is taken to exist where that folder is absent.
    """
    if path.startswith("../"):
        beside = ROOT.parent / pathlib.PurePosixPath(path).parts[1]
        return not beside.exists() or (ROOT / path).exists()
    if "*" in path:
        return any(ROOT.glob(path))
    return (ROOT / path).exists()


def _command(words):
    """What follows the program's name in one simple command; None if it is not the program's."""
    for i, word in enumerate(words):
        name = word.rsplit("/", 1)[-1]
        if name in {"kilonat", "$kilonat", "$KILONAT"} and "=" not in word:
            return words[i + 1:] or None
    return None


def _is_operator(word):
    return bool(word) and set(word) <= set(";|&()<>")


def commands(text):
    """Command lines of the program, its name left out, in code spans and shell blocks."""
    found = []
    for span in _CODE_SPAN.findall(_prose(text)):
        if span.startswith("kilonat ") and "|" not in span:
            found.append(span.split()[1:])
    for line in _shell_lines(text):
        simple = []
        for word in [*line, ";"]:
            if not _is_operator(word):
                simple.append(word)
                continue
            if (command := _command(simple)) is not None:
                found.append(command)
            simple = []
    return found


def flags_in_help(text):
    """The flags that a help text lists, `Example:` and descriptions apart."""
    flags = set()
    for line in text.split("Example:")[0].splitlines():
        if match := re.match(r"\s+(-[\w,-]+)", line):
            flags |= set(match[1].split(","))
    return flags


def training(words):
    """(config, overrides) of a `train` command line; None if it names no config of its own."""
    if words[0] != "train" or len(words) < 2 or words[1].startswith("-") or words[1].isupper():
        return None
    if "$" in words[1]:
        return None
    as_override = {"--set": "", "--rate": "rate.target_kbps=", "--steps": "run.steps="}
    values = {flag: [] for flag in as_override}
    for i, word in enumerate(words):
        flag, _, value = word.partition("=")
        if flag not in as_override:
            continue
        if not value and i + 1 < len(words):
            value = words[i + 1]
        if "$" not in value and not value.isupper():
            values[flag].append(as_override[flag] + value)
    return words[1], [override for flag in as_override for override in values[flag]]
