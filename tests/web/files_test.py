"""Tests of what is checked in under web/, without Node."""

import json
import pathlib
import re
import unittest

WEB = pathlib.Path(__file__).resolve().parents[2] / "web"
MAX_PAGE_BYTES = 1_000_000


class LockFileTest(unittest.TestCase):
    def setUp(self):
        self.lock = json.loads((WEB / "package-lock.json").read_text(encoding="utf-8"))
        self.package = json.loads((WEB / "package.json").read_text(encoding="utf-8"))

    def test_names_no_registry(self):
        for name, entry in self.lock["packages"].items():
            self.assertNotIn("resolved", entry, name)

    def test_has_a_hash_of_every_package(self):
        for name, entry in self.lock["packages"].items():
            if name:
                self.assertTrue(entry["integrity"].startswith("sha512-"), name)

    def test_pins_what_the_package_asks_for_exactly(self):
        self.assertTrue(self.package["devDependencies"])
        for name, version in self.package["devDependencies"].items():
            self.assertRegex(version, r"^\d+\.\d+\.\d+$", name)
            self.assertEqual(self.lock["packages"][f"node_modules/{name}"]["version"], version)

    def test_dependencies_are_explained(self):
        page = (WEB.parent / "docs" / "dependencies.md").read_text(encoding="utf-8")
        for name, version in self.package["devDependencies"].items():
            self.assertIn(f"`{name}` {version}", page)


class PageTest(unittest.TestCase):
    def setUp(self):
        self.page = (WEB / "dist" / "report.html").read_text(encoding="utf-8")

    def test_is_small(self):
        self.assertLess(len(self.page.encode()), MAX_PAGE_BYTES)

    def test_names_no_place_on_the_network(self):
        places = set(re.findall(r"https?://[\w.-]+", self.page))
        # Names of vocabularies of XML, and of a licence: nothing fetches them.
        self.assertLessEqual(places, {"http://www.w3.org", "http://www.apache.org"})

    def test_names_no_folder_of_the_machine_that_built_it(self):
        self.assertNotRegex(self.page, r"/(home|root|work|tmp|usr)/\w")


if __name__ == "__main__":
    unittest.main()
