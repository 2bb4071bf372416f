# One offline page.
rule report_build:
    input:
        results="results/association/results.parquet",
        summary="results/association/summary.tsv",
        quantiles="results/association/quantiles.parquet",
        audits=[*rules.association_audit.output, *plan.audits],
        survival=plan.survival,
        patients="results/cohort/patients.parquet",
        ledger="results/cohort/ledger.tsv",
        failures="results/cohort/failures.tsv",
        features="results/radiomics/features.parquet",
        selftest="results/radiomics/selftest.parquet" if plan.image_batches else [],
        alterations="results/genomics/alterations.parquet",
        images=expand(
            "results/imaging/{batch}.images.parquet", batch=plan.image_batches
        ),
        acquisition="results/imaging/acquisition.parquet" if plan.image_batches else [],
        overlays=expand("results/imaging/{batch}", batch=plan.image_batches),
        samples=expand(
            "results/genomics/{batch}.samples.parquet", batch=plan.sample_batches
        ),
        genomics=[
            *expand("results/genomics/{batch}.remarks.tsv", batch=plan.sample_batches),
            *plan.genomics_reports,
        ],
    output:
        report(
            "results/report/index.html",
            caption="../report/report.rst",
            category="Report",
        ),
    log:
        "results/logs/report/build.log",
    benchmark:
        "results/benchmarks/report_build.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: plan.memory_mb(attempt),
    params:
        title=lambda wildcards: plan.config.study.title,
        settings=lambda wildcards: plan.settings("report"),
        tables=lambda wildcards, input: " ".join(
            f"--{name} {files}"
            for name in ("images", "samples", "genomics")
            if (files := input.get(name))
        ),
        survival="" if plan.survival else "--no-survival",
        stage_version=plan.stage_version("report"),
    shell:
        "radiogenomics report build --results results --output results/report"
        " {params.tables} {params.survival} --title {params.title:q} --settings {params.settings:q} 2> {log}"
