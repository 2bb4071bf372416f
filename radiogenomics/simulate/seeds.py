"""Randomness and identifiers that depend on the seed and on who they are for, never on how many others there are."""

import hashlib
from enum import IntEnum

import numpy as np


class Stream(IntEnum):
    """What random numbers are drawn for; each purpose has its own stream, so that a change of one leaves the others."""

    CARRIERS = 0
    CLINICAL = 1
    LESION = 2
    NOISE = 3
    GENOME = 4
    VARIANTS = 5
    GENOTYPES = 6


def generator(seed: int, stream: Stream, *index: int) -> np.random.Generator:
    """Make the generator of one purpose for one item (patient, gene or block)."""
    sequence = np.random.SeedSequence(seed, spawn_key=(int(stream), *index))
    return np.random.Generator(np.random.PCG64(sequence))


def digest(seed: int, *parts: object) -> bytes:
    """Sixteen bytes that stand for the seed and the parts."""
    text = "\x1f".join(str(part) for part in ("radiogenomics simulate", seed, *parts))
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def uid(seed: int, *parts: object) -> str:
    """DICOM UID derived from the seed and the parts (PS3.5 B.2: a 128-bit number below 2.25)."""
    return f"2.25.{int.from_bytes(digest(seed, *parts))}"


def sample_name(seed: int, patient_id: str) -> str:
    """Name of a patient's sample in the VCF, e.g. ``S-0f3a92c1``; it says nothing about the patient."""
    return f"S-{digest(seed, 'sample', patient_id)[:4].hex()}"
