"""Numbers of figures and tables, given in the order in which the page holds them."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Label:
    """Name of a figure or table, and the id of the element that holds its title."""

    id: str
    name: str


@dataclass
class Labels:
    """Counts figures and tables; the templates ask for the next one where it stands."""

    _counts: dict[str, int] = field(default_factory=dict)

    def figure(self) -> Label:
        """Label of the next figure."""
        return self._next("Figure")

    def table(self) -> Label:
        """Label of the next table."""
        return self._next("Table")

    def _next(self, kind: str) -> Label:
        number = self._counts[kind] = self._counts.get(kind, 0) + 1
        return Label(f"{kind.lower()}-{number}", f"{kind} {number}")
