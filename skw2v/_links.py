"""Where the documentation of the project is published."""

DOCUMENTATION_URL = "https://skw2v.readthedocs.io/en/stable"
