"""Every table that the pipeline writes, specified once: columns, types, units, meaning.

Reading, writing, checks, the data dictionary in the report and docs/tables.md all come from these specifications.
"""

from radiogenomics.table import Column, Table

STAGES = ("pacs", "imaging", "radiomics", "genomics", "cohort", "association")
ADJUSTMENTS = ("crude", "volume", "full")
EFFECTS = (
    "SD per carrier",
    "probability of superiority - 0.5",
    "log odds per SD",
    "SD per SD of the marker",
    "rank correlation",
)
METHODS = (
    "",
    "least squares",
    "least squares, HC3",
    "Mann-Whitney",
    "partial rank correlation",
    "score test",
    "Firth",
    "rank correlation",
    "mixed model",
    "mixed model, variances without the marker",
)
NOT_TESTED_REASONS = (
    "",
    "n below the configured minimum",
    "carriers below the configured minimum",
    "constant feature",
    "collinear with covariates",
    "no residual degrees of freedom",
    "no residual variance",
    "one patient decides the estimate",
    "fit did not settle",
    "the marker is a number, not carried or not",
)
# Columns of the summary that count pairs by the reason.
NOT_TESTED_COUNTS = dict(
    zip(
        (
            "n_few_patients",
            "n_few_carriers",
            "n_constant",
            "n_collinear",
            "n_no_df",
            "n_no_residual",
            "n_one_patient",
            "n_unsettled",
            "n_not_binary",
        ),
        NOT_TESTED_REASONS[1:],
        strict=True,
    )
)
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

FAILURES = Table(
    "failures",
    "One patient, image or sample that a stage could not process, and why.",
    Column("patient_id", "string", "patient of the patients sheet"),
    Column("image_id", "string", "image of the images sheet, empty where the failure is not about an image"),
    Column("roi", "string", "region of interest, empty where the failure is not about one"),
    Column("stage", "category", "stage that refused", values=STAGES),
    Column("error", "string", "class of the error"),
    Column("reason", "string", "stable short code of the error"),
    Column("message", "string", "the fact"),
    Column("hint", "string", "what to do"),
)

IMAGES = Table(
    "imaging/images",
    "One volume with the mask of one region of interest on its grid.",
    Column("image_id", "string", "image of the images sheet"),
    Column("patient_id", "string", "patient of the patients sheet"),
    Column("role", "category", "what the image is in the study; features are compared within one role"),
    Column("modality", "category", "DICOM Modality"),
    Column(
        "roi", "string", "region of interest, as the images sheet calls it; its own name where each of several is taken"
    ),
    Column("region", "string", "name of the region in the segmentation"),
    Column("volume", "string", "file of the volume, relative to the results folder"),
    Column("mask", "string", "file of the mask, relative to the results folder"),
    Column("overlay", "string", "PNG of three planes with the contour, relative to the results folder"),
    Column("unit", "string", "unit of the voxel values (HU, Bq/ml, …), empty if arbitrary"),
    Column("n_columns", "int32", "voxels along x of the grid"),
    Column("n_rows", "int32", "voxels along y of the grid"),
    Column("n_slices", "int32", "voxels along z of the grid"),
    Column("spacing_x_mm", "float64", "spacing of columns", unit="mm"),
    Column("spacing_y_mm", "float64", "spacing of rows", unit="mm"),
    Column("spacing_z_mm", "float64", "spacing of slices; 1 for an ultrasound picture, which has none", unit="mm"),
    Column("roi_voxels", "int64", "voxels in the mask"),
    Column("roi_volume_ml", "float64", "volume of the mask", unit="ml"),
    Column("roi_slices", "int32", "slices that the mask touches"),
    Column("roi_components", "int32", "26-connected components of the mask"),
    Column("roi_holes", "int32", "cavities of the mask: 6-connected parts of the background that it encloses"),
    Column("roi_one_slice", "bool", "all voxels of the mask lie in one slice along some axis"),
    Column("roi_touches_border", "bool", "the mask reaches the border of the volume"),
    Column("repairs", "string", "what was done with defects of the series, by policy; empty if it had none"),
    Column("roi_notes", "string", "what was done with the region, by policy; empty if it was taken as it is"),
    Column("manufacturer", "string", "DICOM Manufacturer, empty if absent"),
    Column("model", "string", "DICOM ManufacturerModelName, empty if absent"),
    Column("kernel", "string", "DICOM ConvolutionKernel, empty if absent"),
    Column("slice_thickness_mm", "float64", "DICOM SliceThickness", unit="mm", nullable=True),
    Column("kvp", "float64", "DICOM KVP", unit="kV", nullable=True),
    Column("field_strength_t", "float64", "DICOM MagneticFieldStrength", unit="T", nullable=True),
    Column("sequence", "string", "DICOM ScanningSequence, SequenceVariant and MRAcquisitionType, empty if absent"),
    Column("echo_time_ms", "float64", "DICOM EchoTime", unit="ms", nullable=True),
    Column("repetition_time_ms", "float64", "DICOM RepetitionTime", unit="ms", nullable=True),
    Column("flip_angle_degrees", "float64", "DICOM FlipAngle", unit="°", nullable=True),
    Column("depth_mm", "float64", "DICOM DepthOfScanField of ultrasound", unit="mm", nullable=True),
    Column("transducer_mhz", "float64", "DICOM TransducerFrequency of ultrasound", unit="MHz", nullable=True),
    Column("contrast", "string", "yes or no where the header tells whether contrast was given, empty otherwise"),
    Column("tracer", "string", "radiopharmaceutical of a PET, empty if absent"),
    Column("voxel_hash", "string", "BLAKE2b of the voxel values and the geometry; the same series gives the same hash"),
    key=("image_id", "roi"),
)

ACQUISITION = Table(
    "imaging/acquisition",
    "One fact of how an image was acquired, beside what is typical of its role and modality.",
    Column("image_id", "string", "image of the images sheet"),
    Column("patient_id", "string", "patient of the patients sheet"),
    Column("role", "category", "what the image is in the study"),
    Column("modality", "category", "DICOM Modality"),
    Column("fact", "category", "column of imaging/images"),
    Column("value", "string", "the fact, empty if the image does not state it"),
    Column("typical", "string", "median or most frequent value of the role and modality, empty if few images state it"),
    Column("n", "int32", "images of the role and modality that state it"),
    Column("outlier", "bool", "the value differs from the others (see docs/imaging.md)"),
    key=("image_id", "fact"),
)

SCALE = Table(
    "imaging/scale",
    "One landmark of one MR image and what the standard scale of its role makes of it; with imaging.mr.normalisation:"
    " nyul only.",
    Column("image_id", "string", "image of the images sheet"),
    Column("patient_id", "string", "patient of the patients sheet"),
    Column("role", "category", "what the image is in the study; there is one scale for each role"),
    Column("percentile", "float64", "percentile of the image's foreground", unit="%"),
    Column("landmark", "float64", "intensity of the image there, in its own arbitrary unit"),
    Column("standard", "float64", "intensity that it becomes, from 0 to 100"),
    Column("n", "int32", "images that the scale was fitted on"),
    key=("image_id", "percentile"),
)

FEATURES = Table(
    "radiomics/features",
    "One feature of one region of interest.",
    Column("patient_id", "category", "patient of the patients sheet"),
    Column("image_id", "category", "image of the images sheet"),
    Column("role", "category", "what the image is in the study"),
    Column("roi", "category", "region of interest"),
    Column("image_type", "category", "original, log-sigma-<mm>-mm-3D or wavelet-<bands>"),
    Column("family", "category", "family of features: shape, firstorder, glcm, …"),
    Column("feature", "category", "<image type>_<family>_<name>; pyradiomics' names where it has the feature"),
    Column("value", "float64", "the value, missing where it cannot be computed", nullable=True),
    Column("note", "category", "why the value is missing, empty otherwise"),
    Column("source", "category", "what computed it: native, pyradiomics, a plug-in or a table of the user's"),
    key=("patient_id", "image_id", "roi", "feature"),
)

SELFTEST = Table(
    "radiomics/selftest",
    "One feature of the IBSI-1 digital phantom, computed on this machine.",
    Column("family", "category", "feature family"),
    Column("name", "string", "name of the feature"),
    Column("aggregation", "category", "how matrices were merged or features averaged"),
    Column("expected", "float64", "consensus value"),
    Column("tolerance", "float64", "largest difference that the consensus allows"),
    Column("found", "float64", "our value", nullable=True),
    Column("agrees", "bool", "whether it lies within the tolerance"),
    key=("family", "name", "aggregation"),
)

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

ALTERATIONS = Table(
    "genomics/alterations",
    "State of one marker in one patient; every patient with a sample has a row for every marker seen in the cohort.",
    Column("patient_id", "category", "patient of the patients sheet"),
    Column("marker", "category", "<gene>:<class>"),
    Column("gene", "category", "gene, pathway, or marker of a table of the user's"),
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
        "copy number, or the number that the marker is: expression, a score, mutations per megabase",
        nullable=True,
        optional=True,
    ),
    Column(
        "source",
        "category",
        "variants, copy_number, fusions, expression, burden or a table of the user's",
        optional=True,
    ),
    Column(
        "note",
        "category",
        "why the state is not_assayed, or is doubtful; empty otherwise",
        values=STATE_NOTES,
        optional=True,
    ),
    key=("patient_id", "marker"),
)

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

PATIENTS = Table(
    "cohort/patients",
    "One patient, in or out of the analysis, with the reason; the covariates follow as further columns.",
    Column("patient_id", "string", "patient of the patients sheet"),
    Column("included", "bool", "the patient is analysed"),
    Column("excluded_stage", "string", "stage that excluded the patient, empty if included"),
    Column("excluded_reason", "string", "why the patient is excluded, empty if included"),
    Column("excluded_message", "string", "the fact behind the reason, empty if included"),
    key=("patient_id",),
    open_ended=True,
)

LEDGER = Table(
    "cohort/ledger",
    "Attrition: patients in = patients analysed + patients excluded, by reason.",
    Column("step", "category", "enrolled, excluded or analysed", values=("enrolled", "excluded", "analysed")),
    Column("stage", "string", "stage that excluded, empty for enrolled and analysed"),
    Column("reason", "string", "why, empty for enrolled and analysed"),
    Column("n_patients", "int64", "number of patients"),
    key=("step", "stage", "reason"),
)

RESULTS = Table(
    "association/results",
    "One pair of feature and marker under one adjustment.",
    Column("analysis", "category", "role of the image; p is adjusted within one analysis and adjustment"),
    Column("feature", "category", "feature name, <image type>_<family>_<name>"),
    Column("image_type", "category", "image that the feature is computed on"),
    Column("family", "category", "family of the feature"),
    Column("marker", "category", "<gene>:<class>"),
    Column("gene", "category", "gene name"),
    Column(
        "adjustment", "category", "crude; volume: + log volume; full: + log volume + all covariates", values=ADJUSTMENTS
    ),
    Column("effect", "category", "what the estimate is", values=EFFECTS),
    Column(
        "estimate",
        "float64",
        "see effect; above 0, carriers, or those with more of the marker, have the larger values of the feature",
        nullable=True,
    ),
    Column("se", "float64", "standard error of the estimate; empty for rank tests too", nullable=True),
    Column(
        "method",
        "category",
        "how estimate, se and p were computed (see docs/association.md); empty if not tested",
        values=METHODS,
    ),
    Column("ci_low", "float64", "lower bound of the 95 % confidence interval, from se", nullable=True),
    Column("ci_high", "float64", "upper bound of the 95 % confidence interval, from se", nullable=True),
    Column("statistic", "float64", "Student's t, or a normal deviate where df is empty", nullable=True),
    Column("df", "int32", "degrees of freedom of t", nullable=True),
    Column("p", "float64", "two-sided p-value", nullable=True),
    Column("neg_log10_p", "float64", "-log10 p, exact where p underflows", nullable=True),
    Column(
        "q_gene",
        "float64",
        "Benjamini-Hochberg adjusted Simes p of the gene, over the genes of this analysis and adjustment",
        nullable=True,
    ),
    Column(
        "q_two_level",
        "float64",
        "smallest false discovery rate of genes at which the gene is found, and this pair in it; decides what is a hit",
        nullable=True,
    ),
    Column(
        "q_bh",
        "float64",
        "Benjamini-Hochberg adjusted p over the tested pairs of this analysis and adjustment, genes pooled",
        nullable=True,
    ),
    Column("q_by", "float64", "Benjamini-Yekutieli, over the same pairs; empty if not asked for", nullable=True),
    Column("p_holm", "float64", "Holm's family-wise p, over the same pairs; empty if not asked for", nullable=True),
    Column("q_storey", "float64", "Storey's q, over the same pairs; empty if not asked for", nullable=True),
    Column("n", "int32", "patients with feature, marker and covariates"),
    Column("n_carriers", "int32", "carriers among them; empty for a marker that is a number", nullable=True),
    Column("n_missing", "int32", "analysed patients left out of this pair for a missing value"),
    Column("volume_rho", "float64", "Spearman correlation of the feature with the volume of the region", nullable=True),
    Column(
        "volume_explained",
        "bool",
        "a hit without adjustment that adjusting for volume removes (see docs/association.md)",
    ),
    Column("flag", "category", "why the pair has no p-value, empty if tested", values=NOT_TESTED_REASONS),
    key=("analysis", "feature", "marker", "adjustment"),
)

SUMMARY = Table(
    "association/summary",
    "All pairs of one analysis under one adjustment, kept in the results or not.",
    Column("analysis", "category", "role of the image"),
    Column("adjustment", "category", "crude, volume or full", values=ADJUSTMENTS),
    Column("n_pairs", "int64", "pairs of feature and marker"),
    Column("n_tested", "int64", "pairs with a p-value"),
    Column("n_few_patients", "int64", "pairs with fewer patients than the configured minimum"),
    Column("n_few_carriers", "int64", "pairs with fewer carriers or non-carriers than the configured minimum"),
    Column("n_constant", "int64", "pairs whose feature is constant"),
    Column("n_collinear", "int64", "pairs whose feature or marker is collinear with the covariates"),
    Column("n_no_df", "int64", "pairs without residual degrees of freedom"),
    Column("n_no_residual", "int64", "pairs without residual variance"),
    Column("n_one_patient", "int64", "pairs whose estimate one patient decides, so that HC3 is not defined"),
    Column("n_unsettled", "int64", "pairs whose fit did not settle"),
    Column("n_not_binary", "int64", "pairs whose marker is a number where the model needs carriers"),
    Column("n_refitted", "int64", "pairs that were fitted on their own: for want of digits, or by Firth's likelihood"),
    Column(
        "inflation",
        "float64",
        "genomic inflation: median of the tests as chi-squared of one degree of freedom over its expectation",
        nullable=True,
    ),
    Column("n_hits", "int64", "tested pairs with q_two_level below association.alpha"),
    Column("n_genes", "int64", "genes with a tested pair"),
    Column("n_gene_hits", "int64", "genes with q_gene below association.alpha"),
    Column("q_exact_below", "float64", "every q_gene and q_two_level below this is known; 1 if all are"),
    Column("q_bh_exact_below", "float64", "q_bh is left out from here on; 1 if all are known"),
    key=("analysis", "adjustment"),
)

QUANTILES = Table(
    "association/quantiles",
    "Points of a QQ plot: one bin of 1/256 of -log10 p that holds tests, of one analysis and adjustment.",
    Column("analysis", "category", "role of the image"),
    Column("adjustment", "category", "crude, volume or full", values=ADJUSTMENTS),
    Column("observed", "float64", "-log10 of the largest p of the bin; 40 holds all that is beyond"),
    Column("expected", "float64", "-log10 of the share of tests with this p or a smaller one"),
    Column("n", "int64", "tests in the bin"),
    key=("analysis", "adjustment", "observed"),
)

MEASURES = ("Spearman rho", "eta squared", "bias-corrected Cramér's V", "R squared")
CONFOUNDING = Table(
    "association/confounding",
    "How strongly one feature, or one marker with enough carriers, goes with one confounder.",
    Column("analysis", "category", "role of the image"),
    Column("kind", "category", "what is compared with the confounder", values=("feature", "marker")),
    Column("name", "category", "feature or marker"),
    Column("gene", "category", "gene of the marker, empty for a feature"),
    Column("confounder", "category", "volume feature or covariate; for R squared: all covariates"),
    Column("measure", "category", "what the strength is", values=MEASURES),
    Column(
        "strength", "float64", "-1 to 1 for rho, 0 to 1 otherwise; empty if one of both does not vary", nullable=True
    ),
    Column("n", "int32", "analysed patients with both"),
    Column(
        "verdict",
        "category",
        "refuse: one cannot be told from the other; flag: a limit of association is reached; empty otherwise",
        values=("", "flag", "refuse"),
    ),
    key=("analysis", "kind", "name", "confounder", "measure"),
)

POWER = Table(
    "association/power",
    "What the study can find for one marker under one adjustment.",
    Column("analysis", "category", "role of the image"),
    Column("adjustment", "category", "crude, volume or full", values=ADJUSTMENTS),
    Column("marker", "category", "<gene>:<class>"),
    Column("gene", "category", "gene name"),
    Column("n", "int32", "patients with any feature, the marker and the covariates"),
    Column("n_carriers", "int32", "carriers among them"),
    Column(
        "r2", "float64", "share of the marker that the covariates explain; empty if it does not vary", nullable=True
    ),
    Column("n_tests", "int64", "tests made under this analysis and adjustment, which the level is divided by"),
    Column(
        "detectable_effect",
        "float64",
        "smallest difference of means found with 80 % power by a t test at association.alpha / n_tests;"
        " empty if the marker was not tested",
        unit="SD of the residual",
        nullable=True,
    ),
    Column("events_per_variable", "float64", "carriers or others, the fewer, for each parameter of a logistic model"),
    key=("analysis", "adjustment", "marker"),
)

EFFECTIVE_TESTS = Table(
    "association/tests",
    "Effective number of independent features, or markers, by four definitions.",
    Column("analysis", "category", "role of the image"),
    Column("kind", "category", "what is counted", values=("feature", "marker")),
    Column("n_columns", "int32", "features, or markers with enough carriers"),
    Column("n_used", "int32", "those of them that vary and that hardly any patient lacks"),
    Column("n_patients", "int32", "patients that have all of these; li_ji, galwey and simplem cannot exceed it"),
    Column("li_ji", "float64", "Li and Ji 2005; empty if fewer than 3 patients or no column are left", nullable=True),
    Column("galwey", "float64", "Galwey 2009", nullable=True),
    Column("simplem", "float64", "simpleM, Gao 2008", nullable=True),
    Column("nyholt", "float64", "Nyholt 2004", nullable=True),
    key=("analysis", "kind"),
)

REDUNDANCY = Table(
    "association/redundancy",
    "One feature, the feature that stands for it and for its like, and whether it hardly varies.",
    Column("analysis", "category", "role of the image"),
    Column("feature", "category", "feature name"),
    Column(
        "medoid", "category", "feature that stands for the cluster; empty if there are too many features to cluster"
    ),
    Column("cluster_size", "int32", "features of the cluster; 0 if not clustered"),
    Column(
        "top_share", "float64", "share of patients with the most frequent value; empty without values", nullable=True
    ),
    Column("near_constant", "bool", "one value dominates the feature, or it has none (see docs/statistics.md)"),
    key=("analysis", "feature"),
)

PERMUTATION = Table(
    "association/permutation",
    "One of the pairs with the largest statistics under the full adjustment, with family-wise p by permutation.",
    Column("analysis", "category", "role of the image"),
    Column("adjustment", "category", "full", values=ADJUSTMENTS),
    Column("feature", "category", "feature name"),
    Column("marker", "category", "<gene>:<class>"),
    Column("gene", "category", "gene name"),
    Column("statistic", "float64", "-df ln(1 - r2), r the partial correlation of the least-squares model"),
    Column("p_single_step", "float64", "share of permutations whose largest statistic reaches this one"),
    Column("p_step_down", "float64", "the same against the pairs that are not larger, made monotone"),
    Column("n_permutations", "int32", "permutations made"),
    Column("n_pairs", "int64", "pairs of the family"),
    Column("n_left_out", "int32", "features left out since scattered missing values would stop the exchange"),
    Column("movable", "float64", "least share of the patients of a pair that can be exchanged with another"),
    key=("analysis", "adjustment", "feature", "marker"),
)

CONTROL_KINDS = ("shuffled identities", "random features", "synonymous")
CONTROLS = Table(
    "association/controls",
    "Hits of one analysis and adjustment held against those of the same tests on a negative control.",
    Column("analysis", "category", "role of the image"),
    Column("adjustment", "category", "crude, volume or full", values=ADJUSTMENTS),
    Column("control", "category", "how the association was taken out of the data", values=CONTROL_KINDS),
    Column("counted", "category", "what is counted: hits, or genes that are found", values=("pair", "gene")),
    Column("n_runs", "int32", "runs of the control"),
    Column("n_tested", "int64", "pairs tested in the data"),
    Column("n_hits", "int64", "hits in the data"),
    Column("control_tested", "float64", "pairs tested in the control, mean over runs"),
    Column("control_hits", "float64", "hits in the control, mean over runs"),
    Column(
        "ratio",
        "float64",
        "specificity: n_hits / control_hits, each by pair tested if the control is synonymous; empty without a hit in"
        " any control",
        nullable=True,
    ),
    Column("ratio_low", "float64", "lower 95 % bound; empty with one run", nullable=True),
    Column("ratio_high", "float64", "upper 95 % bound; empty with one run or if not bounded", nullable=True),
    Column("p", "float64", "share of runs, the data one of them, with as many hits; empty with one run", nullable=True),
    Column("dispersion", "float64", "variance over mean of the runs' hits, at least 1", nullable=True),
    key=("analysis", "adjustment", "control", "counted"),
)

EXCEEDANCE = Table(
    "association/exceedance",
    "How often the same pair does as well as one hit in the runs of a negative control.",
    Column("analysis", "category", "role of the image"),
    Column("adjustment", "category", "crude, volume or full", values=ADJUSTMENTS),
    Column("control", "category", "how the association was taken out of the data", values=CONTROL_KINDS[:2]),
    Column("feature", "category", "feature name"),
    Column("marker", "category", "<gene>:<class>"),
    Column("gene", "category", "gene name"),
    Column("neg_log10_p", "float64", "-log10 p of the hit in the data"),
    Column("n_runs", "int32", "runs that tested the pair"),
    Column("share", "float64", "share of them with as small a p; empty without any", nullable=True),
    Column("share_low", "float64", "lower 95 % bound (Clopper-Pearson)", nullable=True),
    Column("share_high", "float64", "upper 95 % bound", nullable=True),
    key=("analysis", "adjustment", "control", "feature", "marker"),
)

META_METHODS = ("fixed effect", "random effects")
META = Table(
    "association/meta",
    "One pair under one adjustment, estimated in each site alone and pooled over sites.",
    Column("analysis", "category", "role of the image"),
    Column("feature", "category", "feature name"),
    Column("marker", "category", "<gene>:<class>"),
    Column("gene", "category", "gene name"),
    Column("adjustment", "category", "as in the results; the site itself is no covariate here", values=ADJUSTMENTS),
    Column("effect", "category", "what the estimates are", values=EFFECTS),
    Column(
        "method",
        "category",
        "fixed effect with a normal deviate, or random effects (REML) with Hartung-Knapp intervals",
        values=META_METHODS,
    ),
    Column("n_sites", "int32", "sites with an estimate"),
    Column("n", "int64", "patients of these sites"),
    Column("n_carriers", "int64", "carriers among them"),
    Column("estimate", "float64", "pooled estimate", nullable=True),
    Column("se", "float64", "its standard error", nullable=True),
    Column("ci_low", "float64", "lower bound of the 95 % confidence interval", nullable=True),
    Column("ci_high", "float64", "upper bound", nullable=True),
    Column("p", "float64", "two-sided p of the pooled estimate", nullable=True),
    Column("neg_log10_p", "float64", "-log10 p", nullable=True),
    Column("q", "float64", "Cochran's Q: differences between sites", nullable=True),
    Column("q_p", "float64", "its p-value, on n_sites - 1 degrees of freedom", nullable=True),
    Column("i2", "float64", "share of the variance of estimates that lies between sites, 0 to 1", nullable=True),
    Column("tau2", "float64", "variance of the true effects between sites; 0 for a fixed effect", nullable=True),
    Column("n_same_sign", "int32", "sites whose estimate has the sign of the pooled one"),
    Column("flag", "category", "why there is no pooled estimate, empty otherwise"),
    key=("analysis", "feature", "marker", "adjustment", "method"),
)

SITES = Table(
    "association/sites",
    "One hit estimated in one site alone.",
    Column("analysis", "category", "role of the image"),
    Column("feature", "category", "feature name"),
    Column("marker", "category", "<gene>:<class>"),
    Column("gene", "category", "gene name"),
    Column("adjustment", "category", "as in the results; the site itself is no covariate here", values=ADJUSTMENTS),
    Column("effect", "category", "what the estimate is", values=EFFECTS),
    Column("site", "category", "level of the covariate association.site"),
    Column("estimate", "float64", "of the feature rank-normalised in this site", nullable=True),
    Column("se", "float64", "standard error of the estimate", nullable=True),
    Column("n", "int32", "patients with feature, marker and covariates"),
    Column("n_carriers", "int32", "carriers among them"),
    Column("flag", "category", "why there is no estimate, empty otherwise", values=NOT_TESTED_REASONS),
    key=("analysis", "feature", "marker", "adjustment", "site"),
)

ALL: tuple[Table, ...] = (
    IMAGES,
    ACQUISITION,
    SCALE,
    FEATURES,
    SELFTEST,
    SAMPLES,
    ASSAYS,
    REMARKS,
    VARIANTS,
    MISSING,
    ANNOTATIONS,
    JOINS,
    BURDEN,
    SPECTRUM,
    ALTERATIONS,
    SAMPLE_QUALITY,
    RELATEDNESS,
    COMPONENTS,
    SITE_COUNTS,
    PATIENTS,
    LEDGER,
    RESULTS,
    SUMMARY,
    QUANTILES,
    CONFOUNDING,
    POWER,
    EFFECTIVE_TESTS,
    REDUNDANCY,
    PERMUTATION,
    CONTROLS,
    EXCEEDANCE,
    META,
    SITES,
    FAILURES,
)
