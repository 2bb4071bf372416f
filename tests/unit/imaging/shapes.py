"""A sphere with a spherical hole: its contours, its voxels and its volume."""

import numpy as np

POINTS = 720


def circle(radius_mm, centre_mm, z_mm):
    """Points of a circle in an axial plane."""
    angle = np.linspace(0, 2 * np.pi, POINTS, endpoint=False)
    x, y = centre_mm[0] + radius_mm * np.cos(angle), centre_mm[1] + radius_mm * np.sin(angle)
    return np.column_stack([x, y, np.full(POINTS, z_mm)])


def hollow_sphere(place, outer_mm, inner_mm, hole="two contours", centre_mm=(0.13, -0.21, 0.0)):
    """Contours of the hollow sphere on the slices of an axial grid, the voxels inside and the volume in mm³.

    The volume is that of the discs at the slices, π(R² - r²) times the distance of slices.
    """
    contours, volume_mm3 = [], 0.0
    for k in range(place.shape[0]):
        z = float(place.to_lps([k, 0, 0])[2])
        outer, inner = (np.sqrt(max(radius**2 - (z - centre_mm[2]) ** 2, 0)) for radius in (outer_mm, inner_mm))
        if outer <= 0:
            continue
        volume_mm3 += np.pi * (outer**2 - inner**2) * place.spacing_mm[0]
        outside = circle(outer, centre_mm, z)
        inside = circle(inner, centre_mm, z)[::-1]
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
