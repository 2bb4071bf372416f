"""Zones: connected voxels of one grey level, with their sizes and their distance from the border."""

import numpy as np

from radiogenomics.compiled import kernel
from radiogenomics.radiomics.matrices.layout import IndexArray
from radiogenomics.radiomics.matrices.neighbourhood import U
from radiogenomics.radiomics.region import BoolArray, LevelArray


@kernel("int32[:,:,::1](boolean[:,:,::1], int64[::1])")
def _city_block(mask: BoolArray, axes: IndexArray) -> LevelArray:
    """Two sweeps, each of which takes the least distance of the neighbours behind plus one."""
    slices, rows, columns = mask.shape
    steps = np.array([(rows + 2) * (columns + 2), columns + 2, 1])
    distance = np.zeros((slices + 2, rows + 2, columns + 2), dtype=np.int32)
    flat = distance.reshape(-1)
    for z in range(slices):
        for y in range(rows):
            begin = (z + 1) * steps[0] + (y + 1) * steps[1] + 1
            for x in range(columns):
                if mask[z, y, x]:
                    least = flat[begin + x - 1]
                    for axis in axes:
                        least = min(least, flat[begin + x - steps[axis]])
                    flat[begin + x] = least + 1
    for here in range(flat.size - 1, -1, -1):
        if flat[here] > 1:
            for axis in axes:
                flat[here] = min(flat[here], flat[here + steps[axis]] + 1)
    return distance


def distance_from_border(mask: BoolArray, *, in_plane: bool) -> LevelArray:
    """Steps along the axes from a voxel to the nearest voxel outside the mask.

    Everything beyond the array is outside, so that a voxel at the border has the distance 1.

    Parameters
    ----------
    mask : (z, y, x) bool
        Morphological mask, C-contiguous.
    in_plane : bool
        Steps within slices only.

    Returns
    -------
    (z + 2, y + 2, x + 2) int32
        The distances with a margin of one voxel, 0 outside the mask.
    """
    return _city_block(mask, np.array([1, 2] if in_plane else [0, 1, 2]))


@kernel("UniTuple(int32[::1], 3)(int32[:,:,::1], int32[:,:,::1], int64[::1], int64)")
def zones(
    levels: LevelArray, distance: LevelArray, offsets: IndexArray, n_voxels: int
) -> tuple[LevelArray, LevelArray, LevelArray]:
    """Find the zones by union-find in one pass.

    Parameters
    ----------
    levels : (z + 2, y + 2, x + 2) int32
        Grey levels with a margin of zeros.
    distance : (z + 2, y + 2, x + 2) int32
        A map of which the least value in each zone is wanted.
    offsets : (directions,) int64
        Steps to half of the neighbours, of which the first is a neighbour of all the others.
    n_voxels : int
        Voxels with a level.

    Returns
    -------
    level, size, distance : (n_zones,) int32
        Grey level, voxels and least distance of each zone.
    """
    flat, depth = levels.reshape(-1), distance.reshape(-1)
    _, rows, columns = levels.shape
    label = np.zeros(flat.size, dtype=np.int32)
    parent = np.empty(n_voxels + 1, dtype=np.int32)
    level_of, size_of, depth_of = np.empty_like(parent), np.empty_like(parent), np.empty_like(parent)
    n = 0
    for here in range(rows * columns, flat.size - rows * columns):
        level = flat[U(here)]
        if level == 0:
            continue
        root = 0
        for d in range(offsets.size):
            behind = U(here - offsets[U(d)])
            if flat[behind] != level:
                continue
            other = label[behind]
            while parent[U(other)] != other:
                parent[U(other)] = parent[U(parent[U(other)])]
                other = parent[U(other)]
            if root == 0 or other == root:
                root = other
            else:
                root, child = min(root, other), max(root, other)
                parent[child] = root
            if d == 0:  # the other neighbours of this level touch this one, so they are of its zone already
                break
        if root == 0:
            n += 1
            root = n
            parent[n], level_of[n], size_of[n], depth_of[n] = n, level, 0, depth[here]
        label[here] = root
        size_of[root] += 1
        depth_of[root] = min(depth_of[root], depth[here])
    n_zones = 0
    for child in range(n, 0, -1):  # a parent is less than its children
        root = parent[child]
        if root == child:
            n_zones += 1
        else:
            size_of[root] += size_of[child]
            depth_of[root] = min(depth_of[root], depth_of[child])
    found = np.empty((3, n_zones), dtype=np.int32)
    zone = 0
    for root in range(1, n + 1):
        if parent[root] == root:
            found[0, zone], found[1, zone], found[2, zone] = level_of[root], size_of[root], depth_of[root]
            zone += 1
    return found[0], found[1], found[2]
