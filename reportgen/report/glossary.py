"""The terms of art of the pages, in plain words, as a page of the site lists them."""

from reportgen.report.glossary_experiments import EXPERIMENTS
from reportgen.report.glossary_terms import Group, Term
from reportgen.report.markup import Md


def terms() -> tuple[Term, ...]:
    """Every term, in the order of the alphabet."""
    return tuple(sorted((term for group in GROUPS for term in group.terms), key=lambda term: term.name.lower()))


_FACTS = Group(
    "What the model reads",
    "facts",
    (
        Term("fact", Md("A subject, a relation and an object, true or false: *France*, *capital*, *Paris*.")),
        Term("subject", Md("What a fact is about: *France*. The page asks how much of their attention heads give it.")),
        Term("object", Md("What a fact says of its [subject](#term-subject): *Paris*.")),
        Term(
            "relation", Md("How subject and object belong together (*capital*), with its [template](#term-template).")
        ),
        Term(
            "template",
            Md(
                "The wording of a relation, with a place each for subject and object: *The capital of {subject} is "
                "{object}*. A study with one template cannot tell what belongs to the wording from what belongs to the "
                "facts."
            ),
        ),
        Term(
            "statement",
            Md("A fact put into words by its template, and cut into [tokens](#term-token): what the model reads."),
        ),
        Term(
            "twin",
            Md(
                "The false statement that differs from a true one in its object alone: *The capital of France is Rome* "
                "beside *The capital of France is Paris*."
            ),
        ),
        Term("pair", Md("A true statement and its twin. Most studies count in pairs.")),
        Term(
            "derangement",
            Md(
                "A way to hand things round so that nobody keeps their own. Here the objects of a relation are handed "
                "round among its facts: true and false statements then hold each object equally often, and no subject "
                "gets an object that is true of it. *Matched*: among objects with the same number of tokens, as far as "
                "there are any."
            ),
        ),
        Term(
            "token",
            Md(
                "A piece of text as the model's tokenizer cuts it: a word, a part of one, or a mark. *Tripoli* may be "
                "three."
            ),
        ),
        Term(
            "beginning-of-sequence token",
            Md(
                "A token without text that some models put before everything (BOS). Heads may rest on it, so with it "
                "and without it scores differ; a study states which it uses."
            ),
        ),
    ),
)

_MEASURE = Group(
    "What is measured",
    "measure",
    (
        Term("layer", Md("One of the steps that a model is made of, counted from 0, the first one after the input.")),
        Term(
            "head",
            Md(
                "One of the parts of a layer that move information between tokens. *L9H2* is head 2 of layer 9, both "
                "counted from 0."
            ),
        ),
        Term(
            "attention",
            Md(
                "How a head at one token spreads over this token and those before it: shares that sum to 1 (after the "
                "softmax). It says where a head looks, not what it does with what is there [@jain2019]."
            ),
        ),
        Term(
            "pattern", Md("All attention of one head on one statement: a square of query positions by key positions.")
        ),
        Term("query position", Md("The token that looks. By default the last one of the statement.")),
        Term("key position", Md("A token that is looked at.")),
        Term("key span", Md("The tokens whose attention counts. By default those of the subject.")),
        Term(
            "score",
            Md(
                "One number for each statement and head: the attention from the query position to the key span, summed "
                "over its tokens (or their mean, or the largest of them)."
            ),
        ),
        Term("point", Md("A hundredth of a token's whole attention. A score of 0.139 is 13.9 points.")),
        Term(
            "log-probability",
            Md(
                "How likely the model finds an object where it stands: the sum over its tokens of the logarithm of "
                "each one's probability, given all before it, in nats."
            ),
        ),
        Term(
            "recalled",
            Md(
                "A fact is recalled when the model finds its true object likelier than every other object of the "
                "relation. Its *rank* is then 1. Other true objects of the same subject are left aside."
            ),
        ),
        Term("margin", Md("By how many nats the model finds the true object likelier than the false one.")),
    ),
)

_QUESTIONS = Group(
    "What is asked",
    "questions",
    (
        Term(
            "contrast",
            Md(
                "Two named sets of statements, A and B, that are compared: true and false ones, recalled and not "
                "recalled ones, or any two that columns of the facts tell apart."
            ),
        ),
        Term(
            "effect",
            Md(
                "The mean score in A minus the mean score in B, in points. An effect of −4.1: 4.1 points less "
                "attention in A."
            ),
        ),
        Term(
            "standardized effect",
            Md(
                "An effect in units of how much scores vary: Cohen's *d~z~* for pairs [@cohen1988; @lakens2013], "
                "Hedges' *g* for independent sets [@hedges1981]."
            ),
        ),
        Term(
            "unit",
            Md(
                "What counts as one observation: a pair, a statement, or a [cluster](#term-cluster). The *n* of a "
                "study is its number of units."
            ),
        ),
        Term(
            "cluster",
            Md(
                "Statements that are not independent of each other, such as several about one subject. A cluster "
                "counts once, with the mean of its statements."
            ),
        ),
        Term(
            "interaction",
            Md("A difference of differences: whether a contrast is larger among some facts than among others."),
        ),
        Term("dose", Md("A number for each statement, such as the margin, against which every head's scores are set.")),
    ),
)

_TESTS = Group(
    "How it is tested",
    "tests",
    (
        Term(
            "p-value",
            Md(
                "How often chance alone would give a difference at least as clear as this one, if there were none. "
                "Small is clear."
            ),
        ),
        Term(
            "alpha",
            Md(
                "The error rate that a study allows itself, α: by default 5 %. What it is a rate of depends on the "
                "correction."
            ),
        ),
        Term(
            "family",
            Md("The heads that are corrected for together: all tested heads of a contrast, or of the whole study."),
        ),
        Term(
            "correction",
            Md(
                "What is done so that testing many heads does not find some by chance: without it, about 13 of 270 "
                "pass at 5 % where none differs. The *headline* correction decides; the others stand beside it."
            ),
        ),
        Term(
            "adjusted p-value",
            Md("A head's p-value after the correction for all heads of its family. It is what is compared with α."),
        ),
        Term(
            "family-wise error",
            Md(
                "The chance that any head at all is found where none differs. max-T, Holm, Bonferroni, Šidák and "
                "Hommel hold it at α."
            ),
        ),
        Term(
            "false discovery rate",
            Md(
                "The share of false ones among the heads found, on average. Benjamini–Hochberg and its relatives hold "
                "it at α [@benjamini1995]; they find more, and more of it is false."
            ),
        ),
        Term(
            "max-T",
            Md(
                "A correction by rearranging: labels are shuffled thousands of times, each time the largest statistic "
                "of all heads is noted, and a head is found where its own exceeds nearly all of these [@westfall1993]. "
                "It uses that heads are alike, which other corrections have to ignore. See [the "
                "methods](methods.html#family)."
            ),
        ),
        Term(
            "arrangement",
            Md(
                "One way in which labels could have fallen if nothing differed: pairs with their sides exchanged or "
                "not, statements dealt out anew to A and B. Also called a resample."
            ),
        ),
        Term(
            "smallest effect of interest",
            Md("The effect below which a difference does not matter to the study's author: by default 1 point."),
        ),
    ),
)

_FINDINGS = Group(
    "What is found",
    "findings",
    (
        Term(
            "recall head",
            Md(
                "A head that is found: its adjusted p-value is at most α, and its estimated effect at least the "
                "smallest effect of interest. The page says that it *differs*."
            ),
        ),
        Term(
            "negligible",
            Md(
                "A head whose effect is shown to be smaller than the smallest effect of interest, by two one-sided "
                "tests [@schuirmann1987; @lakens2017]. This is a finding, unlike the mere absence of one."
            ),
        ),
        Term(
            "undecided",
            Md("A head that is neither found nor shown to be negligible. More facts would decide some of them."),
        ),
        Term(
            "interval",
            Md(
                "A range for an effect, as \\[18.4, 33.9\\]. Were the study repeated with other facts of the same kind, 95 "
                "% of such ranges would hold the true effect (at α = 5 %)."
            ),
        ),
        Term(
            "interval for all heads",
            Md(
                "A wider range, also called simultaneous: with 95 % probability the ranges of *all* heads hold their "
                "true effects at once. With a correction of the false discovery rate: of the heads found, 95 % on "
                "average [@benjamini2005]."
            ),
        ),
    ),
)

_SURE = Group(
    "How sure one may be",
    "sure",
    (
        Term(
            "winner's curse",
            Md(
                "Heads at the top of a list are there partly by luck, so that their effects look too large "
                "[@gelman2014]."
            ),
        ),
        Term(
            "cross-fitted",
            Md(
                "An effect estimated on the half of the data that did not choose the head, over many random halves. It "
                "takes away much of the winner's curse."
            ),
        ),
        Term("stability", Md("In how many bootstrap resamples of the units a head is among the strongest again.")),
        Term(
            "split-half reliability",
            Md(
                "How well the maps of two random halves agree, corrected for their half length [@spearman1910; "
                "@brown1910]. Its square root is the *noise ceiling*: no other map can be expected to agree more "
                "closely with this one."
            ),
        ),
        Term(
            "smallest detectable effect",
            Md("The effect that so many facts would show in 80 % of cases. Smaller ones may exist and stay unseen."),
        ),
        Term(
            "universe",
            Md(
                "One combination of the choices that an analyst could reasonably have made: test, correction, "
                "aggregation and so on. The robustness page runs them all [@simonsohn2020]."
            ),
        ),
        Term(
            "negative control",
            Md(
                "The same study with its labels shuffled, so that nothing is there to be found. It should find nothing."
            ),
        ),
        Term(
            "positive control",
            Md(
                "Heads that every language model has must be seen where they stand: *previous-token heads* look one "
                "token back [@elhage2021], *induction heads* at what followed the same token before [@olsson2022]."
            ),
        ),
        Term(
            "noise floor",
            Md(
                "How far arithmetic alone moves a head's score. An effect is a difference of two scores and has to "
                "exceed twice that."
            ),
        ),
        Term(
            "calibration",
            Md(
                "Counting, on data sets made from the study's own scores, how often its procedure finds what is not "
                "there, and how often it finds what is. See [calibration](calibration.html)."
            ),
        ),
    ),
)

_RUNS = Group(
    "Studies, runs and the site",
    "runs",
    (
        Term("spec", Md("The YAML file that a study is made from. [Every key](spec-reference.html) has its entry.")),
        Term("study", Md("One spec and all that follows from it. A site holds many.")),
        Term("run", Md("One execution of a study, on one day, with one version of everything.")),
        Term(
            "record",
            Md(
                "The small file that a run leaves: its findings, head by head, and all that they depend on. Records "
                "are never changed afterwards, so two of them say what changed and why."
            ),
        ),
        Term(
            "input",
            Md(
                "What a run's numbers depend on: the spec, the facts, the model's weights, the code of reportgen, the "
                "versions of its packages, the processor or GPU, and the arithmetic."
            ),
        ),
        Term(
            "reproduced exactly",
            Md("The same inputs were captured anew, and every number came out the same as in the run before."),
        ),
        Term(
            "alarm",
            Md(
                "The same inputs gave other numbers. The page tells how large the difference is beside the statistical "
                "uncertainty; something that is not among the inputs has changed."
            ),
        ),
        Term(
            "expectation",
            Md(
                "A condition that a spec states on its findings. The page, a badge and the exit code say whether it is "
                "met."
            ),
        ),
        Term(
            "replication",
            Md(
                "A published figure set beside the study's own. They agree (PASS) or not (DIVERGENT), by a rule that "
                "is stated."
            ),
        ),
        Term(
            "lock",
            Md(
                "A file that says what decides a study's hypotheses, written before there are results. A study that "
                "keeps to its lock is *confirmatory*; one without it is *exploratory*."
            ),
        ),
        Term("provenance", Md("Where every number came from: model, weights, versions, machine, seeds.")),
        Term(
            "results folder",
            Md(
                "What `reportgen capture` leaves of a study: enough to make its pages on a machine without a GPU or "
                "the model."
            ),
        ),
    ),
)

GROUPS = (_FACTS, _MEASURE, _QUESTIONS, _TESTS, _FINDINGS, _SURE, EXPERIMENTS, _RUNS)
"""The glossary, from what the model reads to what the site keeps."""
