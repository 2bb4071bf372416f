"""Features of other packages, found by the entry point `radiogenomics.features`.

A plug-in is an object with two functions. ``describe()`` gives the names of its features, each with a line of meaning;
names are letters, digits, ``_`` and ``-``. ``extract(image, mask)`` takes an `images.Image` and its mask, (z, y, x)
bool, and gives a number for each name, or a text that says why there is none.
"""

from collections.abc import Mapping
from functools import cache
from importlib.metadata import entry_points
from typing import Protocol

from radiogenomics.radiomics.errors import NoPluginError, PluginError
from radiogenomics.radiomics.images import Image
from radiogenomics.radiomics.region import BoolArray, Values

GROUP = "radiogenomics.features"


class Plugin(Protocol):
    """What the entry point must lead to: a module, a class or an object."""

    def describe(self) -> Mapping[str, str]:
        """Meaning of each feature by its name."""

    def extract(self, image: Image, mask: BoolArray) -> Mapping[str, float | str]:
        """A value or a reason by the name of the feature."""


@cache
def plugin(name: str) -> Plugin:
    """Load a plug-in.

    Raises
    ------
    NoPluginError
        No installed package has an entry point of this name.
    """
    installed = entry_points(group=GROUP)
    if name not in installed.names:
        raise NoPluginError(name, sorted(installed.names))
    loaded: Plugin = installed[name].load()
    return loaded


def plugin_values(name: str, image: Image, mask: BoolArray) -> Values:
    """Values of a plug-in, checked against its description.

    Raises
    ------
    NoPluginError
    PluginError
        It fails, or gives other names than it describes, or something that is neither number nor text.
    """
    try:
        values = dict(plugin(name).extract(image, mask))
    except Exception as error:  # a foreign package may raise anything
        raise PluginError(name, f"{type(error).__name__}: {error}") from error
    described = set(plugin(name).describe())
    if values.keys() != described:
        raise PluginError(name, f"its values and its description differ in {sorted(values.keys() ^ described)}")
    if strange := [key for key, value in values.items() if not isinstance(value, int | float | str)]:
        raise PluginError(name, f"{strange[0]} is neither a number nor a text")
    return {key: value if isinstance(value, str) else float(value) for key, value in values.items()}
