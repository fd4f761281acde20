"""Networks that people deploy on microcontrollers today, drawn in this project's own operators.

Each is a family over a width multiplier and an input resolution; `families` names them.  Where a
network was made for large photographs and the images are small, its first strides are 1, as its
users do for CIFAR (`small_images`): at 32 pixels five halvings leave nothing to look at.
"""

from benchmarks.baselines.families import Family, families

__all__ = ["Family", "families"]
