"""Tables of variants and markers."""

from radiogenomics.table import Column, Table

STATE_NOTES = (
    "",
    "not on the assay",
    "missing genotype",
    "altered outside the assay",
    "genes of the set not known",
    "not in the file",
    "no value",
)
BURDEN_NOTES = ("", "no gene file", "no coding base was assayed")
VARIANT_CLASSES = ("lof", "missense", "protein_altering", "synonymous", "other")
SAMPLES = Table(
    "genomics/samples",
    "One sequenced sample that was read.",
    Column("patient_id", "string", "patient of the patients sheet"),
    Column("sample_id", "string", "name of the sample in the VCF"),
    Column("n_records", "int64", "records with an alternate allele on contigs that carry genes, after filters"),
    Column("n_missing", "int64", "genotype calls of these that are missing or half missing"),
    Column("n_filtered", "int64", "records left out by their FILTER"),
    Column(
        "n_alternate", "int64", "alternate alleles of these records that the sample carries, split and left-aligned"
    ),
    Column(
        "assay",
        "string",
        "what was assayed, as in genomics/assays; empty if everything is taken as assayed",
        optional=True,
    ),
    key=("patient_id",),
)
ASSAYS = Table(
    "genomics/assays",
    "One gene of which an assay (panel, callable regions) holds any coding base; a gene without a row was not assayed.",
    Column("assay", "category", "digest of the file's content"),
    Column("file", "category", "name of the file"),
    Column("gene", "category", "gene name"),
    Column(
        "cds_bases",
        "int64",
        "coding bases of the transcript that stands for the gene, empty if the gene file was not read",
        unit="bp",
        nullable=True,
    ),
    Column("share", "float64", "share of them that was assayed; 1 for a gene of a list"),
    key=("assay", "gene"),
)
MISSING = Table(
    "genomics/missing",
    "One variant of a gene for which the genotype of a sample is missing, in whole or in part, and shows no copy.",
    Column("patient_id", "category", "patient of the patients sheet"),
    Column("variant", "category", "as in genomics/variants"),
    Column("gene", "category", "gene name"),
    Column("consequence_class", "category", "class of the variant in the gene", values=VARIANT_CLASSES),
    key=("patient_id", "variant", "gene"),
)
REMARKS = Table(
    "genomics/remarks",
    "One kind of oddity of one variant file; docs/genomics.md lists the kinds.",
    Column("file", "string", "name of the variant file"),
    Column("kind", "category", "kind of oddity"),
    Column(
        "action",
        "category",
        "what was done: records left out, file repaired, or read as docs/genomics.md says",
        values=("left_out", "repaired", "noted"),
    ),
    Column("line", "int64", "first line of the file that has it, empty if it is the file as a whole", nullable=True),
    Column("n", "int64", "how many lines have it, or how many calls if it is one of genotypes"),
    Column("example", "string", "what the first line says"),
    key=("file", "kind"),
)
VARIANTS = Table(
    "genomics/variants",
    "One variant that one sample carries in an exon or splice site of a gene, with its consequence.",
    Column("patient_id", "category", "patient of the patients sheet"),
    Column("sample_id", "category", "name of the sample in the VCF"),
    Column("line", "int64", "line of the variant file; of a BCF, of what bcftools view prints"),
    Column("variant", "string", "<chromosome>-<position>-<REF>-<ALT>, left-aligned, 1-based"),
    Column("chromosome", "category", "contig of the reference"),
    Column("position", "int64", "1-based position of REF"),
    Column("ref", "string", "reference allele"),
    Column("alt", "string", "alternate allele"),
    Column("alt_copies", "int8", "copies of ALT in the genotype"),
    Column("ploidy", "int8", "alleles in the genotype"),
    Column("gene", "category", "gene name"),
    Column("transcript", "category", "transcript that the consequence is stated for"),
    Column(
        "transcript_choice",
        "category",
        "why this transcript: on the list of canonical ones, by its CDS, worst hit, or the one that the file states",
        values=("canonical", "longest_cds", "worst", "stated"),
    ),
    Column("consequence", "string", "Sequence Ontology terms, joined by &"),
    Column(
        "amino_acid_change",
        "string",
        "as bcftools csq states it, e.g. 12G>12D, or in HGVS where a file states what cannot be put so; empty if none",
    ),
    Column("consequence_class", "category", "most severe class of the terms", values=VARIANT_CLASSES),
    Column(
        "loftee",
        "category",
        "LOFTEE's verdict that the file states: HC, LC, OS; empty if none",
        values=("", "HC", "LC", "OS"),
    ),
    key=("patient_id", "variant", "gene", "transcript"),
)
ANNOTATIONS = Table(
    "genomics/annotations",
    "What one field of one resource (allele frequencies, clinical significance) states of a carried variant.",
    Column("variant", "string", "as in genomics/variants"),
    Column("resource", "category", "name in the configuration"),
    Column("field", "category", "INFO field of the resource"),
    Column("value", "string", "what it states of this allele; true for a flag"),
    Column("number", "float64", "the same as a number, empty if it is none", nullable=True),
    key=("variant", "resource", "field"),
)
JOINS = Table(
    "genomics/joins",
    "How many of the cohort's variants one resource holds.",
    Column("resource", "category", "name in the configuration"),
    Column("file", "string", "name of its file"),
    Column("n_variants", "int64", "distinct variants of the cohort"),
    Column("n_joined", "int64", "those that the resource holds, allele by allele"),
    Column("join_rate", "float64", "share of these"),
    Column("n_above", "int64", "those above max_frequency, which alterations do not count"),
    key=("resource",),
)
BURDEN = Table(
    "genomics/burden",
    "How many variants one patient carries, by class, and mutations per megabase of coding sequence. A variant in"
    " several genes counts once, in its most severe class; those above max_frequency of a resource do not count.",
    Column("patient_id", "string", "patient of the patients sheet"),
    Column("n_lof", "int64", "variants of class lof"),
    Column("n_missense", "int64", "of class missense"),
    Column("n_protein_altering", "int64", "of class protein_altering: the other non-silent ones"),
    Column("n_synonymous", "int64", "of class synonymous"),
    Column("counted", "category", "variants in the numerator of tmb", values=("non_silent", "coding")),
    Column("n_counted", "int64", "these, in genes of which the assay holds any coding base"),
    Column("callable_mb", "float64", "coding bases that were assayed, over all genes", unit="Mb", nullable=True),
    Column("tmb", "float64", "n_counted / callable_mb", unit="1/Mb", nullable=True),
    Column("note", "category", "why tmb is missing, empty otherwise", values=BURDEN_NOTES),
    key=("patient_id",),
)
SPECTRUM = Table(
    "genomics/spectrum",
    "Single-base substitutions that one patient carries in exons and splice sites, by the bases beside them; all 96"
    " classes of every patient, and a last one. A variant counts once; those above max_frequency do not count.",
    Column("patient_id", "category", "patient of the patients sheet"),
    Column(
        "context",
        "category",
        "substitution of C or T, of whichever strand, with its neighbours, for instance A[C>T]G; unknown where"
        " a neighbour is no A, C, G or T, or the reference does not have the contig",
    ),
    Column("n", "int64", "variants"),
    key=("patient_id", "context"),
)
SET_GENOTYPES = Table(
    "genomics/sets",
    "One variant of one set (a gene and a burden mask) in one patient who carries it or whose genotype is missing. A"
    " patient without a row has no copy, if the gene was assayed, which genomics/alterations says of GENE:MASK.",
    Column("gene", "category", "gene name"),
    Column("mask", "category", "name in genomics.markers.masks"),
    Column("variant", "category", "as in genomics/variants"),
    Column("patient_id", "category", "patient of the patients sheet"),
    Column("alt_copies", "int8", "copies of ALT in the genotype; empty if it is missing", nullable=True),
    key=("gene", "mask", "variant", "patient_id"),
)
ALTERATIONS = Table(
    "genomics/alterations",
    "State of one marker in one patient; every patient with a sample has a row for every marker seen in the cohort.",
    Column("patient_id", "category", "patient of the patients sheet"),
    Column("marker", "category", "<gene>:<class>"),
    Column("gene", "category", "gene, pathway, variant of a dosage, or marker of a table of the user's"),
    Column("consequence_class", "category", "class of variants that count, mask, other class or name of the table"),
    Column(
        "state",
        "category",
        "altered, wild_type or not_assayed; missing for a marker that is a number",
        values=("altered", "wild_type", "not_assayed"),
        nullable=True,
    ),
    Column("n_variants", "int32", "variants of the class in the gene; 0 for markers of other kinds", optional=True),
    Column("alt_copies", "int32", "alternate copies of these variants, summed", optional=True),
    Column(
        "value",
        "float64",
        "copy number, or the number that the marker is: expression, a score, mutations per megabase, copies of an"
        " allele",
        nullable=True,
        optional=True,
    ),
    Column(
        "source",
        "category",
        "variants, copy_number, fusions, expression, burden, dosage or a table of the user's",
        optional=True,
    ),
    Column(
        "note",
        "category",
        "why the state is not_assayed, or is doubtful; empty otherwise",
        values=STATE_NOTES,
        optional=True,
    ),
    Column("effect_allele", "category", "allele whose copies a dosage counts; empty for other markers", optional=True),
    key=("patient_id", "marker"),
)
