"""A sphere with a spherical hole: its contours, its voxels and its volume."""

import numpy as np

POINTS = 720
CENTRE_MM = (0.13, -0.21, 0.0)


def circle(radius_mm, corner_mm, axes, middle_mm):
    """Points of a circle in the plane of one slice, in LPS mm.

    ``corner_mm`` is a point of the plane from which rows and columns are counted, ``middle_mm`` the centre on the same
    plane; as a planning system has it, which knows the position of each slice and draws in its pixels.
    """
    angle = np.linspace(0, 2 * np.pi, POINTS, endpoint=False)
    middle = (middle_mm - corner_mm) @ axes.T
    turn = np.column_stack([np.sin(angle), np.cos(angle)])
    return corner_mm + (middle + radius_mm * turn) @ axes


def hollow_sphere(place, outer_mm, inner_mm, hole="two contours", centre_mm=CENTRE_MM, every=1, corners_mm=None):
    """Contours of the hollow sphere on the slices of a grid, the voxels inside and the volume in mm³.

    The volume is that of the discs at the slices, π(R² - r²) times the distance of slices.

    Parameters
    ----------
    every : int
        Draw on every n-th slice.
    corners_mm : (n_slices, 3), optional
        Points of the slices' planes that contours are counted from, by default the first voxel of each.
    """
    contours, volume_mm3 = [], 0.0
    normal, axes = np.array(place.direction[0]), np.array(place.direction[1:])
    corners = place.to_lps([(k, 0, 0) for k in range(place.shape[0])]) if corners_mm is None else corners_mm
    for corner in corners[::every]:
        height = float((corner - np.array(centre_mm)) @ normal)
        outer, inner = (np.sqrt(max(radius**2 - height**2, 0)) for radius in (outer_mm, inner_mm))
        if outer <= 0:
            continue
        volume_mm3 += np.pi * (outer**2 - inner**2) * place.spacing_mm[0] * every
        middle = np.array(centre_mm) + height * normal
        outside = circle(outer, corner, axes, middle)
        inside = circle(inner, corner, axes, middle)[::-1]
        if inner <= 0:
            contours.append(outside)
        elif hole == "keyhole":
            contours.append(np.vstack([outside, outside[:1], inside[-1:], inside, outside[:1]]))
        else:
            contours += [outside, inside]
    index = np.moveaxis(np.indices(place.shape), 0, -1)
    distance = np.linalg.norm(place.to_lps(index) - np.array(centre_mm), axis=-1)
    return contours, (distance < outer_mm) & (distance >= inner_mm), volume_mm3


def dice(first, second):
    """Overlap of two masks, 1 if equal."""
    return 2 * np.count_nonzero(first & second) / (np.count_nonzero(first) + np.count_nonzero(second))
