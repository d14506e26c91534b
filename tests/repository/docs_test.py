"""Tests that the documentation keeps up with the tree and with the program.

KILONAT_PROGRAM names the built program; without one (preset no-torch) what needs it is skipped.
"""

import functools
import os
import pathlib
import re
import subprocess
import sys
import tomllib
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import documents  # noqa: E402
from documents import ROOT  # noqa: E402

sys.path.insert(0, str(ROOT / "tools"))

import check_layers  # noqa: E402

PROGRAM = os.environ.get("KILONAT_PROGRAM", "")


def text_of(path):
    return (ROOT / path).read_text(encoding="utf-8")


def packages():
    lines = text_of("packages.txt").splitlines()
    return [name for line in lines if (name := line.split("#")[0].strip())]


def table_rows(text, num_columns):
    """The cells of every table row with so many columns, heads and rules left out."""
    rows = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if line.startswith("|") and len(cells) == num_columns and not cells[0].startswith("--"):
            rows.append(cells)
    return rows


class DependenciesTest(unittest.TestCase):
    def test_explains_every_package_in_the_order_of_the_list(self):
        explained = re.findall(r"^\| `([^`]+)` \|", text_of("docs/dependencies.md"), re.MULTILINE)
        self.assertEqual(explained, packages())


class LinksTest(unittest.TestCase):
    def test_lead_to_files_that_exist(self):
        for page in documents.pages():
            for target in documents.links(page.read_text("utf-8")):
                with self.subTest(page=page.name, link=target):
                    self.assertTrue((page.parent / target).exists())

    def test_named_paths_exist(self):
        for page in documents.pages():
            for path in documents.named_paths(page.read_text("utf-8")):
                with self.subTest(page=page.name, path=path):
                    self.assertTrue(documents.exists(path))


class ArchitectureTest(unittest.TestCase):
    def setUp(self):
        self.text = text_of("docs/architecture.md")

    def test_table_of_layers_is_that_of_the_check(self):
        described = {}
        for layer, _, allowed in table_rows(self.text, 3):
            if not re.fullmatch(r"`[a-z]+`", layer):
                continue
            below = set(re.findall(r"`(\w+)`", allowed))
            described[layer.strip("`")] = set(described) if allowed == "all above" else below
        self.assertEqual(described, check_layers.ALLOWED)

    def test_picture_of_layers_is_that_of_the_check(self):
        def reachable(edges):
            closure = {layer: set(below) for layer, below in edges.items()}
            for middle in closure:
                for layer in closure:
                    if middle in closure[layer]:
                        closure[layer] |= closure[middle]
            return closure

        drawn = {layer: set() for layer in check_layers.ALLOWED}
        for above, below in re.findall(r"^  (\w+) --> (\w+)$", self.text, re.MULTILINE):
            drawn[above].add(below)
        self.assertEqual(reachable(drawn), reachable(check_layers.ALLOWED))

    def test_tables_of_errors_are_those_of_the_header(self):
        pattern = r"explicit (\w+)\(std::string message\) : Error\(std::move\(message\), (\d+)\)"
        codes = re.findall(pattern, text_of("src/kilonat/base/errors.h"))
        self.assertTrue(codes)
        for page in ("docs/architecture.md", "CONTRIBUTING.md"):
            described = [(name.strip("`"), code) for name, code, _ in table_rows(text_of(page), 3)
                         if code.isdigit()]
            self.assertEqual(described, codes, page)


class ModelFormatsTest(unittest.TestCase):
    def test_explains_every_key_that_a_model_file_gets(self):
        source = text_of("src/kilonat/codec/model_file.cpp")
        written = set(re.findall(r'visit\("(\w+)", metadata\.\w+(?<!_D)\)', source))
        written |= set(re.findall(r'texts\["kilonat\.(\w+)"\]', source))
        written |= set(re.findall(r'kLoudnessKey = "(\w+)"',
                                  text_of("src/kilonat/train/model_format.cpp")))
        page = text_of("docs/model_formats.md")
        self.assertEqual(set(re.findall(r"^\| `kilonat\.(\w+)`", page, re.MULTILINE)), written)
        for name in re.findall(r'visit\("(\w+)", metadata\.\w+_D\)', source):
            self.assertIn(f"`stats.{name}`", page)


class FiguresTest(unittest.TestCase):
    def setUp(self):
        page = text_of("docs/figures.md")
        self.described = set(re.findall(r"`([a-z_/0-9]+)`", "".join(
            line.split("|")[1] for line in page.splitlines() if line.startswith("| `"))))

    def test_explain_every_key_of_eval(self):
        source = text_of("src/kilonat/cli/eval_command.cpp")
        written = set(re.findall(r'(?:object\[|\{)"([a-z_0-9]+)"[\],]', source)) - {"file"}
        self.assertIn("informative_kbps", written)
        self.assertEqual({key for key in self.described if "/" not in key}, written)

    def test_explain_every_name_of_the_log(self):
        logged = set()
        for path in (ROOT / "src" / "kilonat" / "train").glob("*.cpp"):
            logged |= set(re.findall(r'"([a-z]+/[a-z_]+)"', path.read_text(encoding="utf-8")))
        logged.discard("audio/wav")  # a media type
        self.assertIn("rec/mel", logged)
        self.assertEqual({name for name in self.described if "/" in name}, logged)


@unittest.skipUnless(PROGRAM, "no program to ask: built without torch")
class ProgramTest(unittest.TestCase):
    def run_program(self, *arguments):
        return subprocess.run([PROGRAM, *arguments], cwd=ROOT, capture_output=True, text=True,
                              check=False, timeout=60)

    def resolved(self, config, overrides=()):
        """A config's values. Fails with what the program says if it refuses them."""
        words = ["config", "--resolve", config]
        for override in overrides:
            words += ["--set", override]
        result = self.run_program(*words)
        self.assertEqual(result.returncode, 0, result.stderr)
        return tomllib.loads(result.stdout)

    @functools.cache
    def flags_of(self, subcommand):
        """The flags of a subcommand; of the program itself, if what is given is a flag."""
        words = [] if subcommand.startswith("-") else subcommand.split()
        result = self.run_program(*words, "--help")
        # For an unknown subcommand the program shows its own help.
        self.assertIn(" ".join(["Usage: kilonat", *words, "[OPTIONS]"]), result.stdout)
        return documents.flags_in_help(result.stdout)

    def test_knows_every_command_that_the_pages_show(self):
        for page in documents.pages():
            for words in documents.commands(page.read_text("utf-8")):
                with self.subTest(page=page.name, command=" ".join(["kilonat", *words])):
                    flags = {word.split("=")[0] for word in words if word.startswith("--")}
                    subcommand = " ".join(words[:2] if words[0] == "study" else words[:1])
                    self.assertEqual(flags - self.flags_of(subcommand), set())

    def test_would_accept_every_training_that_the_pages_show(self):
        for page in documents.pages():
            for words in documents.commands(page.read_text("utf-8")):
                request = documents.training(words)
                if request is None:
                    continue
                with self.subTest(page=page.name, command=" ".join(["kilonat", *words])):
                    self.resolved(*request)

    def test_readme_describes_the_configs_as_they_are(self):
        rows = [row for row in table_rows(text_of("README.md"), 6) if row[0].startswith("`")]
        names = {row[0].strip("`") for row in rows}
        self.assertEqual(names, {path.stem for path in (ROOT / "conf" / "codec").glob("*.toml")})
        for name, sound, frames_per_s, latent_channels, _, _ in rows:
            with self.subTest(config=name):
                codec = self.resolved(name.strip("`"))["codec"]
                hop = 1
                for stride in codec["encoder_strides"]:
                    hop *= stride
                rate_khz, channels = sound.split(" kHz ")
                self.assertEqual(float(rate_khz) * 1000, codec["sample_rate_hz"])
                self.assertEqual(channels, {1: "mono", 2: "stereo"}[codec["num_channels"]])
                frame_rate_hz = codec["sample_rate_hz"] / hop
                self.assertAlmostEqual(float(frames_per_s), frame_rate_hz, delta=0.005)
                self.assertEqual(int(latent_channels), codec["bottleneck"]["latent_channels"])


class DocumentsTest(unittest.TestCase):
    """The finders themselves, on made-up pages: what finds nothing proves nothing."""

    def test_finds_links_but_not_in_comments_or_code(self):
        text = "[a](b.md#c) ![d](e/f.png)\n<!-- [x](gone.md) -->\n`[y](gone.md)` [z](https://a.b)\n"
        self.assertEqual(documents.links(text), ["b.md", "e/f.png"])

    def test_finds_paths_in_code_spans_and_blocks(self):
        text = ("`src/kilonat/gone.h` `--set a/b` `RUN/config.toml` `tests/LAYER/a.cpp`\n"
                "```bash\n./test # conf/x\nls conf/y.toml\n```\n")
        self.assertEqual(documents.named_paths(text),
                         ["src/kilonat/gone.h", "./test", "conf/y.toml"])

    def test_knows_what_exists(self):
        self.assertTrue(documents.exists("src/kilonat/base/errors.h"))
        self.assertTrue(documents.exists("conf/codec/*.toml"))
        self.assertFalse(documents.exists("src/kilonat/gone.h"))
        self.assertFalse(documents.exists("conf/gone/*.toml"))

    def test_finds_commands_wherever_they_stand(self):
        text = ("Say `kilonat train CONF --rate KBPS` or `kilonat`.\n"
                "```bash\nfor r in 1 2; do\n"
                "  build/kilonat train a \\\n  --rate \"$r\"; done # kilonat x\n"
                "kilonat config --explain > docs/a.md\n```\n```\nkilonat: error: no command\n```\n")
        self.assertEqual(documents.commands(text),
                         [["train", "CONF", "--rate", "KBPS"], ["train", "a", "--rate", "$r"],
                          ["config", "--explain"]])

    def test_reads_flags_from_the_options_alone(self):
        help_text = ("Options:\n  -h,--help  Print\n  --data SOURCE ...  as --other\n"
                     "Example:\n  kilonat x --third\n")
        self.assertEqual(documents.flags_in_help(help_text), {"-h", "--help", "--data"})

    def test_turns_a_training_into_a_config(self):
        words = ["train", "tiny16", "--rate", "2", "--set", "a.b=c", "--steps=5", "--data", "x"]
        self.assertEqual(documents.training(words),
                         ("tiny16", ["a.b=c", "rate.target_kbps=2", "run.steps=5"]))
        self.assertIsNone(documents.training(["train", "CONF", "--rate", "KBPS"]))
        self.assertIsNone(documents.training(["train", "--resume", "--out", "x"]))
        self.assertEqual(documents.training(["train", "a", "--rate", "$r"]), ("a", []))


if __name__ == "__main__":
    unittest.main()
