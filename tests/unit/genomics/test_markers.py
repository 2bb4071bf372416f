"""Markers beyond gene × class: hotspots, masks, pathways, copy number, fusions, finished tables."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st

from radiogenomics import tables
from radiogenomics.config import load_section
from radiogenomics.config.genomics import Genomics
from radiogenomics.config.models import Config
from radiogenomics.errors import ConfigError, MissingFileError
from radiogenomics.gene_sets import GeneSetsError
from radiogenomics.genomics.alterations import alterations
from radiogenomics.genomics.coding import Coding
from radiogenomics.genomics.errors import MarkersError
from radiogenomics.genomics.markers.copy_number import read_segments, segment_means
from radiogenomics.genomics.markers.selections import changed
from radiogenomics.table import read_provenance
from tests.unit.genomics.marker_cohort import PATIENTS, missing, states, variant, write
from tests.unit.genomics.small_genome import write_genome

A, W, N = "altered", "wild_type", "not_assayed"


def kept(found, kind):
    return {marker: state for marker, state in found.items() if marker.endswith(f":{kind}")}


def test_hotspots_by_amino_acid_and_by_variant(tmp_path):
    rows = [
        variant("P1", "KRAS", "12-1-C-T", amino_acid_change="12G>12D"),
        variant("P2", "KRAS", "12-1-C-A", amino_acid_change="12G>12V"),
        variant("P3", "KRAS", "12-2-C-A", kind="synonymous", amino_acid_change="12G"),
        variant("P1", "EGFR", "7-9-CTT-C", kind="protein_altering", amino_acid_change="p.Glu746_Ala750del"),
        variant("P2", "TERT", "5-1295228-G-A", kind="other"),
        variant("P4", "BRAF", "7-1-A-T", amino_acid_change="600V>600E"),
    ]
    write(tmp_path, rows, [missing("P4", "KRAS", "12-1-C-A")])
    path = tmp_path / "hotspots.tsv"
    path.write_text(
        "gene\tamino_acid\tvariant\nKRAS\tG12\t\nEGFR\t748\t\nTERT\t\t5-1295228-G-A\nBRAF\tL600\t\nBRAF\tV600K\t\n"
    )
    found = kept(states(tmp_path, {"markers": {"hotspots": str(path)}}), "hotspot")
    assert found == {"EGFR:hotspot": [A, W, W, W], "KRAS:hotspot": [A, A, W, N], "TERT:hotspot": [W, A, W, W]}
    path.write_text("gene,amino_acid\nKRAS,G12D\n".replace(",", "\t"))
    found = kept(states(tmp_path, {"markers": {"hotspots": str(path)}}), "hotspot")
    assert found == {"KRAS:hotspot": [A, W, W, W]}


@pytest.mark.parametrize(
    ("change", "positions"),
    [
        ("12G>12D", [12]),
        ("12G", [12]),
        ("746ELREA>746E", [746, 747, 748, 749, 750]),
        ("p.Glu746_Ala750del", [746, 747, 748, 749, 750]),
        ("p.E746_A750del", [746, 747, 748, 749, 750]),
        ("p.K12fs*4", [12]),
        ("", []),
        ("p.?", []),
    ],
)
def test_positions_of_a_change(change, positions):
    assert [position for position, _ in changed(change)] == positions


def test_masks_by_class_and_frequency(tmp_path):
    rows = [
        variant("P1", "G", "rare", kind="lof", alt_copies=2),
        *(variant(name, "G", "common") for name in ("P1", "P2", "P3")),
        variant("P4", "G", "silent", kind="synonymous"),
        variant("P2", "G", "known"),
    ]
    stated = [{"variant": "known", "resource": "gnomad", "field": "AF", "value": "0.2", "number": 0.2}]
    write(tmp_path, rows, annotations=stated)
    masks = {
        "damaging": {"classes": ["lof", "missense"]},
        "rare": {"classes": ["lof", "missense"], "max_cohort_frequency": 0.25},
        "new": {"classes": ["missense"], "max_frequency": {"gnomad.AF": 0.1}},
    }
    resources = {"gnomad": {"file": "x.vcf", "fields": ["AF"]}}
    settings = {"masks": masks}
    copies = states(tmp_path, {"markers": settings, "resources": resources}, "alt_copies")
    assert copies["G:damaging"] == [3, 2, 1, 0]
    assert copies["G:rare"] == [2, 1, 0, 0]
    assert copies["G:new"] == [1, 1, 1, 0]
    recorded = read_provenance(tmp_path / "out.parquet")["settings"]
    assert recorded["classes"][-3:] == ["damaging", "rare", "new"]
    assert recorded["masks"]["new"]["max_frequency"] == {"gnomad.AF": 0.1}


def test_the_frequency_of_the_cohort_leaves_missing_genotypes_out(tmp_path):
    rows = [variant("P1", "G", "one")]
    masks = {"markers": {"masks": {"rare": {"max_cohort_frequency": 0.2}}}}
    write(tmp_path, rows)
    assert states(tmp_path, masks)["G:rare"] == [A, W, W, W]  # 1 of 8
    write(tmp_path, rows, [missing("P2", "G", "one"), missing("P3", "G", "one")])
    assert "G:rare" not in states(tmp_path, masks)  # 1 of 4


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"genomics": {"markers": {"masks": {"lof": {}}}}}, "lof is a class of its own"),
        ({"genomics": {"markers": {"masks": {"x": {}}, "tables": {"x": "t"}}}}, "x names both"),
        ({"genomics": {"markers": {"masks": {"x": {"max_frequency": {"a.AF": 1}}}}}}, "a.AF, which is no joined"),
        ({"association": {"classes": ["hotspot"]}}, "must stand in genomics.classes"),
    ],
)
def test_settings_that_do_not_belong_together(data, message):
    with pytest.raises(ConfigError, match=message):
        load_section(Config, json.dumps(data))


def test_masks_can_be_tested():
    data = {"genomics": {"markers": {"masks": {"rare": {}}}}, "association": {"classes": ["rare"]}}
    assert load_section(Config, json.dumps(data)).association.classes == ("rare",)


def test_a_pathway_is_known_if_enough_of_its_genes_are(tmp_path):
    rows = [variant("P1", "A", "a"), variant("P1", "B", "b", alt_copies=2), variant("P4", "C", "c", kind="lof")]
    gaps = [missing("P3", "A", "a")]
    write(tmp_path, rows, gaps, {"P2": "small"}, [("small", "B", 1.0), ("small", "C", 0.5)])
    gmt = tmp_path / "sets.gmt"
    gmt.write_text("S1\turl\tA\tB\tX\nS2\turl\tC\nS3\turl\tY\n\n")
    settings = {"classes": ["non_silent", "lof"], "markers": {"pathways": {"files": [str(gmt)], "min_assayed": 0.6}}}
    found = states(tmp_path, settings)
    assert found["S1:non_silent"] == [A, N, W, W]
    assert found["S2:lof"] == [W, N, W, A]
    assert not {"S1:lof", "S3:lof"} & set(found)
    assert states(tmp_path, settings, "alt_copies")["S1:non_silent"] == [3, 0, 0, 0]
    settings["markers"]["pathways"]["min_assayed"] = 0.9
    assert states(tmp_path, settings)["S1:non_silent"] == [A, N, N, W]
    assert states(tmp_path, settings, "note")["S1:non_silent"][2] == "genes of the set not known"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("S\tu\tQ\n", "no variant lies in a gene of its sets, for instance 'Q'"),
        ("S\tu\tA\nS\tu\tA\n", "line 2: set 'S' stands twice"),
        ("A\tu\tA\n", "set 'A' is called like a gene"),
        ("S\tu\n", "line 1: no name or no genes"),
    ],
)
def test_gene_sets_that_cannot_be_used(tmp_path, text, message):
    write(tmp_path, [variant("P1", "A")])
    (tmp_path / "s.gmt").write_text(text)
    with pytest.raises((MarkersError, GeneSetsError), match=message):
        states(tmp_path, {"markers": {"pathways": {"files": [str(tmp_path / "s.gmt")]}}})


WIDE = (
    "Gene Symbol\tLocus ID\tCytoband\tS1\tP2\tS9\nMYC\t1\t8q\t2\t1\t2\nRB1\t2\t13q\t-2\t\t0\nTP53\t3\t17p\t0\t-1\t0\n"
)
LONG = "sample\tgene\tvalue\nS1\tMYC\t2\nP2\tMYC\t1\nS1\tRB1\t-2\nP2\tTP53\t-1\nS1\tTP53\t0\n"


@pytest.mark.parametrize("text", [WIDE, LONG], ids=["GISTIC", "long"])
def test_copy_number_calls(tmp_path, text):
    write(tmp_path, samples={"P1": "S1"})
    (tmp_path / "cn.txt").write_text(text)
    settings = {"markers": {"copy_number": {"file": str(tmp_path / "cn.txt")}}}
    assert states(tmp_path, settings) == {"MYC:amplification": [A, W, N, N], "RB1:deletion": [A, N, N, N]}
    assert states(tmp_path, settings, "note")["RB1:deletion"] == ["", "no value", "not in the file", "not in the file"]
    assert states(tmp_path, settings, "value")["MYC:amplification"][:2] == [2.0, 1.0]


SEG = "ID\tchrom\tloc.start\tloc.end\tnum.mark\tseg.mean\n"


def test_segments_are_mapped_to_genes(tmp_path):
    # ALPHA codes from base 11 to 52: 42 bases.
    write(tmp_path)
    _, genes = write_genome(tmp_path)
    (tmp_path / "cn.seg").write_text(
        SEG + "P1\tchr1\t1\t31\t9\t2.0\nP1\tchr1\t32\t80\t9\t0.5\nP2\t1\t1\t40\t9\t1\nP3\t1\t1\t90\t5\t-1.5\n"
    )
    copies = {"file": str(tmp_path / "cn.seg"), "kind": "segments", "amplification": 1.0, "deletion": -1.0}
    settings = {"markers": {"copy_number": copies}}
    assert states(tmp_path, settings, genes=genes) == {
        "ALPHA:amplification": [A, N, W, N],
        "ALPHA:deletion": [W, N, A, N],
    }
    values = states(tmp_path, settings, "value", genes)["ALPHA:deletion"]
    assert values[0] == pytest.approx((21 * 2.0 + 21 * 0.5) / 42)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 20), st.floats(-3, 3)), min_size=1, max_size=8))
def test_mean_over_segments_is_that_of_the_bases(pieces):
    level, start, rows = {}, 0, []
    for gap, length, mean in pieces:
        start += gap
        rows.append({"sample": "S", "contig": "1", "start": start, "end": start + length, "mean": mean})
        level |= dict.fromkeys(range(start, start + length), mean)
        start += length
    parts = {"1": (np.array([4, 10]), np.array([9, 40]), np.array([0, 0]))}
    found = segment_means(None, pd.DataFrame(rows), Coding(("G",), np.array([35]), parts), 0.5)
    inside = [level[base] for base in range(4, 40) if base in level]
    if len(inside) >= 18:
        assert found.loc["G", "S"] == pytest.approx(np.mean(inside), abs=1e-9)
    else:
        assert np.isnan(found.loc["G", "S"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (SEG + "S\t1\t5\t9\t1\t0\nS\t1\t9\t12\t1\t0\n", "line 3: overlaps another segment"),
        (SEG + "S\t1\t9\t5\t1\t0\n", "line 2: no segment"),
        (SEG + "S\t1\t0\t5\t1\t0\n", "line 2: no segment"),
        (SEG + "S\t1\t1\t5\t1\tx\n", "line 2: 'x' is no number"),
        ("ID\tchrom\n", "no column start, end, mean"),
    ],
)
def test_segments_that_cannot_be(tmp_path, text, message):
    (tmp_path / "x.seg").write_text(text)
    with pytest.raises(MarkersError, match=message):
        read_segments(tmp_path / "x.seg")


def test_fusions_of_who_was_tested(tmp_path):
    write(tmp_path)
    (tmp_path / "f.csv").write_text("sample,gene5,gene3\nP1,EML4,ALK\nP2,,\nP3,KIF5B,ALK\n")
    found = states(tmp_path, {"markers": {"fusions": str(tmp_path / "f.csv")}})
    assert found == {"ALK:fusion": [A, W, A, N], "EML4:fusion": [A, W, W, N], "KIF5B:fusion": [W, W, A, N]}


@pytest.mark.parametrize("form", ["wide.csv", "long.tsv", "wide.parquet"])
def test_finished_tables(tmp_path, form):
    write(tmp_path)
    wide = pd.DataFrame(
        {
            "patient_id": ["P2", "P1", "P9"],
            "HER2": [0, 1, 0],
            "MSI": ["altered", "not_assayed", ""],
            "TMB": [3.5, None, 1],
        }
    )
    path = tmp_path / form
    if form.startswith("long"):
        wide = wide.melt("patient_id", var_name="marker", value_name="value").dropna()
    wide.to_parquet(path) if path.suffix == ".parquet" else wide.to_csv(
        path, index=False, sep="," if path.suffix == ".csv" else "\t"
    )
    settings = {"markers": {"tables": {"ihc": str(path)}}}
    found = states(tmp_path, settings)
    assert found["HER2:ihc"] == [A, W, N, N]
    assert found["MSI:ihc"] == [N, A, N, N]
    assert all(pd.isna(found["TMB:ihc"]))
    assert states(tmp_path, settings, "value")["TMB:ihc"][1] == 3.5
    assert states(tmp_path, settings, "note")["TMB:ihc"] == ["no value", "", "not in the file", "not in the file"]
    assert set(tables.ALTERATIONS.read(tmp_path / "out.parquet")["source"]) == {"ihc"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("patient_id\tX\nP1\tmaybe\n", "'maybe' is no number"),
        ("patient_id\tX\nP1\t1\nP1\t0\n", "'X' of patient 'P1' stands twice"),
        ("patient\tX\nP1\t1\n", "no column 'patient_id'"),
        ("patient_id\tX\nQ1\t1\n", "none of its patients"),
    ],
)
def test_finished_tables_that_cannot_be_used(tmp_path, text, message):
    write(tmp_path)
    (tmp_path / "t.tsv").write_text(text)
    with pytest.raises(MarkersError, match=message):
        states(tmp_path, {"markers": {"tables": {"mine": str(tmp_path / "t.tsv")}}})


def test_samples_of_a_file_are_told_apart(tmp_path):
    write(tmp_path, samples={"P1": "TCGA-AA-0001-01"})
    path = tmp_path / "cn.tsv"
    settings = {"markers": {"copy_number": {"file": str(path)}}, "sample_id": "tcga_patient"}
    path.write_text("gene\tTCGA-AA-0001-01A-11D\nMYC\t2\n")
    assert states(tmp_path, settings)["MYC:amplification"] == [A, N, N, N]
    path.write_text("gene\tTCGA-AA-0001-01A\tTCGA-AA-0001-02A\nMYC\t2\t0\n")
    with pytest.raises(MarkersError, match="are samples of one patient"):
        states(tmp_path, settings)
    path.write_text("gene\tTCGA-AA-0009-01A\nMYC\t2\n")
    with pytest.raises(MarkersError, match="none of its 1 samples"):
        states(tmp_path, settings)
    with pytest.raises(MissingFileError, match="absent"):
        states(tmp_path, {"markers": {"copy_number": {"file": str(tmp_path / "absent")}}})


def test_nothing_is_made_unless_it_is_asked_for(tmp_path):
    write(tmp_path, [variant("P1", "G")])
    assert set(states(tmp_path, {})) == {"G:missense", "G:non_silent"}
    assert load_section(Genomics, "{}").markers.classes == ()
    assert len(PATIENTS) == 4


def test_finished_tables_of_other_words(tmp_path):
    write(tmp_path)
    table = {"file": str(tmp_path / "t.csv"), "patient_id": "Tumor", "patient_prefix": 2, "columns": ["A*", "IDH?"]}
    table |= {"values": {"Mutant": "altered", "wt": "wild_type", "1": "altered", "0": "wild_type", "u": "not_assayed"}}
    table |= {"exclude": ["Age"], "missing": ["?"]}
    text = "Tumor,ATRX,Age,IDH1,Grade\nP1-01,Mutant,61,0,G2\nP2-01,wt,58,1,G3\nP3-01,u,70,?,G2\n"
    (tmp_path / "t.csv").write_text(text)
    settings = {"markers": {"tables": {"mol": table}}}
    assert states(tmp_path, settings) == {"ATRX:mol": [A, W, N, N], "IDH1:mol": [W, A, N, N]}
    (tmp_path / "t.csv").write_text(text.replace("wt", "WT"))
    with pytest.raises(MarkersError, match=r"values that `values` does not name: 'WT'"):
        states(tmp_path, settings)
    table["columns"] = ["TP53"]
    with pytest.raises(MarkersError, match="no value of a marker that fits 'TP53'"):
        states(tmp_path, settings)


def test_markers_of_a_study_without_variant_files(tmp_path):
    """Patients are those of the given table; files may name them or, by the prefix, their TCGA samples."""
    names = ["TCGA-AA-0001", "TCGA-AA-0002", "TCGA-AA-0003"]
    pd.DataFrame({"patient_id": [*names, names[0]]}).to_parquet(tmp_path / "p.parquet")
    (tmp_path / "t.csv").write_text(f"patient_id,HER2\n{names[2]},1\n{names[0]},0\nTCGA-AA-0009,1\n")
    (tmp_path / "c.tsv").write_text(f"gene\t{names[1]}-01A-11D\t{names[0]}-01A-11D\nMYC\t2\t0\n")
    (tmp_path / "f.csv").write_text(f"sample,gene5,gene3\n{names[0]},EML4,ALK\n")
    markers = {"tables": {"ihc": str(tmp_path / "t.csv")}, "fusions": str(tmp_path / "f.csv")}
    markers["copy_number"] = {"file": str(tmp_path / "c.tsv")}
    alterations(
        patients=tmp_path / "p.parquet",
        settings=json.dumps({"markers": markers, "sample_id": "tcga_patient"}),
        alterations=tmp_path / "a.parquet",
    )
    frame = tables.ALTERATIONS.read(tmp_path / "a.parquet").astype({"patient_id": str, "marker": str})
    found = {name: part.sort_values("patient_id")["state"].tolist() for name, part in frame.groupby("marker")}
    assert found == {
        "HER2:ihc": [W, N, A],
        "MYC:amplification": [W, A, N],
        "ALK:fusion": [A, N, N],
        "EML4:fusion": [A, N, N],
    }
    settings = read_provenance(tmp_path / "a.parquet")["settings"]
    assert settings["classes"] == ["amplification", "deletion", "fusion", "ihc"]
    assert "missing_genotype" not in settings
