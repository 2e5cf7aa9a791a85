"""`python -m tokcost`: for an environment whose scripts cannot be run because it was moved after its creation."""

from tokcost.cli.start import main

main()
