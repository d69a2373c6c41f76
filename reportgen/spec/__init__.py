"""From a YAML file to a `StudySpec`: what a spec may say (`model`), and an error for all else (`load`)."""
