"""Features of other packages: found by entry point, checked, marked by their source."""

import numpy as np
import pytest

from radiogenomics.config.extraction import RadiomicsSettings
from radiogenomics.errors import ConfigError
from radiogenomics.radiomics import plugins
from radiogenomics.radiomics.engine import features_of
from radiogenomics.radiomics.errors import NoPluginError, PluginError
from radiogenomics.radiomics.images import Image
from radiogenomics.radiomics.nomenclature import expected_names


class Edges:
    """A plug-in as a package would write it."""

    def describe(self):
        return {"Brightest": "largest intensity", "Reach": "voxels"}

    def extract(self, image, mask):
        return {
            "Brightest": float(image.array[mask].max()),
            "Reach": "only one voxel" if mask.sum() < 2 else int(mask.sum()),
        }


class Broken(Edges):
    def __init__(self, result):
        self.result = result

    def extract(self, image, mask):
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


@pytest.fixture
def install(monkeypatch):
    def put(made):
        monkeypatch.setattr(plugins, "plugin", lambda name: made)
        monkeypatch.setattr("radiogenomics.radiomics.nomenclature.plugin", lambda name: made)

    return put


def case():
    array = np.arange(1000, dtype=np.int16).reshape(10, 10, 10)
    mask = np.zeros(array.shape, bool)
    mask[2:7, 2:7, 2:7] = True
    return Image(array, (1.0, 1.0, 1.0), np.eye(4)), mask


def run(tmp_path):
    settings = RadiomicsSettings(bin_width=25, families=("firstorder",), plugins=("edges",))
    found = {feature.name: feature for feature in features_of(*case(), settings, tmp_path / "v", tmp_path / "m")}
    assert list(found) == [name for _, _, name in expected_names(settings)]
    return found


def test_values_and_reasons_enter_the_table_with_their_source(install, tmp_path):
    install(Edges())
    found = run(tmp_path)
    assert found["original_edges_Brightest"].value == 666
    assert found["original_edges_Reach"].value == 125
    assert {feature.source for feature in found.values()} == {"native", "edges"}
    assert found["original_edges_Reach"].source == found["original_edges_Reach"].family == "edges"


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (ValueError("no model"), "plug-in edges: ValueError: no model"),
        ({"Brightest": 1.0}, r"differ in \['Reach'\]"),
        ({"Brightest": 1.0, "Reach": [3]}, "Reach is neither a number nor a text"),
    ],
)
def test_a_plugin_that_breaks_its_contract_is_named(install, tmp_path, result, message):
    install(Broken(result))
    with pytest.raises(PluginError, match=message):
        run(tmp_path)


def test_a_plugin_that_is_not_installed_is_named():
    with pytest.raises(NoPluginError, match="no plug-in 'unheard-of' is installed"):
        plugins.plugin("unheard-of")


def test_a_plugin_cannot_take_the_name_of_a_family():
    from radiogenomics import config

    with pytest.raises(ConfigError, match=r"plug-ins \['glcm'\] have the names of feature families"):
        config.load_section(RadiomicsSettings, '{"bin_width": 25, "plugins": ["glcm"]}')
