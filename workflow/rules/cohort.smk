# Who is analysed, who is not, and why.
rule cohort_join:
    input:
        patients=plan.file(plan.config.cohort.patients),
        images=plan.file(plan.config.cohort.images),
        samples=plan.file(plan.config.cohort.samples),
        features="results/radiomics/features.parquet",
        alterations="results/genomics/alterations.parquet",
        failed=[
            *expand(
                "results/pacs/{batch}.failures.tsv", batch=sorted(plan.remote_batches)
            ),
            *expand(
                "results/{stage}/{batch}.failures.tsv",
                stage=["imaging", "radiomics", "genomics"],
                batch=plan.batches,
            ),
        ],
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
        settings=lambda wildcards: plan.settings("cohort"),
        stage_version=plan.stage_version("cohort"),
    shell:
        "radiogenomics cohort join --patients {input.patients:q} --images {input.images:q} --samples {input.samples:q}"
        " --settings {params.settings:q} --features {input.features} --alterations {input.alterations}"
        " --failed {input.failed} --table {output.table} --ledger {output.ledger} --failures {output.failures} 2> {log}"
