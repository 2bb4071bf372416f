"""What can be known of marker files before anything runs: columns, names, whom they are of, and which lists fit."""

import logging
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from radiogenomics.cohort.sheet_rows import Sheets
from radiogenomics.config.markers import CopyNumber, Dosage, Expression
from radiogenomics.config.models import Config
from radiogenomics.errors import MissingFileError, listing
from radiogenomics.gene_sets import read_gmt
from radiogenomics.genomics.errors import near_names
from radiogenomics.genomics.maf import is_maf
from radiogenomics.genomics.markers.copy_number import read_calls, read_segments
from radiogenomics.genomics.markers.dosage import open_files
from radiogenomics.genomics.markers.expression import named_genes, read_names, require_genes
from radiogenomics.genomics.markers.files import Owners
from radiogenomics.genomics.markers.finished import finished_block, patients_of
from radiogenomics.genomics.markers.fusions import read_fusions
from radiogenomics.genomics.markers.rows import NO_STATE, NOT_ASSAYED
from radiogenomics.genomics.markers.selections import read_hotspots

logger = logging.getLogger(__name__)

Collect = Callable[[str], AbstractContextManager[None]]
# Patients that a file lacks for whom a similar name in it is looked for.
PATIENTS_COMPARED = 5
NO_GENES = "%s is absent: TMB:burden is missing in each patient whose assay states no coding bases"
SPECTRUM_NEEDS = "reference (genomics.reference), which genomics.spectrum needs"
SEGMENTS_NEED = "genes (genomics.genes), to which segments of copy number are mapped"


@dataclass
class MarkerFiles:
    """What a look at the files found: patients that any of them knows, and a line for each of who is in it."""

    known: set[str] = field(default_factory=set)
    told: list[str] = field(default_factory=list)

    def add(
        self, what: str, path: Path, joined: Iterable[str], patients: Sequence[str], strangers: Sequence[str]
    ) -> None:
        """Note who is in a file; of some who are not, names in it that are alike and nobody's."""
        found = set(joined)
        self.known |= found
        text = f"{what} ({path.name}): {len(found)} of {len(patients)} patients"
        lacking = [patient for patient in patients if patient not in found]
        similar = {patient: near_names(patient, strangers) for patient in lacking[:PATIENTS_COMPARED]}
        if lacking:
            text += f"; not {listing(lacking, PATIENTS_COMPARED)}"
        if alike := [f"{patient!r} ({listing(names, 2)})" for patient, names in similar.items() if names]:
            text += f"; similar names of nobody: {', '.join(alike)}"
        self.told.append(text)


def inspect_markers(config: Config, sheets: Sheets, collect: Collect) -> MarkerFiles:
    """Look at every file of ``genomics.markers``; ``collect`` takes the errors of each on its own."""
    return _Inspection(config, sheets, collect).run()


class _Inspection:
    def __init__(self, config: Config, sheets: Sheets, collect: Collect) -> None:
        self.config, self.collect = config, collect
        self.sheets, self.found = sheets, MarkerFiles()
        if config.cohort.samples is None:
            pairs = [(row.patient_id, row.patient_id) for row in sheets.patients]
        else:
            pairs = [(row.sample_id, row.patient_id) for row in sheets.samples]
        self.patients = sorted({patient for _, patient in pairs})
        self.owners = Owners(pairs, config.genomics.sample_id)

    def run(self) -> MarkerFiles:
        markers = self.config.genomics.markers
        if markers.hotspots is not None:
            with self.collect("genomics"):
                read_hotspots(markers.hotspots)
        self._sets(markers.pathways.files)
        if markers.copy_number is not None:
            self._copy_number(markers.copy_number)
        if markers.fusions is not None:
            with self.collect("genomics"):
                self._join("fusions", markers.fusions, read_fusions(markers.fusions)["sample"])
        if markers.expression is not None:
            self._expression(markers.expression)
        if markers.dosage is not None:
            self._dosage(markers.dosage)
        self._tables()
        self._needs()
        return self.found

    @cached_property
    def no_vcf(self) -> bool:
        """Whether no file is read against FASTA and GFF3, which are else looked at with it."""
        return all(is_maf(path) for path in dict.fromkeys(Path(row.vcf) for row in self.sheets.samples))

    def _join(self, what: str, path: Path, names: Iterable[str]) -> None:
        listed = list(dict.fromkeys(names))
        owner = self.owners.of(path, listed)
        strangers = [name for name in listed if name not in owner]
        self.found.add(what, path, owner.values(), self.patients, strangers)

    def _sets(self, paths: Iterable[Path]) -> None:
        for path in paths:
            with self.collect("genomics"):
                read_gmt(path)

    def _copy_number(self, options: CopyNumber) -> None:
        with self.collect("genomics"):
            segments = options.kind == "segments"
            names = read_segments(options.file)["sample"] if segments else read_calls(options.file).columns
            self._join("copy number", options.file, map(str, names))
        genes = self.config.genomics.genes
        with self.collect("genomics"):
            if options.kind == "segments" and self.no_vcf and not genes.is_file():
                raise MissingFileError(genes, SEGMENTS_NEED)

    def _expression(self, options: Expression) -> None:
        with self.collect("genomics"):
            samples, present = read_names(options.file)
            self._join("expression", options.file, samples)
            with self.collect("genomics"):
                require_genes(options.file, named_genes(options.genes), present)
        self._sets(options.scores)

    def _dosage(self, options: Dosage) -> None:
        # A file of the sheet that is absent excludes its patients alone, and is told with them.
        sheet = dict.fromkeys(Path(row.vcf) for row in self.sheets.samples)
        named = options.files or tuple(path for path in sheet if path.is_file())
        with self.collect("genomics"):
            files, _ = open_files(
                options.model_copy(update={"files": named}),
                self.owners,
                self.patients,
                self.config.genomics.pass_only,
                lambda: self.collect("genomics"),
            )
            members = {number for file in files for number in file.members}
            strangers = [name for file in files for name in sorted({*file.source.samples} - {*file.samples})]
            if files:
                joined = [self.patients[number] for number in members]
                self.found.add("dosages", files[0].source.path, joined, self.patients, list(dict.fromkeys(strangers)))

    def _tables(self) -> None:
        for name, table in self.config.genomics.markers.tables.items():
            with self.collect("genomics"):
                block = finished_block(name, table, self.patients)
                if block is not None and block.values is not None:
                    known = (block.states != NOT_ASSAYED) & ((block.states != NO_STATE) | ~np.isnan(block.values))
                    joined = [self.patients[place] for place in np.flatnonzero(known.any(axis=0)).tolist()]
                    strangers = sorted(set(patients_of(table)) - set(self.patients))
                    self.found.add(f"table {name}", table.file, joined, self.patients, strangers)

    def _needs(self) -> None:
        """What counting over whole patients needs of a study of MAF files, which can do without FASTA and GFF3."""
        genomics = self.config.genomics
        wanted = genomics.spectrum or genomics.markers.burden
        if not wanted or self.config.cohort.samples is None or not self.no_vcf:
            return
        with self.collect("genomics"):
            if genomics.spectrum and not genomics.reference.is_file():
                raise MissingFileError(genomics.reference, SPECTRUM_NEEDS)
        if genomics.markers.burden and not genomics.genes.is_file():
            logger.warning(NO_GENES, genomics.genes.name)
