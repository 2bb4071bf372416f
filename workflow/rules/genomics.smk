# Variant calls to carried variants with their consequence, one batch of patients a job; then patient × gene.
rule genomics_annotate:
    input:
        vcf=lambda wildcards: plan.variant_files(wildcards.batch),
        shared=plan.genomics_files(),
    output:
        variants="results/genomics/{batch}.variants.parquet",
        samples="results/genomics/{batch}.samples.parquet",
        remarks="results/genomics/{batch}.remarks.tsv",
        missing="results/genomics/{batch}.missing.parquet",
        assays="results/genomics/{batch}.assays.parquet",
        failures="results/genomics/{batch}.failures.tsv",
    log:
        "results/logs/genomics/{batch}.log",
    benchmark:
        "results/benchmarks/genomics_annotate/{batch}.tsv"
    conda:
        "../../envs/genomics.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: plan.memory_mb(attempt),
    params:
        samples=lambda wildcards: plan.samples(wildcards.batch),
        reference=lambda wildcards: plan.file(plan.config.genomics.reference),
        genes=lambda wildcards: plan.file(plan.config.genomics.genes),
        settings=lambda wildcards: plan.settings("genomics"),
        stage_version=plan.stage_version("genomics"),
    shell:
        "radiogenomics genomics annotate-batch --samples {params.samples:q} --settings {params.settings:q}"
        " --reference {params.reference:q} --genes {params.genes:q}"
        " --variants {output.variants} --table {output.samples} --remarks {output.remarks}"
        " --missing {output.missing} --assays {output.assays} --failures {output.failures} 2> {log}"


# What gnomAD, ClinVar and the like state of the carried variants; runs where genomics.resources names any.
rule genomics_join:
    input:
        variants=expand(
            "results/genomics/{batch}.variants.parquet", batch=plan.sample_batches
        ),
        resources=plan.resource_files(),
    output:
        annotations="results/genomics/annotations.parquet",
        joins="results/genomics/joins.tsv",
    log:
        "results/logs/genomics/join.log",
    benchmark:
        "results/benchmarks/genomics_join.tsv"
    conda:
        "../../envs/genomics.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: plan.memory_mb(attempt),
    params:
        reference=lambda wildcards: plan.file(plan.config.genomics.reference),
        settings=lambda wildcards: plan.settings("resources"),
        stage_version=plan.stage_version("genomics"),
    shell:
        "radiogenomics genomics join --variants {input.variants} --reference {params.reference:q}"
        " --settings {params.settings:q} --annotations {output.annotations} --joins {output.joins} 2> {log}"


rule genomics_alterations:
    input:
        variants=expand(
            "results/genomics/{batch}.variants.parquet", batch=plan.sample_batches
        ),
        samples=expand(
            "results/genomics/{batch}.samples.parquet", batch=plan.sample_batches
        ),
        missing=expand(
            "results/genomics/{batch}.missing.parquet", batch=plan.sample_batches
        ),
        assays=expand(
            "results/genomics/{batch}.assays.parquet", batch=plan.sample_batches
        ),
        annotations=plan.annotations,
        patients=[] if plan.sample_batches else "results/radiomics/features.parquet",
        markers=plan.marker_files(),
        burden=plan.burden,
    output:
        "results/genomics/alterations.parquet",
    log:
        "results/logs/genomics/alterations.log",
    benchmark:
        "results/benchmarks/genomics_alterations.tsv"
    conda:
        "../../envs/genomics.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: plan.memory_mb(attempt),
    params:
        tables=lambda wildcards, input: (
            f"--variants {input.variants} --samples {input.samples}"
            f" --missing {input.missing} --assays {input.assays}"
            if plan.sample_batches
            else f"--patients {input.patients}"
        ),
        annotations="--annotations" if plan.annotations else "",
        burden="--burden" if plan.burden else "",
        genes=lambda wildcards: plan.file(plan.config.genomics.genes),
        settings=lambda wildcards: plan.settings("alterations"),
        stage_version=plan.stage_version("genomics"),
    shell:
        "radiogenomics genomics alterations {params.tables} --genes {params.genes:q}"
        " {params.annotations} {input.annotations} {params.burden} {input.burden}"
        " --settings {params.settings:q} --alterations {output} 2> {log}"


# Genotypes of the variants of burden masks, for tests of sets; runs where association.sets names masks.
rule genomics_sets:
    input:
        variants=expand(
            "results/genomics/{batch}.variants.parquet", batch=plan.sample_batches
        ),
        samples=expand(
            "results/genomics/{batch}.samples.parquet", batch=plan.sample_batches
        ),
        missing=expand(
            "results/genomics/{batch}.missing.parquet", batch=plan.sample_batches
        ),
        annotations=plan.annotations,
    output:
        "results/genomics/sets.parquet",
    log:
        "results/logs/genomics/sets.log",
    benchmark:
        "results/benchmarks/genomics_sets.tsv"
    conda:
        "../../envs/genomics.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: plan.memory_mb(attempt),
    params:
        annotations="--annotations" if plan.annotations else "",
        masks=lambda wildcards: plan.config.association.sets.masks,
        settings=lambda wildcards: plan.settings("alterations"),
        stage_version=plan.stage_version("genomics"),
    shell:
        "radiogenomics genomics sets --variants {input.variants} --samples {input.samples}"
        " --missing {input.missing} {params.annotations} {input.annotations} --masks {params.masks}"
        " --settings {params.settings:q} --sets {output} 2> {log}"


# Samples against each other, over the files of the whole cohort; runs where genomics.quality.enabled is set.
rule genomics_quality:
    input:
        plan.genotype_files(),
    output:
        table="results/genomics/sample_quality.parquet",
        relatedness="results/genomics/relatedness.parquet",
        components="results/genomics/components.parquet",
        sites="results/genomics/site_counts.tsv",
        failures="results/genomics/quality.failures.tsv",
    log:
        "results/logs/genomics/quality.log",
    benchmark:
        "results/benchmarks/genomics_quality.tsv"
    conda:
        "../../envs/genomics.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: plan.memory_mb(attempt),
    params:
        patients=lambda wildcards: plan.file(plan.config.cohort.patients),
        samples=lambda wildcards: plan.file(plan.config.cohort.samples),
        settings=lambda wildcards: plan.settings("quality"),
        stage_version=plan.stage_version("genomics"),
    shell:
        "radiogenomics genomics quality --patients {params.patients:q} --samples {params.samples:q}"
        " --settings {params.settings:q} --table {output.table} --relatedness {output.relatedness}"
        " --components {output.components} --sites {output.sites} --failures {output.failures} 2> {log}"


# Variants of each patient by class, and mutations per megabase of coding sequence that was assayed.
rule genomics_burden:
    input:
        variants=expand(
            "results/genomics/{batch}.variants.parquet", batch=plan.sample_batches
        ),
        samples=expand(
            "results/genomics/{batch}.samples.parquet", batch=plan.sample_batches
        ),
        assays=expand(
            "results/genomics/{batch}.assays.parquet", batch=plan.sample_batches
        ),
        annotations=plan.annotations,
        shared=plan.genomics_files(),
    output:
        "results/genomics/burden.parquet",
    log:
        "results/logs/genomics/burden.log",
    benchmark:
        "results/benchmarks/genomics_burden.tsv"
    conda:
        "../../envs/genomics.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: plan.memory_mb(attempt),
    params:
        annotations="--annotations" if plan.annotations else "",
        genes=lambda wildcards: plan.file(plan.config.genomics.genes),
        settings=lambda wildcards: plan.settings("burden"),
        stage_version=plan.stage_version("genomics"),
    shell:
        "radiogenomics genomics burden --variants {input.variants} --samples {input.samples}"
        " --assays {input.assays} --genes {params.genes:q} {params.annotations} {input.annotations}"
        " --settings {params.settings:q} --burden {output} 2> {log}"


# Single-base substitutions of each patient by trinucleotide; runs where genomics.spectrum asks for it.
rule genomics_spectrum:
    input:
        variants=expand(
            "results/genomics/{batch}.variants.parquet", batch=plan.sample_batches
        ),
        samples=expand(
            "results/genomics/{batch}.samples.parquet", batch=plan.sample_batches
        ),
        annotations=plan.annotations,
        reference=plan.watched(plan.config.genomics.reference),
    output:
        "results/genomics/spectrum.parquet",
    log:
        "results/logs/genomics/spectrum.log",
    benchmark:
        "results/benchmarks/genomics_spectrum.tsv"
    conda:
        "../../envs/genomics.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: plan.memory_mb(attempt),
    params:
        annotations="--annotations" if plan.annotations else "",
        reference=lambda wildcards: plan.file(plan.config.genomics.reference),
        settings=lambda wildcards: plan.settings("resources"),
        stage_version=plan.stage_version("genomics"),
    shell:
        "radiogenomics genomics spectrum --variants {input.variants} --samples {input.samples}"
        " --reference {params.reference:q} {params.annotations} {input.annotations}"
        " --settings {params.settings:q} --spectrum {output} 2> {log}"
