"""Tests `kilonat report` as a user runs it. Usage: command_test.py PROGRAM"""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

PROGRAM = sys.argv.pop(1)

STUDY = {
    "format": "kilonat-study", "version": 1, "kind": "rd", "name": "made up", "points": [
        {"id": "a", "family": "opus", "label": "6 kbit/s", "status": "done", "rates": {"actual_kbps": 6.1},
         "audio": [{"clip": "x.wav", "file": "audio/x.wav"}]},
        {"id": "b", "family": "opus", "label": "12 kbit/s", "status": "missing", "why": "not run yet"}]}

GENERATION = {
    "format": "kilonat-generation", "version": 1, "name": "made up", "metrics": [{"id": "kad"}],
    "points": [{"id": "a.gen0", "status": "done", "metrics": {"kad": {"value": 0.1}}},
               {"id": "b.gen0", "status": "failed", "why": "the loss was not finite"}]}


class ReportCommandTest(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)
        self.page = self.folder / "report" / "index.html"

    def write(self, results):
        text = results if isinstance(results, str) else json.dumps(results)
        (self.folder / "results.json").write_text(text, encoding="utf-8")

    def write_generation(self, **changes):
        (self.folder / "generation.json").write_text(json.dumps({**GENERATION, **changes}), encoding="utf-8")

    def run_report(self, *flags, folder=None):
        return subprocess.run([PROGRAM, "report", str(folder or self.folder), *flags],
                              capture_output=True, text=True, check=False, timeout=60)

    def refused(self, code, *words, **how):
        """The command failed with that code and one line that has all of the words."""
        result = self.run_report(**how)
        self.assertEqual(result.returncode, code, result.stderr)
        self.assertEqual(result.stdout, "")
        self.assertRegex(result.stderr, r"\Akilonat: error: [^\n]*\n\Z")
        for word in words:
            self.assertIn(word, result.stderr)
        return result

    def test_says_what_it_wrote_and_what_is_missing(self):
        self.write(STUDY)
        result = self.run_report()
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("1 of 2 points done, 0 sounds", result.stdout)
        self.assertIn("shown as missing: reading the sound 'audio/x.wav'", result.stderr)
        self.assertIn("not run yet", self.page.read_text(encoding="utf-8"))

    def test_replaces_a_page_only_when_forced(self):
        self.write(STUDY)
        self.assertEqual(self.run_report("--quiet").stdout, "")
        before = self.page.read_bytes()
        self.refused(2, "index.html' exists; --force replaces it")
        self.write({**STUDY, "name": "another"})
        self.assertEqual(self.run_report("--force").returncode, 0)
        self.assertNotEqual(self.page.read_bytes(), before)

    def test_writes_the_same_page_from_the_same_results(self):
        self.write(STUDY)
        self.run_report()
        before = self.page.read_bytes()
        self.run_report("--force")
        self.assertEqual(self.page.read_bytes(), before)

    def test_takes_a_generation_study_alone_or_beside_another(self):
        self.write_generation()
        self.assertIn("1 of 2 points done", self.run_report().stdout)
        self.assertIn("the loss was not finite", self.page.read_text(encoding="utf-8"))
        self.write(STUDY)
        self.assertIn("2 of 4 points done", self.run_report("--force").stdout)

    def test_takes_the_gaussian_limit_alone_or_beside_another(self):
        limit = {"format": "kilonat-gaussian-limit", "version": 1, "name": "made up", "curves": [], "points": [], "missing": ["white"]}
        (self.folder / "gaussian_limit.json").write_text(json.dumps(limit), encoding="utf-8")
        self.assertIn("0 of 1 points done", self.run_report().stdout)
        self.write(STUDY)
        self.assertIn("1 of 3 points done", self.run_report("--force").stdout)
        (self.folder / "gaussian_limit.json").write_text(json.dumps({**limit, "version": 9}), encoding="utf-8")
        self.refused(4, "gaussian_limit.json", "version: 9", "kilonat study")

    def test_refuses_generation_results_that_do_not_fit_in_one_line(self):
        self.write(STUDY)
        self.write_generation(points=[{"id": "a.gen0", "status": "done", "metrics": {"kad": {"value": "low"}}}])
        self.refused(4, "generation.json", "points[0].metrics.kad.value: a number was expected, found string")
        self.write_generation(metrics=[])
        self.refused(4, "points[0].metrics: 'kad' is none of the file's metrics")
        self.assertFalse(self.page.exists())

    def test_refuses_what_is_no_study_in_one_line(self):
        self.refused(4, str(self.folder), "results.json", "gaussian_limit.json", "metrics.jsonl")
        self.refused(7, "no such folder", folder=self.folder / "none")
        self.write("{\"format\":")
        self.refused(4, "results.json", "not whole JSON", "kilonat study")
        self.write({**STUDY, "version": 9})
        self.refused(4, "version: 9")
        self.assertFalse(self.page.exists())


if __name__ == "__main__":
    unittest.main()
