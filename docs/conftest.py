"""The pages hold doctests; what Sphinx needs and writes does not."""

collect_ignore = [
    "_build",
    "auto_examples",
    "conf.py",
    "figures",
    "generated",
    "check_links.py",
    "save_picture.py",
]
