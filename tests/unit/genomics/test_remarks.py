"""What is odd in a file: the tally, and the page that lists the kinds."""

import re
from pathlib import Path

from radiogenomics import tables
from radiogenomics.genomics.remarks import KINDS, Remarks

PAGE = Path(__file__).parents[3] / "docs" / "genomics.md"
WORDS = {"refused": "refused", "left_out": "left out", "noted": "read", "repaired": "repaired"}


def test_the_page_lists_every_kind():
    section = PAGE.read_text().partition("## What is odd in a file")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| ([\w ]+) \| (.+) \|$", section, re.MULTILINE)
    assert rows == [(name, WORDS[kind.action], kind.meaning) for name, kind in KINDS.items()]


def test_the_first_line_of_each_kind_is_kept_and_all_are_counted():
    remarks = Remarks(Path("folder/calls.vcf"), {"position": "left_out"})
    assert not remarks.add("position", 7, "POS 'x'")
    assert not remarks.add("position", 9, "POS 'y'")
    assert not remarks.add("alt_allele", 8, "ALT ''")
    assert remarks.add("half_call", 5, "GT './1'", 3)
    assert [str(remark) for remark in remarks.refused] == ["line 8: ALT ''"]
    assert str(remarks.found["position"]) == "line 7: POS 'x' (and 1 more)"
    remarks.found.pop("alt_allele")
    frame = tables.REMARKS.frame(remarks.rows())
    assert frame[["kind", "action", "line", "n"]].astype(str).to_numpy().tolist() == [
        ["position", "left_out", "7", "2"],
        ["half_call", "noted", "5", "3"],
    ]
