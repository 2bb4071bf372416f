"""Digests of inputs, by name of the file."""

from radiogenomics.provenance import digests


def test_files_of_one_name_are_told_apart_in_the_given_order(tmp_path):
    paths = [tmp_path / patient / "calls.vcf" for patient in ("P1", "P2", "P3")]
    for path in paths:
        path.parent.mkdir()
        path.write_text(path.parent.name)
    found = digests([*paths, paths[0]])
    assert list(found) == ["calls.vcf", "calls.vcf (2)", "calls.vcf (3)"]
    assert len(set(found.values())) == 3
    assert digests(paths[:1]) == {"calls.vcf": found["calls.vcf"]}
