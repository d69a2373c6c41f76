"""Facts before a study: named on the command line, described, balanced, converted."""
