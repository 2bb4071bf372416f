"""The same bytes from the same input on any number of cores."""

import hashlib
import shutil

from tests.workflow.studies import edit, radiogenomics, run

AUDITS = """\
  permutations: 19
  controls: {shuffled_identities: 2, random_features: 2}
  site: site
  site_model: meta"""


def digests(folder):
    names = [
        path
        for path in (folder / "results").rglob("*")
        if path.is_file() and not {"logs", "benchmarks"} & set(path.parts)
    ]
    return {str(path.relative_to(folder)): hashlib.blake2b(path.read_bytes()).hexdigest() for path in names}


def test_the_same_bytes_on_any_number_of_cores(tmp_path):
    assert radiogenomics("simulate", "--output", tmp_path / "one", "--patients", "13").returncode == 0
    edit(tmp_path / "one" / "config" / "config.yaml", "batches: 8", "batches: 3")
    edit(tmp_path / "one" / "config" / "config.yaml", "min_patients: 20", "min_patients: 5")
    edit(tmp_path / "one" / "config" / "config.yaml", "min_carriers: 5", f"min_carriers: 2\n{AUDITS}")
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    for name, cores in (("one", 1), ("two", 2)):
        assert run(tmp_path / name, "--cores", cores).returncode == 0
    assert digests(tmp_path / "one") == digests(tmp_path / "two")
