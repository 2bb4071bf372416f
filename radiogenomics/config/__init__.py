"""Reading the configuration: YAML or JSON in, frozen models or one error with every problem out."""

import os
import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import TypeAdapter, ValidationError

from radiogenomics.config.extraction import RadiomicsSettings
from radiogenomics.config.models import Config
from radiogenomics.config.pyradiomics_file import is_pyradiomics, translate
from radiogenomics.config.section import Section
from radiogenomics.errors import ConfigError, MissingFileError
from radiogenomics.resources import preset_names, preset_path

Model = TypeVar("Model", bound=Section)
Valid = TypeVar("Valid")
VARIABLE = re.compile(r"\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)\}(?:/(?P<rest>.*))?")


class _Loader(yaml.SafeLoader):
    """YAML in which a key that stands twice is an error; the standard loader keeps the last one."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"key {key.value!r} stands twice", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def load(path: Path) -> Config:
    """Read a configuration file and make the paths in it absolute.

    Raises
    ------
    MissingFileError, ConfigError
    """
    return parse(_read_yaml(path, "configuration"), path)


def parse(data: Mapping[str, Any], path: Path) -> Config:
    """Validate a configuration given as a mapping; ``path`` is the file that its relative paths start from."""
    config = _validate(Config, data, path)
    place = _Places(path)
    cohort = _located(config.cohort, place, ("patients", "images", "samples"))
    segmenters = {
        name: each.model_copy(update={"weights": place(each.weights) if each.weights else None})
        for name, each in config.imaging.segmenters.items()
    }
    imaging = config.imaging.model_copy(update={"segmenters": segmenters})
    genomics, association = config.genomics.located(place), config.association.located(place)
    settings = {modality: _resolve_preset(name, place) for modality, name in config.radiomics.settings.items()}
    finished = {name: table.located(place) for name, table in config.radiomics.tables.items()}
    place.refuse()
    radiomics = config.radiomics.model_copy(update={"settings": settings, "tables": finished})
    return config.model_copy(
        update={
            "cohort": cohort,
            "imaging": imaging,
            "genomics": genomics,
            "radiomics": radiomics,
            "association": association,
        }
    )


def load_section(model: type[Model], text: str) -> Model:
    """One section from inline JSON or YAML (what the rules pass) or from a YAML file (what a person passes)."""
    return _validate(model, *_section_data(text))


def load_mapping(adapter: TypeAdapter[Mapping[str, Model]], text: str) -> Mapping[str, Model]:
    """Several sections by name, from inline JSON or YAML or from a YAML file."""
    data, source = _section_data(text)
    return _checked(adapter.validate_python, data, source)


def load_radiomics_settings(name_or_path: str) -> RadiomicsSettings:
    """Extraction settings by the name of a preset, as inline JSON or from a YAML file, ours or pyradiomics'."""
    path = name_or_path if name_or_path not in preset_names() else str(preset_path(name_or_path))
    data, source = _section_data(path)
    if is_pyradiomics(data):
        data, problems = translate(data)
        if problems:
            raise ConfigError(source, problems)
    return _validate(RadiomicsSettings, data, source)


def _section_data(text: str) -> tuple[Mapping[str, Any], Path | str]:
    """The content of inline JSON or YAML or of a file, and what an error calls it."""
    if text.lstrip().startswith("{"):
        return _parse_yaml(text, "settings"), "settings"
    return _read_yaml(Path(text), "settings"), Path(text)


class _Places:
    """Makes the paths of a configuration absolute; ``${NAME}`` at the start of one is an environment variable."""

    def __init__(self, path: Path) -> None:
        self._path, self._folder, self._problems = path, path.parent.resolve(), dict[str, None]()

    def __call__(self, path: Path) -> Path:
        if (found := VARIABLE.fullmatch(str(path))) is None:
            return (self._folder / path).resolve()
        if not (start := os.environ.get(found["name"])):
            self._problems[f"{path}: the environment variable {found['name']} is not set"] = None
            return path
        return (self._folder / start / (found["rest"] or "")).resolve()

    def refuse(self) -> None:
        """Raise a ConfigError with all paths whose variable is not set."""
        if self._problems:
            raise ConfigError(self._path, list(self._problems))


def _located(section: Model, place: Callable[[Path], Path], keys: Sequence[str]) -> Model:
    paths = {key: path for key in keys if (path := getattr(section, key)) is not None}
    return section.model_copy(update={key: place(path) for key, path in paths.items()})


def _resolve_preset(name: str, place: Callable[[Path], Path]) -> str:
    return name if name in preset_names() else str(place(Path(name)))


def _read_yaml(path: Path, what: str) -> Mapping[str, Any]:
    if not path.is_file():
        raise MissingFileError(path, what)
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(path, ["the file is not UTF-8; save it as UTF-8"]) from error
    return _parse_yaml(text, path)


def _parse_yaml(text: str, path: Path | str) -> Mapping[str, Any]:
    try:
        data = yaml.load(text, _Loader)
    except yaml.YAMLError as error:
        raise ConfigError(path, [f"not readable as YAML: {error}"]) from error
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise ConfigError(path, ["the file must hold keys and values"])
    return data


def _validate(model: type[Model], data: Mapping[str, Any], path: Path | str) -> Model:
    return _checked(model.model_validate, data, path)


def _checked(validate: Callable[[Mapping[str, Any]], Valid], data: Mapping[str, Any], path: Path | str) -> Valid:
    try:
        return validate(data)
    except ValidationError as error:
        raise ConfigError(path, [_problem(item) for item in error.errors()]) from error


def _problem(item: Mapping[str, Any]) -> str:
    key = ".".join(str(part) for part in item["loc"]) or "configuration"
    if item["type"] == "extra_forbidden":
        return f"{key}: unknown key"
    if item["type"] == "value_error":  # our own, which says what it found where that may be shown
        return f"{key}: {item['msg'].removeprefix('Value error, ')}"
    return f"{key}: {item['msg']} (found {item['input']!r})" if item["loc"] else f"{key}: {item['msg']}"
