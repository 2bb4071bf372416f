"""The random effect of the mixed model in the words of a paper."""

from radiogenomics.report import text
from radiogenomics.report.load import Run


def words(run: Run) -> str:
    """What has the random effect and how variances were estimated; nothing with another model."""
    limits = run.thresholds
    if limits.model != "mixed":
        return ""
    what = f"relatedness, as {limits.kinship} has it" if limits.kinship else f"the levels of {limits.random_effect}"
    variances = "for each pair with the marker in the model, and t has"
    if limits.reml_p_below < 1:
        most = text.general(limits.reml_p_below)
        variances = f"without a marker for each feature, and with it for pairs with p up to {most}, whose t has"
    return (
        f" The models have a random effect of {what}; patients of whom it is not known are in no pair. Its variance "
        f"and that of the residual were estimated by restricted maximum likelihood (REML) {variances} Satterthwaite's "
        "degrees of freedom, rounded down."
    )
