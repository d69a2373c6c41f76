"""Experiments: questions about the heads of a study beyond its contrasts, which `table` lists.

Each is a module, with what it tells in one of its own beside it (`<name>_told`) where that is long, and has three functions:
1. `needs` says what the experiment needs of the model, before any model is opened: it sees the plan alone, and a check
   calls it to say what the experiment costs. The scores that all experiments of a study need are captured in one go.
2. `find` computes what it asks about, from the scores that it asked for and from what the study has found by then. What
   it has the model do itself is kept in the store, so that nothing is lost when something dies.
3. `tell` says what was found: a sentence with its uncertainty, a figure, a table, a methods sentence, a file.
"""
