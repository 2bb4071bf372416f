"""The kernel that reads genotypes, against the same columns read as text."""

import numpy as np
from hypothesis import given, strategies as st

from radiogenomics.genomics.records import allele_numbers, verdict
from radiogenomics.genomics.scan import ODD, scan

N_ALLELES, KEYS = 3, 3
allele = st.sampled_from([".", "0", "1", "2"])
plain = st.builds(lambda parts, mark: mark.join(parts), st.lists(allele, min_size=1, max_size=2), st.sampled_from("/|"))
odd = st.sampled_from(["3/0", "0/1/1", "10", "/0/1", "0\\1", "a", "0/", "/", "0/1/", "-1", "9|9", "1 ", "0/é"])
rest = st.lists(st.text("0123456789,.", max_size=9), max_size=KEYS - 1).map(
    lambda fields: "".join(":" + f for f in fields)
)


def scanned(cells, order, half_calls=True, haploids=True):
    n = 1 + max(order)
    pairs, tally = np.full((n, 2), -9, np.int32), np.zeros((3, n), np.int64)
    line = np.frombuffer("\t".join(cells).encode(), np.uint8)
    sequences = np.array([False, True, False])  # the second alternate allele is *
    found = scan(line, np.array(order, np.int32), sequences, KEYS, half_calls, haploids, pairs, tally)
    return found, pairs, tally


def alleles_of(code):
    return (code // 11 - 1, code % 11 - 1) if code < 121 else (code - 121,)


@given(st.lists(st.tuples(plain, rest), min_size=1, max_size=30), st.data())
def test_plain_genotypes_are_read_as_the_text_says(cells, data):
    chosen = data.draw(st.lists(st.integers(0, len(cells) - 1), min_size=1, unique=True))
    order = [chosen.index(place) if place in chosen else -1 for place in range(len(cells))]
    (n_columns, n, n_half, n_haploid), pairs, tally = scanned(["".join(cell) for cell in cells], order)
    calls = [cells[place][0] for place in chosen]
    numbers = [allele_numbers(call) for call in calls]
    expected = {sample: found if set(found) != {-1} else (-1, -1) for sample, found in enumerate(numbers) if any(found)}
    assert n_columns == len(cells)
    assert {int(sample): alleles_of(code) for sample, code in pairs[:n]} == expected
    kinds = [verdict(call, N_ALLELES) for call in calls]
    assert (n_half, n_haploid) == tuple(sum(kind in each for each in kinds) for kind in ("half_call", "haploid"))
    missing, uncalled, alternate = tally.tolist()
    assert missing == [-1 in found for found in numbers]
    assert uncalled == [set(found) == {-1} for found in numbers]
    assert alternate == [1 in found for found in numbers]


@given(st.lists(plain, max_size=12), odd, st.lists(plain, max_size=12), st.booleans())
def test_an_odd_genotype_is_left_to_the_text_unless_nobody_wants_it(before, call, after, wanted):
    cells = [*before, call, *after, "0/0"]
    order = list(range(len(cells)))
    if not wanted:
        order = [number if number < len(before) else number - 1 for number in order]
        order[len(before)] = -1
    (n_columns, n, *_), _, tally = scanned(cells, order)
    assert n_columns == len(cells)
    assert (n == ODD) == wanted
    assert not (wanted and tally.any())


def test_more_fields_than_format_names_and_kinds_not_yet_remarked_are_left_to_the_text():
    assert scanned(["0/1:1:2:3"], [0])[0][1] == ODD
    assert scanned(["0/1:1:2"], [0])[0][1] == 1
    assert scanned(["./1"], [0], half_calls=False)[0][1] == ODD
    assert scanned(["1"], [0], haploids=False)[0][1] == ODD
    assert scanned(["", ":3"], [0, 1])[1].tolist() == [[0, 0], [1, 0]]


def test_columns_beyond_those_of_the_header_are_counted():
    assert scanned(["0/1", "0/1", "0/1"], [0])[0][:2] == (3, 1)
