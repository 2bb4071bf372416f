"""Consequences of a variant: Sequence Ontology terms, severity, class; the BCSQ field of `bcftools csq`."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

# Terms of Ensembl VEP (release 113) in its order of severity, most severe first, with these differences: the general
# splice site, which mutation annotation files state, stands after acceptor and donor; terms of SnpEff stand beside
# their like; coding_sequence_variant stands above the splice region, since bcftools says it of deletions that reach
# over an end of the CDS.
TERMS = re.findall(
    r"\S+",
    """
transcript_ablation splice_acceptor_variant splice_donor_variant splice_site_variant stop_gained frameshift_variant
exon_loss_variant stop_lost start_lost initiator_codon_variant transcript_amplification
inframe_insertion conservative_inframe_insertion disruptive_inframe_insertion
inframe_deletion conservative_inframe_deletion disruptive_inframe_deletion
missense_variant rare_amino_acid_variant protein_altering_variant feature_elongation feature_truncation
coding_sequence_variant splice_donor_5th_base_variant splice_region_variant splice_donor_region_variant
splice_polypyrimidine_tract_variant splice_branch_variant incomplete_terminal_codon_variant
start_retained_variant stop_retained_variant synonymous_variant mature_miRNA_variant
5_prime_UTR_premature_start_codon_gain_variant 5_prime_UTR_truncation 3_prime_UTR_truncation
5_prime_UTR_variant 3_prime_UTR_variant non_coding_transcript_exon_variant exon_variant intron_variant
conserved_intron_variant NMD_transcript_variant non_coding_transcript_variant coding_transcript_variant
intragenic_variant gene_variant transcript_variant upstream_gene_variant downstream_gene_variant
TFBS_ablation TFBS_amplification TF_binding_site_variant regulatory_region_ablation
regulatory_region_amplification regulatory_region_variant conserved_intergenic_variant intergenic_region
intergenic_variant sequence_feature sequence_variant
""",
)
SEVERITY = {term: rank for rank, term in enumerate(TERMS)}

# Short names of bcftools csq.
SO_TERMS = {
    "5_prime_utr": "5_prime_UTR_variant",
    "3_prime_utr": "3_prime_UTR_variant",
    "non_coding": "non_coding_transcript_exon_variant",
    "inframe_altering": "protein_altering_variant",
    "NMD_transcript": "NMD_transcript_variant",
    "splice_acceptor": "splice_acceptor_variant",
    "splice_donor": "splice_donor_variant",
    "splice_region": "splice_region_variant",
    "frameshift": "frameshift_variant",
    "missense": "missense_variant",
    "coding_sequence": "coding_sequence_variant",
    "start_retained": "start_retained_variant",
    "stop_retained": "stop_retained_variant",
    "synonymous": "synonymous_variant",
    "intron": "intron_variant",
    "intergenic": "intergenic_variant",
    "stop_gained": "stop_gained",
    "stop_lost": "stop_lost",
    "start_lost": "start_lost",
    "inframe_insertion": "inframe_insertion",
    "inframe_deletion": "inframe_deletion",
    "feature_elongation": "feature_elongation",
    "feature_truncation": "feature_truncation",
}
# Older names that annotated files still hold.
ALIASES = {
    "non_coding_exon_variant": "non_coding_transcript_exon_variant",
    "nc_transcript_variant": "non_coding_transcript_variant",
    "intergenic": "intergenic_variant",
    "inframe_codon_gain": "inframe_insertion",
    "inframe_codon_loss": "inframe_deletion",
}

# Variant_Classification of mutation annotation files: that of the GDC and vcf2maf, then Oncotator's and Funcotator's.
# A splice site there is an acceptor or a donor, which is not said.
OF_CLASSIFICATION = {
    "Missense_Mutation": "missense_variant",
    "Nonsense_Mutation": "stop_gained",
    "Nonstop_Mutation": "stop_lost",
    "Frame_Shift_Del": "frameshift_variant",
    "Frame_Shift_Ins": "frameshift_variant",
    "In_Frame_Del": "inframe_deletion",
    "In_Frame_Ins": "inframe_insertion",
    "Splice_Site": "splice_site_variant",
    "Translation_Start_Site": "start_lost",
    "Splice_Region": "splice_region_variant",
    "Silent": "synonymous_variant",
    "5'UTR": "5_prime_UTR_variant",
    "3'UTR": "3_prime_UTR_variant",
    "5'Flank": "upstream_gene_variant",
    "3'Flank": "downstream_gene_variant",
    "RNA": "non_coding_transcript_exon_variant",
    "Intron": "intron_variant",
    "IGR": "intergenic_variant",
    "Targeted_Region": "sequence_variant",
    "lincRNA": "non_coding_transcript_exon_variant",
    "LINCRNA": "non_coding_transcript_exon_variant",
    "Splice_Site_SNP": "splice_site_variant",
    "Splice_Site_Del": "splice_site_variant",
    "Splice_Site_Ins": "splice_site_variant",
    "Start_Codon_SNP": "start_lost",
    "Start_Codon_Del": "start_lost",
    "Start_Codon_Ins": "start_lost",
    "START_CODON_SNP": "start_lost",
    "START_CODON_DEL": "start_lost",
    "START_CODON_INS": "start_lost",
    "Stop_Codon_Del": "stop_lost",
    "Stop_Codon_Ins": "stop_lost",
    "De_novo_Start_InFrame": "5_prime_UTR_premature_start_codon_gain_variant",
    "De_novo_Start_OutOfFrame": "5_prime_UTR_premature_start_codon_gain_variant",
    "DE_NOVO_START_IN_FRAME": "5_prime_UTR_premature_start_codon_gain_variant",
    "DE_NOVO_START_OUT_FRAME": "5_prime_UTR_premature_start_codon_gain_variant",
    "COULD_NOT_DETERMINE": "sequence_variant",
}

# Loss of function as in LOFTEE and gnomAD: start and stop losses are protein-altering, not lof.
LOF = frozenset(
    {
        "transcript_ablation",
        "splice_acceptor_variant",
        "splice_donor_variant",
        "splice_site_variant",
        "stop_gained",
        "frameshift_variant",
    }
)
MISSENSE = frozenset({"missense_variant", "rare_amino_acid_variant"})
# bcftools csq calls in-frame replacements feature_truncation or feature_elongation, and deletions that reach over an
# end of the CDS coding_sequence.
PROTEIN_ALTERING = frozenset(
    {
        "stop_lost",
        "start_lost",
        "initiator_codon_variant",
        "exon_loss_variant",
        "inframe_insertion",
        "conservative_inframe_insertion",
        "disruptive_inframe_insertion",
        "inframe_deletion",
        "conservative_inframe_deletion",
        "disruptive_inframe_deletion",
        "protein_altering_variant",
        "feature_elongation",
        "feature_truncation",
        "coding_sequence_variant",
    }
)
SYNONYMOUS = frozenset({"synonymous_variant", "stop_retained_variant", "start_retained_variant"})
# What is said of a place outside exons and splice sites, or only of the transcript as a whole.
NOT_EXONIC = frozenset(TERMS[TERMS.index("intron_variant") :])

# Classes of variants that count for each class of a gene's alteration.
MEMBERS = {
    "lof": ("lof",),
    "missense": ("missense",),
    "non_silent": ("lof", "missense", "protein_altering"),
    "synonymous": ("synonymous",),
}


@dataclass(frozen=True)
class Consequence:
    """What one allele does to one transcript.

    ``terms`` are Sequence Ontology terms, ``loftee`` is LOFTEE's verdict on a loss of function (HC, LC, OS or nothing).
    """

    gene: str
    transcript: str
    terms: tuple[str, ...]
    amino_acid_change: str
    loftee: str = ""

    @property
    def rank(self) -> int:
        """Severity of the worst term, 0 is the most severe."""
        return min(SEVERITY[term] for term in self.terms)

    @property
    def exonic(self) -> bool:
        """Whether any term says more than that the place is in an intron or outside genes."""
        return not set(self.terms) <= NOT_EXONIC


def classify(terms: Iterable[str]) -> str:
    """The most severe class among the terms: lof, missense, protein_altering, synonymous or other."""
    found = set(terms)
    if found & LOF:
        return "lof"
    if found & MISSENSE:
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
            change = old.amino_acid_change or new.amino_acid_change
            new = Consequence(new.gene, new.transcript, terms, change, old.loftee or new.loftee)
        merged[key] = new
    return merged
