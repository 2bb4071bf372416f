# Volumes and masks to features, one batch of patients a job.
rule radiomics_extract:
    input:
        images="results/imaging/{batch}.images.parquet",
        directory="results/imaging/{batch}",
        scale=plan.scale,
    output:
        features="results/radiomics/{batch}.features.parquet",
        failures="results/radiomics/{batch}.failures.tsv",
    log:
        "results/logs/radiomics/{batch}.log",
    benchmark:
        "results/benchmarks/radiomics_extract/{batch}.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: plan.memory_mb(attempt),
    params:
        settings=lambda wildcards: plan.settings("radiomics"),
        scale=lambda wildcards, input: f"--scale {input.scale}" if input.scale else "",
        stage_version=plan.stage_version("radiomics"),
    shell:
        "radiogenomics radiomics extract-batch --images {input.images} --results results {params.scale}"
        " --settings {params.settings:q} --features {output.features} --failures {output.failures} 2> {log}"


# Features of perturbed images, and of images that serve as negative controls; only the features are written.
rule radiomics_copies:
    input:
        images="results/imaging/{batch}.images.parquet",
        features="results/radiomics/{batch}.features.parquet",
        directory="results/imaging/{batch}",
        scale=plan.scale,
    output:
        table="results/radiomics/{batch}.copies.parquet",
        failures="results/radiomics/{batch}.copies.failures.tsv",
    log:
        "results/logs/radiomics/{batch}.copies.log",
    benchmark:
        "results/benchmarks/radiomics_copies/{batch}.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: plan.memory_mb(attempt),
    params:
        settings=lambda wildcards: plan.settings("radiomics"),
        copies=lambda wildcards: plan.settings("copies"),
        scale=lambda wildcards, input: f"--scale {input.scale}" if input.scale else "",
        stage_version=plan.stage_version("copies"),
    shell:
        "radiogenomics radiomics extract-copies --images {input.images} --features {input.features} --results results"
        " {params.scale} --settings {params.settings:q} --copies {params.copies:q}"
        " --table {output.table} --failures {output.failures} 2> {log}"


rule radiomics_gather:
    input:
        parts=expand(
            "results/radiomics/{batch}.features.parquet", batch=plan.image_batches
        ),
        finished=plan.watched(*plan.feature_tables()),
    output:
        "results/radiomics/features.parquet",
    log:
        "results/logs/radiomics/gather.log",
    benchmark:
        "results/benchmarks/radiomics_gather.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: plan.memory_mb(attempt),
    params:
        parts="--parts" if plan.image_batches else "",
        finished=lambda wildcards: plan.finished_features(),
        stage_version=plan.stage_version("radiomics"),
    shell:
        "radiogenomics radiomics gather {params.parts} {input.parts} {params.finished} --features {output} 2> {log}"


# The features of the IBSI digital phantom on the machine that the study runs on.
rule radiomics_selftest:
    output:
        "results/radiomics/selftest.parquet",
    log:
        "results/logs/radiomics/selftest.log",
    benchmark:
        "results/benchmarks/radiomics_selftest.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: plan.memory_mb(attempt),
    params:
        stage_version=plan.stage_version("radiomics"),
    shell:
        "radiogenomics radiomics selftest --output {output} 2> {log}"
