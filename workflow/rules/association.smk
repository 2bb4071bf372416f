# Every feature against every marker, crude, with volume and with all covariates.
rule association_test:
    input:
        features="results/radiomics/features.parquet",
        markers="results/genomics/alterations.parquet",
        covariates="results/cohort/patients.parquet",
        kinship=plan.kinship_files(),
        limit="results/cohort/limit.txt",
        stability=plan.stability,
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
        stability=plan.stability_option,
        stage_version=plan.stage_version("association"),
    shell:
        "OPENBLAS_NUM_THREADS=1 radiogenomics association test --features {input.features}"
        " --markers {input.markers} --covariates {input.covariates} {params.stability}"
        " --settings {params.settings:q}"
        " --threads {threads} --results {output.results} --tsv {output.tsv}"
        " --summary {output.summary} --quantiles {output.quantiles} 2> {log}"


# What could explain a hit, and what could not have been found.
rule association_audit:
    input:
        features="results/radiomics/features.parquet",
        markers="results/genomics/alterations.parquet",
        covariates="results/cohort/patients.parquet",
        summary="results/association/summary.tsv",
    output:
        confounding="results/association/confounding.parquet",
        power="results/association/power.parquet",
        tests="results/association/tests.parquet",
        redundancy="results/association/redundancy.parquet",
    log:
        "results/logs/association/audit.log",
    benchmark:
        "results/benchmarks/association_audit.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: plan.memory_mb(attempt),
    params:
        settings=lambda wildcards: plan.settings("audit"),
        stage_version=plan.stage_version("audit"),
    shell:
        "radiogenomics association audit --features {input.features} --markers {input.markers}"
        " --covariates {input.covariates} --summary {input.summary} --settings {params.settings:q}"
        " --confounding {output.confounding} --power {output.power} --tests {output.tests}"
        " --redundancy {output.redundancy} 2> {log}"


# What bringing batches together does to the features; the tests harmonise them in the same way.
rule association_harmonise:
    input:
        features="results/radiomics/features.parquet",
        markers="results/genomics/alterations.parquet",
        covariates="results/cohort/patients.parquet",
        limit="results/cohort/limit.txt",
    output:
        harmonisation="results/association/harmonisation.parquet",
        harmonised="results/association/harmonised.parquet",
    log:
        "results/logs/association/harmonise.log",
    benchmark:
        "results/benchmarks/association_harmonise.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: plan.memory_mb(attempt),
    params:
        settings=lambda wildcards: plan.settings("audit"),
        stage_version=plan.stage_version("audit"),
    shell:
        "radiogenomics association harmonise --features {input.features} --markers {input.markers}"
        " --covariates {input.covariates} --settings {params.settings:q}"
        " --harmonisation {output.harmonisation} --harmonised {output.harmonised} 2> {log}"


# Family-wise p of the fullest adjustment; the threads are the permutations', not the matrix library's.
rule association_permute:
    input:
        features="results/radiomics/features.parquet",
        markers="results/genomics/alterations.parquet",
        covariates="results/cohort/patients.parquet",
        limit="results/cohort/limit.txt",
        stability=plan.stability,
    output:
        permutation="results/association/permutation.parquet",
    log:
        "results/logs/association/permute.log",
    benchmark:
        "results/benchmarks/association_permute.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 2
    resources:
        mem_mb=lambda wildcards, attempt: plan.memory_mb(attempt),
    params:
        settings=lambda wildcards: plan.settings("audit"),
        stability=plan.stability_option,
        stage_version=plan.stage_version("audit"),
    shell:
        "OPENBLAS_NUM_THREADS=1 radiogenomics association permute --features {input.features}"
        " --markers {input.markers} --covariates {input.covariates} {params.stability} --settings {params.settings:q}"
        " --threads {threads} --permutation {output.permutation} 2> {log}"


# The same tests on data that hold no association.
rule association_controls:
    input:
        features="results/radiomics/features.parquet",
        markers="results/genomics/alterations.parquet",
        covariates="results/cohort/patients.parquet",
        kinship=plan.kinship_files(),
        limit="results/cohort/limit.txt",
        stability=plan.stability,
        copies=plan.copies(plan.config.association.controls.of_images),
        gene_sets=plan.gene_set_files,
    output:
        controls="results/association/controls.parquet",
        exceedance="results/association/exceedance.parquet",
    log:
        "results/logs/association/controls.log",
    benchmark:
        "results/benchmarks/association_controls.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 2
    resources:
        mem_mb=lambda wildcards, attempt: plan.memory_mb(attempt),
    params:
        settings=lambda wildcards: plan.settings("audit"),
        stability=plan.stability_option,
        copies=lambda wildcards, input: (
            f"--copies {input.copies}" if input.copies else ""
        ),
        gene_sets=lambda wildcards: plan.gene_set_options(),
        stage_version=plan.stage_version("audit"),
    shell:
        "OPENBLAS_NUM_THREADS=1 radiogenomics association controls --features {input.features}"
        " --markers {input.markers} --covariates {input.covariates} {params.stability} {params.copies}"
        " --settings {params.settings:q} {params.gene_sets} --threads {threads}"
        " --controls {output.controls} --exceedance {output.exceedance} 2> {log}"


# How well features repeat themselves in perturbed images.
rule association_stability:
    input:
        features="results/radiomics/features.parquet",
        covariates="results/cohort/patients.parquet",
        limit="results/cohort/limit.txt",
        copies=plan.copies(),
    output:
        stability="results/association/stability.parquet",
    log:
        "results/logs/association/stability.log",
    benchmark:
        "results/benchmarks/association_stability.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: plan.memory_mb(attempt),
    params:
        settings=lambda wildcards: plan.settings("audit"),
        stage_version=plan.stage_version("audit"),
    shell:
        "radiogenomics association stability --features {input.features} --covariates {input.covariates}"
        " --copies {input.copies} --settings {params.settings:q} --stability {output.stability} 2> {log}"


# Hits looked for again in the perturbed cohort.
rule association_persistence:
    input:
        features="results/radiomics/features.parquet",
        markers="results/genomics/alterations.parquet",
        covariates="results/cohort/patients.parquet",
        limit="results/cohort/limit.txt",
        kinship=plan.kinship_files(),
        stability="results/association/stability.parquet",
        copies=plan.copies(),
    output:
        persistence="results/association/persistence.parquet",
    log:
        "results/logs/association/persistence.log",
    benchmark:
        "results/benchmarks/association_persistence.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 2
    resources:
        mem_mb=lambda wildcards, attempt: plan.memory_mb(attempt),
    params:
        settings=lambda wildcards: plan.settings("audit"),
        stage_version=plan.stage_version("audit"),
    shell:
        "OPENBLAS_NUM_THREADS=1 radiogenomics association persistence --features {input.features}"
        " --markers {input.markers} --covariates {input.covariates} --settings {params.settings:q}"
        " --stability {input.stability} --copies {input.copies} --threads {threads}"
        " --persistence {output.persistence} 2> {log}"


# Hits in each site alone, pooled.
rule association_sites:
    input:
        features="results/radiomics/features.parquet",
        markers="results/genomics/alterations.parquet",
        covariates="results/cohort/patients.parquet",
        kinship=plan.kinship_files(),
        results="results/association/results.parquet",
    output:
        meta="results/association/meta.parquet",
        sites="results/association/sites.parquet",
    log:
        "results/logs/association/sites.log",
    benchmark:
        "results/benchmarks/association_sites.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: plan.memory_mb(attempt),
    params:
        settings=lambda wildcards: plan.settings("audit"),
        stage_version=plan.stage_version("audit"),
    shell:
        "OPENBLAS_NUM_THREADS=1 radiogenomics association sites --features {input.features} --markers {input.markers}"
        " --covariates {input.covariates} --results {input.results} --settings {params.settings:q}"
        " --meta {output.meta} --sites {output.sites} 2> {log}"


# Features and markers against outcomes with censored times, where the configuration names any.
rule association_survival:
    input:
        features="results/radiomics/features.parquet",
        markers="results/genomics/alterations.parquet",
        covariates="results/cohort/patients.parquet",
        outcomes="results/cohort/outcomes.parquet",
        limit="results/cohort/limit.txt",
        stability=plan.stability,
    output:
        table="results/association/survival.parquet",
        curves="results/association/survival_curves.parquet",
    log:
        "results/logs/association/survival.log",
    benchmark:
        "results/benchmarks/association_survival.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: plan.memory_mb(attempt),
    params:
        settings=lambda wildcards: plan.settings("association"),
        stability=plan.stability_option,
        stage_version=plan.stage_version("survival"),
    shell:
        "OPENBLAS_NUM_THREADS=1 radiogenomics association survival --features {input.features}"
        " --markers {input.markers} --covariates {input.covariates} {params.stability} --outcomes {input.outcomes}"
        " --settings {params.settings:q} --table {output.table} --curves {output.curves} 2> {log}"


# The variants of each gene and mask as a set; runs where association.sets names masks.
rule association_sets:
    input:
        features="results/radiomics/features.parquet",
        markers="results/genomics/alterations.parquet",
        covariates="results/cohort/patients.parquet",
        genotypes="results/genomics/sets.parquet",
        limit="results/cohort/limit.txt",
        stability=plan.stability,
    output:
        results="results/association/sets.parquet",
        summary="results/association/set_summary.parquet",
        quantiles="results/association/set_quantiles.parquet",
    log:
        "results/logs/association/sets.log",
    benchmark:
        "results/benchmarks/association_sets.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 2
    resources:
        mem_mb=lambda wildcards, attempt: plan.memory_mb(attempt),
    params:
        settings=lambda wildcards: plan.settings("audit"),
        stability=plan.stability_option,
        stage_version=plan.stage_version("audit"),
    shell:
        "OPENBLAS_NUM_THREADS=1 radiogenomics association sets --features {input.features}"
        " --markers {input.markers} --covariates {input.covariates} {params.stability} --settings {params.settings:q}"
        " --genotypes {input.genotypes} --threads {threads} --results {output.results}"
        " --summary {output.summary} --quantiles {output.quantiles} 2> {log}"
