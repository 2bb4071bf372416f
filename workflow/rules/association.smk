# Every feature against every marker, crude, with volume and with all covariates.
rule association_test:
    input:
        features="results/radiomics/features.parquet",
        markers="results/genomics/alterations.parquet",
        covariates="results/cohort/patients.parquet",
        limit="results/cohort/limit.txt",
    output:
        results="results/association/results.parquet",
        tsv=report(
            "results/association/results.tsv",
            caption="../report/results.rst",
            category="Association",
        ),
        summary="results/association/summary.tsv",
        quantiles="results/association/quantiles.parquet",
    log:
        "results/logs/association/test.log",
    benchmark:
        "results/benchmarks/association_test.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 2
    resources:
        mem_mb=lambda wildcards, attempt: plan.memory_mb(attempt),
    params:
        settings=lambda wildcards: plan.settings("association"),
        stage_version=plan.stage_version("association"),
    shell:
        "radiogenomics association test --features {input.features} --markers {input.markers}"
        " --covariates {input.covariates} --settings {params.settings:q}"
        " --threads {threads} --results {output.results} --tsv {output.tsv}"
        " --summary {output.summary} --quantiles {output.quantiles} 2> {log}"
