"""Tables of the quality of samples and sites."""

from radiogenomics.table import Column, Table

SAMPLE_QUALITY = Table(
    "genomics/sample_quality",
    "Quality of the genotypes of one patient; with genomics.quality.enabled only (docs/genomics.md).",
    Column("patient_id", "string", "patient of the patients sheet"),
    Column("sample_id", "string", "name of the sample in its file"),
    Column("file", "string", "name of the file of genotypes, empty if none was read"),
    Column(
        "note",
        "category",
        "why numbers are missing: a reason of a failure (maf, sample_not_in_vcf, …), no_genotypes, variants_only (a"
        " file without reference calls), few_samples or few_sites; empty if none are for such a reason",
    ),
    Column("flags", "string", "what is wrong, joined by ;"),
    Column("group", "string", "group whose call rates and frequencies are compared, empty if none is stated"),
    Column("n_sites", "int64", "sites of the file that were used", nullable=True),
    Column("call_rate", "float64", "share of the file's autosomal sites that is called", nullable=True),
    Column("n_het", "int64", "heterozygous autosomal genotypes", nullable=True),
    Column("n_hom_alt", "int64", "autosomal genotypes homozygous for ALT", nullable=True),
    Column("het_hom_ratio", "float64", "the former over the latter", nullable=True),
    Column("heterozygosity", "float64", "share of heterozygotes among called autosomal genotypes", nullable=True),
    Column("f", "float64", "1 - observed over expected heterozygotes (inbreeding coefficient)", nullable=True),
    Column("n_snv", "int64", "single-nucleotide variants carried", nullable=True),
    Column("n_indel", "int64", "other variants carried", nullable=True),
    Column("ti_tv", "float64", "transitions carried over transversions carried", nullable=True),
    Column("n_singleton", "int64", "variants that nobody else of the file carries, in one copy", nullable=True),
    Column("mean_depth", "float64", "mean DP of called genotypes", unit="reads", nullable=True),
    Column("mean_quality", "float64", "mean GQ of called genotypes", unit="Phred", nullable=True),
    Column(
        "unbalanced_het",
        "float64",
        "share of heterozygous genotypes of 10 reads or more of which less than 1/4 or more than 3/4 show ALT",
        nullable=True,
    ),
    Column(
        "foreign_reads",
        "float64",
        "mean share of reads that show the other allele at homozygous genotypes of 10 reads or more",
        nullable=True,
    ),
    Column("x_f", "float64", "F at common sites of X outside the pseudoautosomal regions", nullable=True),
    Column("x_haploid", "float64", "share of genotypes there that have one allele", nullable=True),
    Column("y_call_rate", "float64", "share of the sites of Y outside these regions that is called", nullable=True),
    Column("inferred_sex", "category", "sex by X and Y, empty if unclear", values=("", "female", "male")),
    Column("stated_sex", "category", "sex of the patients sheet, empty if none", values=("", "female", "male")),
    key=("patient_id",),
)
RELATEDNESS = Table(
    "genomics/relatedness",
    "Two patients of kinship 0.0442 or more: relatives, or the same person.",
    Column("patient_1", "string", "patient of the patients sheet"),
    Column("patient_2", "string", "another one"),
    Column(
        "degree",
        "category",
        "closest relation that the kinship fits; duplicate: the same person, or monozygotic twins",
        values=("duplicate", "first_degree", "second_degree", "third_degree"),
    ),
    Column("kinship", "float64", "KING-robust kinship; 1/2 for duplicates, 1/4 for parent and child"),
    Column("n_sites", "int64", "sites called in both"),
    Column("ibs0", "float64", "share of these at which the two share no allele; about 0 for parent and child"),
    key=("patient_1", "patient_2"),
)
COMPONENTS = Table(
    "genomics/components",
    "Coordinate of one patient on one principal component of common genotypes.",
    Column("patient_id", "string", "patient of the patients sheet"),
    Column("component", "int32", "number of the component, from 1"),
    Column("coordinate", "float64", "element of the eigenvector, or projection on it", nullable=True),
    Column("fitted", "bool", "the component was computed of this patient, among others; otherwise it is a projection"),
    Column("eigenvalue", "float64", "eigenvalue of the component"),
    key=("patient_id", "component"),
)
SITE_COUNTS = Table(
    "genomics/site_counts",
    "How many sites one step leaves out for one reason, and how many it keeps; docs/genomics.md lists the reasons.",
    Column("file", "string", "name of the file, empty if samples of all files are looked at together"),
    Column("step", "category", "what the sites are for", values=("reading", "relatedness", "components")),
    Column("reason", "category", "why they are left out; kept if they are not"),
    Column("n_sites", "int64", "number of sites, each counted for its first reason"),
    key=("file", "step", "reason"),
)
