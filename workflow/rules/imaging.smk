# DICOM series and segmentations to volumes, masks and overlays, one batch of patients a job.
rule imaging_convert:
    input:
        files=lambda wildcards: plan.image_files(wildcards.batch),
        fetched=lambda wildcards: (
            [f"results/pacs/{wildcards.batch}"]
            if wildcards.batch in plan.remote_batches
            else []
        ),
    output:
        directory=directory("results/imaging/{batch}"),
        table="results/imaging/{batch}.images.parquet",
        failures="results/imaging/{batch}.failures.tsv",
    log:
        "results/logs/imaging/{batch}.log",
    benchmark:
        "results/benchmarks/imaging_convert/{batch}.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: plan.memory_mb(attempt),
    params:
        images=lambda wildcards: plan.images(wildcards.batch),
        settings=lambda wildcards: plan.settings("imaging"),
        fetched=lambda wildcards, input: (
            f"--fetched {input.fetched}" if input.fetched else ""
        ),
        stage_version=plan.stage_version("imaging"),
    shell:
        "radiogenomics imaging convert-batch --images {params.images:q} --settings {params.settings:q} {params.fetched}"
        " --directory {output.directory} --table {output.table} --failures {output.failures} 2> {log}"


rule imaging_gather:
    input:
        expand("results/imaging/{batch}.images.parquet", batch=plan.image_batches),
    output:
        "results/imaging/acquisition.parquet",
    log:
        "results/logs/imaging/gather.log",
    benchmark:
        "results/benchmarks/imaging_gather.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: plan.memory_mb(attempt),
    params:
        stage_version=plan.stage_version("imaging"),
    shell:
        "radiogenomics imaging gather --parts {input} --acquisition {output} 2> {log}"


# One scale of MR intensities for the whole cohort; a job only where the configuration asks for it.
rule imaging_scale:
    input:
        parts=expand("results/imaging/{batch}.images.parquet", batch=plan.image_batches),
        directories=expand("results/imaging/{batch}", batch=plan.image_batches),
    output:
        "results/imaging/scale.parquet",
    log:
        "results/logs/imaging/scale.log",
    benchmark:
        "results/benchmarks/imaging_scale.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: plan.memory_mb(attempt),
    params:
        stage_version=plan.stage_version("imaging"),
    shell:
        "radiogenomics imaging scale --parts {input.parts} --results results --scale {output} 2> {log}"
