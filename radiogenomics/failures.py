"""One bad patient never stops the others and is never hidden: failures are collected and written as a table."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from radiogenomics import tables
from radiogenomics.errors import RadiogenomicsError, without_folders

logger = logging.getLogger(__name__)


class Failures:
    """Failures of one stage in one batch."""

    def __init__(self, stage: str) -> None:
        self.stage = stage
        self.rows: list[dict[str, object]] = []

    @contextmanager
    def guard(self, *patient_ids: str, image_id: str = "", roi: str = "") -> Iterator[None]:
        """Record an error of the block as a row for each patient that it concerns, instead of passing it on.

        An error outside the tree of ``RadiogenomicsError`` comes from a file that a library could not digest, or from a
        defect of ours. It is recorded as ``unexpected`` with its traceback in the log.
        """
        try:
            yield
        except RadiogenomicsError as error:
            self._add(patient_ids, image_id, roi, error, error.reason, error.hint)
        except Exception as error:
            logger.exception("unexpected error in %s, patients %s %s", self.stage, ", ".join(patient_ids), image_id)
            hint = "the traceback stands in the log of this batch; if the input is sound, please report it"
            self._add(patient_ids, image_id, roi, error, "unexpected", hint)

    def _add(
        self, patient_ids: Sequence[str], image_id: str, roi: str, error: Exception, reason: str, hint: str
    ) -> None:
        message = without_folders(" ".join(str(error).split()))
        for patient_id in patient_ids:
            logger.warning("patient %s %s: %s", patient_id, image_id, message)
            row = {"patient_id": patient_id, "image_id": image_id, "roi": roi, "stage": self.stage}
            self.rows.append(
                {
                    **row,
                    "error": type(error).__name__,
                    "reason": reason,
                    "message": message,
                    "hint": " ".join(hint.split()),
                }
            )

    def write(self, path: Path) -> None:
        """Write the failures table; it has only a header when nothing failed."""
        tables.FAILURES.write(tables.FAILURES.frame(self.rows), path)
