#!/bin/sh
# The programs that tests run against. As root on Debian they are installed; otherwise the missing ones are named, and
# the tests that need them are skipped by name.
set -eu
missing=""
need() { command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ] || missing="$missing $2"; }
need_r() { [ -d "/usr/lib/R/site-library/$1" ] || [ -d "/usr/lib/R/library/$1" ] || missing="$missing $2"; }
need Orthanc "orthanc orthanc-dicomweb"
need storescu dcmtk
need dciodvfy dicom3tools
need slurmctld "slurm-wlm munge"
need bcftools bcftools
need plink2 plink2
need chromium chromium
need chromedriver chromium-driver
need Rscript r-base-core
need_r qvalue r-bioc-qvalue
need_r multtest r-bioc-multtest
need_r sva r-bioc-sva
need_r psych r-cran-psych
need_r metafor r-cran-metafor
need_r brglm2 r-cran-brglm2
need_r mgcv r-cran-mgcv
need_r survival r-cran-survival
need_r MASS r-cran-mass
need_r ordinal r-cran-ordinal
need_r rms r-cran-rms
need_r lme4 r-cran-lme4
need_r lmerTest r-cran-lmertest
need_r GSVA r-bioc-gsva
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing$missing"
    apt-get update -q >/dev/null
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get install -yq --no-install-recommends $missing >/dev/null
else
    echo "not installed, their tests will be skipped:$missing"
fi
