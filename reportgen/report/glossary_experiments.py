"""The terms of art of the experiments, in plain words."""

from reportgen.report.glossary_terms import Group, Term
from reportgen.report.markup import Md

EXPERIMENTS = Group(
    "What the experiments ask",
    "experiment-terms",
    (
        Term(
            "experiment",
            Md(
                "A further question about the heads of a study, with its own part on the study's page of experiments: they are "
                "knocked out, followed over training, compared with those of other models, and so on."
            ),
        ),
        Term(
            "knock-out",
            Md(
                "A head is kept from saying what it would: it says nothing, its mean, or what it says elsewhere. Since later "
                "heads can make up for it [@mcdougall2023], what the model loses is the least that the head does."
            ),
        ),
        Term(
            "edge",
            Md("One head's look from one position to another: taking it away leaves all other looks as they are."),
        ),
        Term(
            "direct contribution",
            Md(
                "What a head itself writes towards an answer, without what later heads and layers make of it: direct logit "
                "attribution."
            ),
        ),
        Term(
            "gradient × attention",
            Md(
                "By how much the answer would change, to first order, were a head's look taken away. Integrated along the "
                "attention weights [@hao2021] it adds up to the whole change."
            ),
        ),
        Term(
            "nat",
            Md("The unit of log-probabilities and of entropy with natural logarithms: one nat is a factor of 2.72."),
        ),
        Term(
            "entropy",
            Md(
                "How evenly a head spreads its attention: 0 where one token gets everything, 100 hundredths of the most where "
                "all get the same."
            ),
        ),
        Term(
            "lock-on",
            Md(
                "The position after the subject from which a head looks back at it with at least half of the most attention "
                "that it gives it from anywhere after it."
            ),
        ),
        Term(
            "path",
            Md(
                "Two heads one after the other: the later one looks from the answer's position to a middle token, the earlier "
                "one looked from there to the start. Its strength is the product of both looks."
            ),
        ),
        Term(
            "Jaccard index",
            Md(
                "What two sets share as a part of what they hold together: 0 for nothing in common, 1 for the same sets."
            ),
        ),
        Term(
            "silhouette",
            Md(
                "How much nearer a head is to its own cluster than to the next one, from −1 to 1; its mean says how clear the "
                "clusters are."
            ),
        ),
        Term(
            "checkpoint",
            Md("A model as it was at one step of its training."),
        ),
        Term(
            "relative depth",
            Md(
                "A layer's place between the first (0) and the last one (1), so that models of different depth compare."
            ),
        ),
        Term(
            "AUC",
            Md(
                "How well a number tells two kinds apart: the probability that one of the first kind has more of it than one "
                "of the second; 0.5 is chance."
            ),
        ),
        Term(
            "verdict of the evidence",
            Md(
                "Whether a head looks at the subject differently, moves the answer, or both, by all kinds of evidence that the "
                "study has."
            ),
        ),
    ),
)
