# Series and segmentations that stand on DICOMweb servers, one batch of patients a job.
rule pacs_fetch:
    output:
        directory=directory("results/pacs/{batch}"),
        failures="results/pacs/{batch}.failures.tsv",
    log:
        "results/logs/pacs/{batch}.log",
    benchmark:
        "results/benchmarks/pacs_fetch/{batch}.tsv"
    conda:
        "../../envs/pacs.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: plan.memory_mb(attempt),
    params:
        images=lambda wildcards: plan.remote_images(wildcards.batch),
        settings=lambda wildcards: plan.settings("pacs"),
        stage_version=plan.stage_version("pacs"),
    shell:
        "radiogenomics pacs fetch-batch --images {params.images:q} --settings {params.settings:q}"
        " --directory {output.directory} --failures {output.failures} 2> {log}"
