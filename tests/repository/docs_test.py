"""Tests that the documentation keeps up with the tree."""

import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]


def packages():
    lines = (ROOT / "packages.txt").read_text(encoding="utf-8").splitlines()
    return [name for line in lines if (name := line.split("#")[0].strip())]


class DependenciesTest(unittest.TestCase):
    def setUp(self):
        text = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
        self.explained = re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE)

    def test_explains_every_package_in_the_order_of_the_list(self):
        self.assertEqual(self.explained, packages())


class LinksTest(unittest.TestCase):
    def test_lead_to_files_that_exist(self):
        for page in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]:
            for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
                self.assertTrue((page.parent / target).exists(), f"{page.name}: {target}")


if __name__ == "__main__":
    unittest.main()
