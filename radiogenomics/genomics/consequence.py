"""Consequences of a variant: the BCSQ field of `bcftools csq`, Sequence Ontology terms and classes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

# Short names of bcftools csq → Sequence Ontology, most severe first (order of Ensembl VEP).
SO_TERMS = {
    "splice_acceptor": "splice_acceptor_variant",
    "splice_donor": "splice_donor_variant",
    "stop_gained": "stop_gained",
    "frameshift": "frameshift_variant",
    "stop_lost": "stop_lost",
    "start_lost": "start_lost",
    "inframe_insertion": "inframe_insertion",
    "inframe_deletion": "inframe_deletion",
    "missense": "missense_variant",
    "inframe_altering": "protein_altering_variant",
    "feature_elongation": "feature_elongation",
    "feature_truncation": "feature_truncation",
    "coding_sequence": "coding_sequence_variant",
    "splice_region": "splice_region_variant",
    "start_retained": "start_retained_variant",
    "stop_retained": "stop_retained_variant",
    "synonymous": "synonymous_variant",
    "5_prime_utr": "5_prime_UTR_variant",
    "3_prime_utr": "3_prime_UTR_variant",
    "non_coding": "non_coding_transcript_exon_variant",
    "intron": "intron_variant",
    "NMD_transcript": "NMD_transcript_variant",
    "intergenic": "intergenic_variant",
}
SEVERITY = {term: rank for rank, term in enumerate(SO_TERMS.values())}

# Loss of function as in LOFTEE and gnomAD: start and stop losses are protein-altering, not lof.
LOF = frozenset({"splice_acceptor_variant", "splice_donor_variant", "stop_gained", "frameshift_variant"})
# bcftools csq calls in-frame replacements feature_truncation or feature_elongation, and deletions that reach over an
# end of the CDS coding_sequence.
PROTEIN_ALTERING = frozenset(
    {
        "stop_lost",
        "start_lost",
        "inframe_insertion",
        "inframe_deletion",
        "protein_altering_variant",
        "feature_elongation",
        "feature_truncation",
        "coding_sequence_variant",
    }
)
SYNONYMOUS = frozenset({"synonymous_variant", "stop_retained_variant", "start_retained_variant"})

# Classes of variants that count for each class of a gene's alteration.
MEMBERS = {
    "lof": ("lof",),
    "missense": ("missense",),
    "non_silent": ("lof", "missense", "protein_altering"),
    "synonymous": ("synonymous",),
}


@dataclass(frozen=True)
class Consequence:
    """What one allele does to one transcript; ``terms`` are Sequence Ontology terms."""

    gene: str
    transcript: str
    terms: tuple[str, ...]
    amino_acid_change: str

    @property
    def rank(self) -> int:
        """Severity of the worst term, 0 is the most severe."""
        return min(SEVERITY[term] for term in self.terms)

    @property
    def exonic(self) -> bool:
        """Whether any term is more than being in an intron or between genes."""
        return not set(self.terms) <= {"intron_variant", "intergenic_variant", "NMD_transcript_variant"}


def classify(terms: Iterable[str]) -> str:
    """The most severe class among the terms: lof, missense, protein_altering, synonymous or other."""
    found = set(terms)
    if found & LOF:
        return "lof"
    if "missense_variant" in found:
        return "missense"
    if found & PROTEIN_ALTERING:
        return "protein_altering"
    return "synonymous" if found & SYNONYMOUS else "other"


def parse_bcsq(text: str) -> Iterator[Consequence]:
    """Consequences in a BCSQ value of a biallelic record called with ``--local-csq``.

    Entries are ``terms|gene|transcript|biotype[|strand|amino acid change|DNA change]``. A leading ``*`` (downstream of
    a stop) does not change what the allele itself does. ``@position`` entries occur only with haplotypes.
    """
    for entry in text.split(","):
        terms, gene, transcript, *rest = entry.lstrip("*").split("|")
        changes = rest[2] if len(rest) > 2 else ""
        yield Consequence(gene, transcript, tuple(SO_TERMS[term] for term in terms.split("&")), changes)


def merge(consequences: Iterable[Consequence]) -> dict[tuple[str, str], Consequence]:
    """One consequence per gene and transcript, since bcftools states a splice region as an entry of its own."""
    merged: dict[tuple[str, str], Consequence] = {}
    for new in consequences:
        key = (new.gene, new.transcript)
        old = merged.get(key)
        if old is not None:
            terms = tuple(sorted({*old.terms, *new.terms}, key=SEVERITY.__getitem__))
            new = Consequence(new.gene, new.transcript, terms, old.amino_acid_change or new.amino_acid_change)
        merged[key] = new
    return merged
