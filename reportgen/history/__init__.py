"""What every run of a study found and from which inputs, kept as plain files for as long as the site lives."""
