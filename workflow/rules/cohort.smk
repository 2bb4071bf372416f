# Who is analysed, who is not, and why.
rule cohort_join:
    input:
        sheets=plan.sheet_files(),
        features="results/radiomics/features.parquet",
        sequenced=expand(
            "results/genomics/{batch}.samples.parquet", batch=plan.sample_batches
        ),
        markers=[] if plan.sample_batches else "results/genomics/alterations.parquet",
        failed=[
            *expand(
                "results/pacs/{batch}.failures.tsv", batch=sorted(plan.remote_batches)
            ),
            *expand(
                "results/{stage}/{batch}.failures.tsv",
                stage=["imaging", "radiomics"],
                batch=plan.image_batches,
            ),
            *expand(
                "results/radiomics/{batch}.copies.failures.tsv",
                batch=plan.copy_batches,
            ),
            *expand(
                "results/genomics/{batch}.failures.tsv", batch=plan.sample_batches
            ),
        ],
        poor=plan.poor,
        components=plan.components[:1],
        quality=plan.components[1:],
    output:
        table="results/cohort/patients.parquet",
        ledger="results/cohort/ledger.tsv",
        failures="results/cohort/failures.tsv",
    log:
        "results/logs/cohort/join.log",
    benchmark:
        "results/benchmarks/cohort_join.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: plan.memory_mb(attempt),
    params:
        sheets=lambda wildcards: plan.sheet_options(),
        tables=lambda wildcards, input: " ".join(
            f"--{name} {files}"
            for name in (
                "sequenced",
                "markers",
                "failed",
                "poor",
                "components",
                "quality",
            )
            if (files := input.get(name))
        ),
        settings=lambda wildcards: plan.settings("cohort"),
        stage_version=plan.stage_version("cohort"),
    shell:
        "radiogenomics cohort join {params.sheets} --settings {params.settings:q} --features {input.features}"
        " {params.tables} --table {output.table} --ledger {output.ledger} --failures {output.failures} 2> {log}"


# A step of its own: Snakemake removes what a failed job wrote, and the ledger must stay.
rule cohort_limit:
    input:
        "results/cohort/ledger.tsv",
    output:
        "results/cohort/limit.txt",
    log:
        "results/logs/cohort/limit.log",
    benchmark:
        "results/benchmarks/cohort_limit.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: plan.memory_mb(attempt),
    params:
        share=lambda wildcards: plan.config.workflow.max_failed_share,
    shell:
        "radiogenomics cohort limit --ledger {input} --max-failed-share {params.share} --checked {output} 2> {log}"


# The outcomes apart from who is analysed, so that naming one does not repeat the tests of features and markers.
rule cohort_outcomes:
    input:
        plan.watched(*filter(None, [plan.config.cohort.patients])),
    output:
        "results/cohort/outcomes.parquet",
    log:
        "results/logs/cohort/outcomes.log",
    benchmark:
        "results/benchmarks/cohort_outcomes.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: plan.memory_mb(attempt),
    params:
        patients=lambda wildcards: plan.file(plan.config.cohort.patients),
        settings=lambda wildcards: plan.settings("outcomes"),
        stage_version=plan.stage_version("cohort"),
    shell:
        "radiogenomics cohort outcomes --patients {params.patients:q} --settings {params.settings:q}"
        " --table {output} 2> {log}"
