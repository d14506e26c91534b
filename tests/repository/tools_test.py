"""Tests of the Python scripts of tools/ on small made-up input."""

import pathlib
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

import check_layers  # noqa: E402
import check_length  # noqa: E402
import check_portable  # noqa: E402
import summarise_eval  # noqa: E402


class TreeTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.root = pathlib.Path(self.folder.name)

    def tearDown(self):
        self.folder.cleanup()

    def write(self, path, text):
        path = self.root / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


class TestFoldersTest(unittest.TestCase):
    def test_no_test_writes_where_another_one_writes_at_the_same_time(self):
        # ctest runs every test in a process of its own, several at once.
        shared = "TempDir" + "()"
        self.assertEqual([str(path.relative_to(ROOT)) for path in ROOT.glob("tests/**/*.cpp")
                          if shared in path.read_text(encoding="utf-8")], [])


class CheckLayersTest(TreeTest):
    def test_allows_edges_that_lead_down(self):
        self.write("src/kilonat/codec/a.cpp",
                   '#include "kilonat/codec/a.h"\n#include "kilonat/rate/b.h"\n')
        self.assertEqual(check_layers.check(self.root), [])

    def test_names_an_edge_that_leads_up(self):
        self.write("src/kilonat/base/a.h", '#pragma once\n#include "kilonat/rate/b.h"\n')
        self.assertEqual(
            check_layers.check(self.root),
            ["src/kilonat/base/a.h:2: layer 'base' may not include layer 'rate'"])

    def test_names_torch_in_a_torch_free_layer(self):
        self.write("src/kilonat/rate/a.cpp", "#include <torch/torch.h>\n")
        self.assertIn("torch-free", check_layers.check(self.root)[0])

    def test_names_printing_outside_cli_but_not_in_comments(self):
        self.write("src/kilonat/rate/a.cpp",
                   'std::cout << 1;\n// std::cout is for cli\nsnprintf(b, 1, "");\n')
        findings = check_layers.check(self.root)
        self.assertEqual(len(findings), 1)
        self.assertIn("a.cpp:1: only layer 'cli'", findings[0])

    def test_names_a_layer_that_the_table_does_not_hold(self):
        self.write("src/kilonat/extras/a.h", "")
        self.assertIn("'extras' is not in the table", check_layers.check(self.root)[0])

    def test_table_has_no_cycle(self):
        def reaches(layer, target, seen):
            return any(
                below == target or (below not in seen and reaches(below, target, seen | {below}))
                for below in check_layers.ALLOWED[layer])

        for layer in check_layers.ALLOWED:
            self.assertFalse(reaches(layer, layer, set()), layer)


class CheckLengthTest(TreeTest):
    def test_names_a_file_of_401_lines(self):
        self.write("src/kilonat/base/short.cpp", "x\n" * 400)
        self.write("src/kilonat/base/long.cpp", "x\n" * 401)
        found = list(check_length.long_files(self.root))
        self.assertEqual(found, [(pathlib.Path("src/kilonat/base/long.cpp"), 401)])


class CheckPortableTest(TreeTest):
    INTRINSICS = "#include <immintrin.h>\n__m256 zero() { return _mm256_setzero_ps(); }\n"

    def test_names_intrinsics_that_every_cpu_compiles(self):
        self.write("src/kilonat/kernels/a.cpp", self.INTRINSICS)
        self.assertEqual([line.partition(": ")[0] for line in check_portable.check(self.root)],
                         ["src/kilonat/kernels/a.cpp:1", "src/kilonat/kernels/a.cpp:2"])

    def test_allows_them_in_files_of_their_own_and_under_a_guard(self):
        self.write("src/kilonat/kernels/a_avx2.cpp", self.INTRINSICS)
        self.write("src/kilonat/kernels/b.cpp",
                   f"#if defined(__x86_64__)\n{self.INTRINSICS}#else\nint plain();\n#endif\n")
        self.assertEqual(check_portable.check(self.root), [])

    def test_names_what_stands_behind_the_else_or_the_end_of_a_guard(self):
        self.write("src/kilonat/kernels/a.cpp",
                   "#if defined(__x86_64__)\n#else\n__m128 a;\n#endif\n__m128 b;\n")
        self.assertEqual(len(check_portable.check(self.root)), 2)

    def test_names_flags_and_sources_that_every_cpu_gets(self):
        self.write("CMakePresets.json", '{"CMAKE_CXX_FLAGS": "-march=x86-64-v2"}\n')
        self.write("src/kilonat/kernels/CMakeLists.txt",
                   "add_library(a a_avx2.cpp)\nset(flags -mavx2)\n"
                   "if(CMAKE_SYSTEM_PROCESSOR MATCHES x86_64)\nset(more -mfma b_avx2.cpp)\nendif()\n")
        self.assertEqual([line.partition(": ")[0] for line in check_portable.check(self.root)],
                         ["CMakePresets.json:1", "src/kilonat/kernels/CMakeLists.txt:1",
                          "src/kilonat/kernels/CMakeLists.txt:2"])


class SummariseEvalTest(unittest.TestCase):
    def test_prints_what_the_report_holds(self):
        lines = summarise_eval.summary(
            {"target_kbps": 2, "rate_kbps": 1.98765, "si_sdr_db": None, "clips": [{}, {}],
             "silence": {"mel_distance": 14.5}})
        self.assertEqual(lines, ["target rate            2.000 kbit/s",
                                 "measured rate          1.988 kbit/s",
                                 "  of silence           14.500",
                                 "clips                  2"])


if __name__ == "__main__":
    unittest.main()
