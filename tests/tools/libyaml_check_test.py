#!/usr/bin/env python3
"""Proves that libyaml_check sees what it must see: an edit that is right, and each way to get one wrong."""

import unittest

import libyaml_check

PLAIN = """\
kind: Pod
spec:
  containers:
  - name: app
    mode: 0644
"""
MESHED = """\
kind: Pod
metadata:
  annotations:
    "meshctl.dev/injected": x
spec:
  initContainers:
  - name: mesh-proxy
  containers:
  - name: app
    mode: 0644
"""


class CheckTest(unittest.TestCase):
    """One method for each kind of verdict."""

    def verdict(self, before, after):
        total = {"documents": 0, "edited": 0, "unreadable": 0}
        return libyaml_check.check({"before": before, "after": after}, total)

    def test_a_right_edit_passes(self):
        self.assertIsNone(self.verdict(PLAIN, MESHED))
        self.assertIsNone(self.verdict(PLAIN, PLAIN))

    def test_a_null_that_became_a_list_passes(self):
        null = PLAIN.replace("spec:\n", "spec:\n  initContainers: ~\n")
        self.assertIsNone(self.verdict(null, MESHED))

    def test_the_spelling_of_a_number_counts(self):
        self.assertIn("420", self.verdict(PLAIN, MESHED.replace("0644", "420")))

    def test_order_counts(self):
        swapped = MESHED.replace("  - name: app\n    mode: 0644", "  - mode: 0644\n    name: app")
        self.assertIn("keys", self.verdict(PLAIN, swapped))

    def test_a_lost_item_is_seen(self):
        self.assertIn("containers", self.verdict(PLAIN, MESHED.replace("name: app", "name: mesh-app")))

    def test_a_duplicate_key_is_seen(self):
        self.assertIn("duplicate", self.verdict(PLAIN, MESHED + "    name: app\n"))

    def test_another_document_is_seen(self):
        self.assertIn("documents", self.verdict(PLAIN, MESHED + "---\n"))

    def test_broken_output_is_seen(self):
        self.assertIn("after", self.verdict(PLAIN, MESHED + "  - a: [\n"))


if __name__ == "__main__":
    unittest.main()
