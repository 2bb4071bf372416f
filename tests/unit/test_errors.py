"""The tree of errors: every reason is a code of its own, documented, with a hint."""

import importlib
import pkgutil
import re

import radiogenomics
from radiogenomics.errors import RadiogenomicsError
from radiogenomics.resources import root


def every_error():
    for module in pkgutil.walk_packages(radiogenomics.__path__, "radiogenomics."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    found, queue = [], [RadiogenomicsError]
    while queue:
        error = queue.pop()
        found.append(error)
        queue += error.__subclasses__()
    return found


def test_every_reason_stands_in_the_documentation():
    page = (root() / "docs" / "errors.md").read_text()
    documented = set(re.findall(r"`([a-z_]+)`", page))
    bases = {error for error in every_error() if error.__subclasses__()}
    assert {error.reason for error in every_error() if error not in bases} - documented == set()


def test_a_reason_means_one_thing():
    leaves = [
        error for error in every_error() if not error.__subclasses__() and error.__module__.startswith("radiogenomics.")
    ]
    reasons = [error.reason for error in leaves]
    assert len(leaves) > 40
    assert sorted(reason for reason in set(reasons) if reasons.count(reason) > 1) == []
    assert all(re.fullmatch(r"[a-z_]+", reason) for reason in reasons)
