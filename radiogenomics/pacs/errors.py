"""Why a server did not deliver a series."""

from radiogenomics.errors import PacsError, listing


class UnknownServerError(PacsError):
    """The images sheet names a server that the configuration does not."""

    reason = "unknown_server"

    def __init__(self, server: str, known: tuple[str, ...]) -> None:
        self.server, self.known = server, known
        super().__init__(
            f"no server {server!r} in the configuration; it has {listing(known)}",
            hint="add it to `pacs.servers` or correct the images sheet",
        )


class MissingCredentialError(PacsError):
    """An environment variable that should hold a credential is not set."""

    reason = "missing_credential"

    def __init__(self, server: str, variable: str) -> None:
        self.server, self.variable = server, variable
        super().__init__(
            f"server {server!r}: environment variable {variable} is not set",
            hint=f"export {variable} before the workflow starts",
        )


class RequestRefusedError(PacsError):
    """The server answered with an error, or not at all."""

    reason = "request_refused"

    def __init__(self, server: str, what: str, answer: str, attempts: int) -> None:
        self.server, self.what, self.answer, self.attempts = server, what, answer, attempts
        super().__init__(
            f"server {server!r}: {what} failed after {attempts} attempt(s): {answer}",
            hint="check the URL, the credentials and that the series is on the server",
        )


class IncompleteSeriesError(PacsError):
    """Fewer instances arrived than the server says the series has."""

    reason = "incomplete_series"

    def __init__(self, server: str, received: int, expected: int) -> None:
        self.server, self.received, self.expected = server, received, expected
        super().__init__(
            f"server {server!r}: {received} of {expected} instances of the series arrived",
            hint="run again; if it repeats, the server's index and its files disagree",
        )
