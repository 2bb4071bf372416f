"""Mutation annotation files (GDC, TCGA, vcf2maf, Oncotator): one mutation of one tumour sample a line, classified."""

import csv
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from radiogenomics import tables
from radiogenomics.config.genomics import Genomics
from radiogenomics.errors import listing
from radiogenomics.genomics.consequence import NOT_EXONIC, OF_CLASSIFICATION, classify
from radiogenomics.genomics.errors import AnnotationError, FaultyVariantsError, UnreadableMafError, UnreadableVcfError
from radiogenomics.genomics.protein import change_from_hgvs
from radiogenomics.genomics.reading import is_gzip, lines
from radiogenomics.genomics.remarks import Remarks

# Our names and the columns that hold them, whatever the case; the first that a file has is taken.
REQUIRED = {
    "gene": ("Hugo_Symbol",),
    "chromosome": ("Chromosome",),
    "position": ("Start_Position",),
    "ref": ("Reference_Allele",),
    "second": ("Tumor_Seq_Allele2",),
    "classification": ("Variant_Classification",),
    "barcode": ("Tumor_Sample_Barcode",),
}
OPTIONAL = {
    "first": ("Tumor_Seq_Allele1",),
    "change": ("HGVSp_Short", "Protein_Change", "HGVSp"),
    "transcript": ("Transcript_ID", "Annotation_Transcript", "i_transcript_name"),
    "build": ("NCBI_Build",),
    "filter": ("FILTER",),
}
ALLELE = r"[ACGTN]+|-"
NOTHING = ("", ".", "__UNKNOWN__")
_BUILDS = {
    **dict.fromkeys(("37", "hg19", "GRCh37", "GRCh37-lite"), "GRCh37"),
    **dict.fromkeys(("38", "hg38", "GRCh38"), "GRCh38"),
}


def is_maf(path: Path) -> bool:
    """Whether the first line that is no comment names the columns of a MAF."""
    if not path.is_file():
        return False
    try:
        _, columns = _header(path)
    except UnreadableVcfError:
        return False
    return {"hugo_symbol", "tumor_sample_barcode"} <= {name.lower() for name in columns}


@dataclass
class Maf:
    """The mutations of one file that passed, one a row, with what is odd.

    ``barcodes`` are all samples of the file, those included whose every mutation was left out.
    """

    path: Path
    rows: pd.DataFrame
    barcodes: list[str]
    remarks: Remarks
    n_filtered: int

    def carried(self, patients: Mapping[str, str]) -> Mapping[str, Sequence[Any]]:
        """Columns of the variants table of the samples in ``patients`` (barcode → patient), exons and splice sites."""
        rows = self.rows[self.rows["barcode"].isin(patients)]
        terms = rows["classification"].map(OF_CLASSIFICATION)
        keep = ~terms.isin(NOT_EXONIC)
        rows, terms = rows[keep], terms[keep]
        classes = {term: classify([term]) for term in terms.unique()}
        changes = {text: change_from_hgvs(text) for text in rows["change"].unique()}
        columns: dict[str, Iterable[Any]] = {
            "patient_id": rows["barcode"].map(dict(patients)),
            "sample_id": rows["barcode"],
            "line": rows["line"],
            "variant": rows["chromosome"] + "-" + rows["position"] + "-" + rows["ref"] + "-" + rows["alt"],
            "chromosome": rows["chromosome"],
            "position": rows["position"].astype("int64"),
            "ref": rows["ref"],
            "alt": rows["alt"],
            "alt_copies": rows["copies"],
            "ploidy": np.full(len(rows), 2),
            "gene": rows["gene"],
            "transcript": rows["transcript"],
            "transcript_choice": np.full(len(rows), "stated", object),
            "consequence": terms,
            "amino_acid_change": rows["change"].map(changes),
            "consequence_class": terms.map(classes),
            "loftee": np.full(len(rows), "", object),
        }
        return {column.name: list(columns[column.name]) for column in tables.VARIANTS.columns}

    def samples(self, patients: Mapping[str, str]) -> list[dict[str, object]]:
        """Rows of the samples table."""
        counts = self.rows.drop_duplicates(["barcode", "chromosome", "position", "ref", "alt"])[
            "barcode"
        ].value_counts()
        return [
            {
                "patient_id": patient_id,
                "sample_id": barcode,
                "n_records": len(self.rows),
                "n_missing": 0,
                "n_filtered": self.n_filtered,
                "n_alternate": int(counts.get(barcode, 0)),
            }
            for barcode, patient_id in patients.items()
        ]


def read_maf(path: Path, settings: Genomics) -> Maf:
    """Read and check a MAF, plain or gzipped.

    Alleles stay as the file states them: ``-`` for no base, without the base before, and not left-aligned. The
    alternate allele is Tumor_Seq_Allele2, or the first one where the second equals REF.

    Raises
    ------
    AnnotationError
        ``genomics.consequences`` is ``call``: a MAF states classes, from whatever transcripts.
    UnreadableMafError, FaultyVariantsError
    """
    if settings.consequences != "annotated":
        problem = "a MAF states consequences, but genomics.consequences is `call`"
        raise AnnotationError(path, problem, "set genomics.consequences to `annotated`, for all files of the study")
    rows = _read(path)
    remarks = Remarks(path, {})
    builds = sorted({_BUILDS.get(name, name) for name in rows["build"].unique()} - {""})
    if len(builds) > 1:
        raise UnreadableMafError(path, f"NCBI_Build names several builds: {listing(builds)}")
    for build in builds:
        remarks.add("build", None, build)
    dropped = settings.policies.faulty_record == "drop"
    checks = {
        "barcode": (rows["barcode"] == "", "Tumor_Sample_Barcode", "barcode"),
        "position": (~rows["position"].str.fullmatch(r"[1-9][0-9]*"), "Start_Position", "position"),
        "ref_allele": (~rows["ref"].str.fullmatch(ALLELE), "Reference_Allele", "ref"),
        "alt_allele": (~rows["alt"].str.fullmatch(ALLELE), "Tumor_Seq_Allele2", "alt"),
        "classification": (
            ~rows["classification"].isin(list(OF_CLASSIFICATION)),
            "Variant_Classification",
            "classification",
        ),
        "alt_is_ref": (rows["alt"] == rows["ref"], "Tumor_Seq_Allele2 equals Reference_Allele", "alt"),
    }
    if dropped:
        remarks.repairs = dict.fromkeys(
            ("barcode", "position", "ref_allele", "alt_allele", "classification"), "left_out"
        )
    bad = np.zeros(len(rows), bool)
    for kind, (mask, name, column) in checks.items():
        if mask.any():
            first = rows[mask].iloc[0]
            remarks.add(kind, int(first["line"]), f"{name} {first[column]!r}", int(mask.sum()))
            bad |= mask.to_numpy()
    if remarks.refused:
        raise FaultyVariantsError(path, remarks.refused)
    passed = rows["filter"].isin(["PASS", ".", ""]) if settings.pass_only else np.ones(len(rows), bool)
    barcodes = list(dict.fromkeys(rows["barcode"]))
    kept = rows[passed & ~bad]
    repeated = kept.duplicated(["barcode", "chromosome", "position", "ref", "alt", "gene"])
    if repeated.any():
        first = kept[repeated].iloc[0]
        text = f"{first['gene']} {first['chromosome']}:{first['position']} of {first['barcode']}"
        remarks.add("duplicate", int(first["line"]), text, int(repeated.sum()))
    return Maf(path, kept, [name for name in barcodes if name], remarks, int((~passed).sum()))


def _read(path: Path) -> pd.DataFrame:
    """The columns under our names, as text, with the number of the line; optional ones that are absent are empty."""
    number, present = _header(path)
    by_lower = {name.lower(): name for name in reversed(present)}
    taken = {
        name: next((by_lower[column.lower()] for column in columns if column.lower() in by_lower), None)
        for name, columns in (REQUIRED | OPTIONAL).items()
    }
    if missing := [REQUIRED[name][0] for name in REQUIRED if taken[name] is None]:
        raise UnreadableMafError(path, f"line {number}: no column {', '.join(missing)}")
    used = {name: column for name, column in taken.items() if column}
    try:
        frame = pd.read_csv(
            path,
            sep="\t",
            skiprows=number - 1,
            usecols=list(used.values()),
            dtype=str,
            keep_default_na=False,
            quoting=csv.QUOTE_NONE,
            skip_blank_lines=False,
            index_col=False,
            compression="gzip" if is_gzip(path) else None,
            encoding_errors="replace",
        )
    except (ValueError, OSError, EOFError, zlib.error) as error:
        raise UnreadableMafError(path, str(error)) from error
    rows = pd.DataFrame({name: frame[column].fillna("").str.strip() for name, column in used.items()})
    for name in taken.keys() - used.keys():
        rows[name] = ""
    rows["line"] = np.arange(number + 1, number + 1 + len(rows))
    rows = rows[(rows[list(REQUIRED)] != "").any(axis=1)].reset_index(drop=True)
    for name in ("change", "transcript", "build"):
        rows[name] = rows[name].mask(rows[name].isin(NOTHING), "")
    for name in ("ref", "first", "second"):
        rows[name] = rows[name].str.upper()
    rows["alt"] = np.where((rows["second"] == rows["ref"]) & (rows["first"] != ""), rows["first"], rows["second"])
    rows["copies"] = np.where(rows["first"] == rows["second"], 2, 1)
    return rows


def _header(path: Path) -> tuple[int, list[str]]:
    """Number and cells of the first line that is no comment."""
    for number, line in lines(path):
        if line.strip() and not line.startswith("#"):
            return number, [name.strip() for name in line.rstrip("\r\n").split("\t")]
    return 0, []
