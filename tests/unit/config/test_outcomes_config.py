"""Keys of outcomes, and of fits that a study may have no use for."""

import pytest

from radiogenomics import config
from radiogenomics.errors import ConfigError


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"cohort": {"outcomes": {"os": {"time": "days", "event": "days"}}}}, "days cannot be both"),
        ({"cohort": {"outcomes": {"os": {"time": "days"}}}}, "cohort.outcomes.os.event: Field required"),
        ({"cohort": {"outcomes": {"o s": {"time": "days", "event": "died"}}}}, "cohort.outcomes.o s"),
        ({"cohort": {"outcomes": {"os": {"time": "patient_id", "event": "died"}}}}, "patient_id cannot be a column"),
        (
            {"cohort": {"covariates": {"days": "number"}, "outcomes": {"os": {"time": "days", "event": "died"}}}},
            "days cannot be a column of an outcome",
        ),
        (
            {"cohort": {"patients": None, "images": None, "outcomes": {"os": {"time": "days", "event": "died"}}}},
            "there are no covariates and no outcomes",
        ),
        ({"association": {"fit_p_below": 0.2}}, "the model linear fits every pair"),
        ({"association": {"model": "rank", "fit_p_below": 0.2}}, "the model rank fits every pair"),
    ],
)
def test_what_makes_no_sense_is_refused(tmp_path, data, message):
    with pytest.raises(ConfigError, match=message):
        config.parse(data, tmp_path / "config.yaml")


@pytest.mark.parametrize(
    "data",
    [
        {"association": {"model": "ordinal", "fit_p_below": 0.2}},
        {"association": {"fit_p_below": 0.2}, "cohort": {"outcomes": {"os": {"time": "days", "event": "died"}}}},
    ],
)
def test_a_limit_of_fits_belongs_to_whatever_is_fitted(tmp_path, data):
    assert config.parse(data, tmp_path / "config.yaml").association.fit_p_below == 0.2
