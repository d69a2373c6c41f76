"""What the chains show, in words, files and evidence."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from reportgen import numbers
from reportgen.analyses.analysis import Study
from reportgen.analyses.multi_hop import Baselines, MultiHop, Paths, Tested
from reportgen.analyses.multi_hop_shown import BASELINES, baselines_table, drawing, each_hop, maps
from reportgen.chains import ChainPair
from reportgen.contrasts import FEWEST_PAIRS
from reportgen.inference import HeadTests
from reportgen.notices import Notice
from reportgen.report.csv_files import cell, columns_csv, csv_bytes, heads_csv
from reportgen.report.document import Block, Prose
from reportgen.report.downloads import Download
from reportgen.report.experiment import Evidence, Told
from reportgen.report.head_links import head_name, head_text
from reportgen.report.markup import Md, join_md, md
from reportgen.report.words import CORRECTIONS
from reportgen.spec.experiments import MultiHopSection


def tell(found: MultiHop, study: Study, section: MultiHopSection) -> Told:
    """The strongest paths as a drawing, the hops as maps, the baselines as a table."""
    shape = found.to_link.heads.effect.shape
    blocks: tuple[Block, ...] = (
        Prose(_example(found.chains.pairs[0])),
        drawing(found, section.paths, shape[1]),
        Prose(_single_hops(found)),
        maps(found),
        *((Prose(_over_layers(found.baselines)), baselines_table(found.baselines)) if found.baselines else ()),
    )
    return Told(
        answer=_answer(found, shape[1]),
        blocks=blocks,
        method=_method(found, study),
        files=tuple(_files(found, shape[1])),
        evidence=(_evidence(found.paths, shape),),
        notices=tuple(_notices(found, study, section)),
    )


def _answer(found: MultiHop, per_layer: int) -> Md:
    tested = found.paths.tested
    stronger, weaker = (int((tested.found & (sign * tested.effect > 0)).sum()) for sign in (1, -1))
    pairs = numbers.things(len(tested.effect), "strongest pair")
    chains = numbers.things(len(found.chains.pairs), "chain")
    if not stronger + weaker:
        return md(
            "**No** path through the {pairs} of heads leads more or less attention from the start by way of the middle to the "
            "last position in true chains than in shuffled ones ({chains}).{detectable}",
            pairs=pairs,
            chains=chains,
            detectable=_detectable(tested),
        )
    gains = np.flatnonzero(tested.found & (tested.effect > 0))
    best = int(gains[np.argmax(tested.effect[gains])]) if len(gains) else int(tested.order[0])
    return md(
        "Through **{stronger}** of the {pairs} of heads more attention leads from the start by way of the middle to the last "
        "position where the chain holds than where it is broken, through {weaker} less ({chains}). The path that {gains} most "
        "leads through {earlier} and {later}: {true} points in true chains and {shuffled} in shuffled ones, a difference of "
        "{effect} {interval}.",
        stronger=stronger,
        weaker=weaker,
        pairs=pairs,
        chains=chains,
        gains="gains" if len(gains) else "loses",
        earlier=head_text(*divmod(int(found.paths.earlier[best]), per_layer)),
        later=head_text(*divmod(int(found.paths.later[best]), per_layer)),
        true=numbers.points(float(tested.true[best])),
        shuffled=numbers.points(float(tested.shuffled[best])),
        effect=numbers.points(float(tested.effect[best])),
        interval=numbers.points_interval(float(tested.low[best]), float(tested.high[best])),
    )


def _detectable(tested: Tested) -> Md:
    """What would have been found; nothing where that is not known."""
    known = tested.detectable[np.isfinite(tested.detectable)]
    if not len(known):
        return Md("")
    return md(
        " A difference of {points} points or more would have been found in 80 % of cases at half of these paths.",
        points=numbers.points(max(float(np.median(known)), tested.tests.smallest_effect), 2),
    )


def _example(pair: ChainPair) -> Md:
    """The first chain and its twin as far as they are read, and what start, middle and last position are in it."""
    true, shuffled = (chain.statement for chain in (pair.true, pair.shuffled))
    return md(
        "A chain, as far as it is read: “{true} …”. The same with its link broken: “{shuffled} …”. The middle is what stands "
        "twice, the start what comes before it; the last position, at the end of these words, is where the model is about to "
        "say the answer.",
        true=_read(true.text, true.object_stretch),
        shuffled=_read(shuffled.text, shuffled.object_stretch),
    )


def _read(text: str, answer: tuple[int, int]) -> str:
    return text[: answer[0]].rstrip()


def _single_hops(found: MultiHop) -> Md:
    return md(
        "Each hop by itself: {start} heads look differently from the middle's last mention at the start, {again} at the "
        "middle's earlier mention, and {link} heads from the last position at the middle, true against shuffled chains.{best} "
        "A name that the text has not held before draws attention by itself, so that what loses in true chains may answer to "
        "the surprise in the others.",
        start=_count(found.to_start),
        again=_count(found.to_again),
        link=_count(found.to_link),
        best=_repeats(found.to_again),
    )


def _count(tests: HeadTests) -> int:
    return int(tests.recall_heads().sum())


def _repeats(tests: HeadTests) -> Md:
    """The head that tells a repeated middle from a new one best."""
    place = tests.strongest(1)[0]
    if not bool(tests.recall_heads()[place]):
        return Md("")
    at = tests.heads.isel(layer=place[0], head=place[1])
    return md(
        " {head} tells best whether the middle is the same: it looks back at the earlier mention with {a} points where it is, "
        "and {b} where it is not.",
        head=head_text(*place),
        a=numbers.points(float(at.mean_a)),
        b=numbers.points(float(at.mean_b)),
    )


def _over_layers(baselines: Baselines) -> Md:
    tested = baselines.tested
    differing = [BASELINES[i].lower() for i in np.flatnonzero(tested.found).tolist()]
    if differing:
        said = f"{' and '.join(differing)} {'differs' if len(differing) == 1 else 'differ'} between true and shuffled chains"
    else:
        said = "nothing differs between true and shuffled chains by as much as matters"
    return md(
        "In the simple baselines, attention rollout and flow over all layers, which know no single heads, {said} ({chains}). "
        "{faint}",
        said=said,
        chains=numbers.things(baselines.chains, "chain"),
        faint=_faint(float(max(tested.true[:2].max(), tested.shuffled[:2].max()))),
    )


def _faint(rollout: float) -> Md:
    """Why rollout says little, where it does."""
    if rollout >= 0.001:
        return Md("")
    return Md(
        "Rollout leaves start and link less than a tenth of a point: multiplied over the layers, nearly all of it ends at the "
        "text’s first token."
    )


def _method(found: MultiHop, study: Study) -> Md:
    tested, pairs = found.paths.tested, found.chains.pairs
    aligned = sum(pair.aligned for pair in pairs)
    flow = md(
        "Attention rollout and attention flow [@abnar2020] were computed over the whole patterns of {chains}, heads averaged, "
        "with half of each layer’s weight for the residual connection.",
        chains=numbers.things(found.baselines.chains, "chain") if found.baselines else "",
    )
    said = md(
        "{count} of two facts were compared with the same chains in which the middle’s last mention and the end are another "
        "fact’s, handed round so that both sets hold every second fact equally often; in {aligned} the tokens stand at the same "
        "places. A path’s strength is the attention of the later head from the last position to each of the middle’s tokens "
        "times that of the earlier head from there to the start, summed over these tokens and averaged over chains. Of "
        "{possible} pairs of heads the {family} with the largest mean strength over true and shuffled chains together were "
        "tested, a choice that is independent of their difference [@bourgon2010], in pairs of chains, corrected over all of "
        "them ({correction}); found are differences of at least {smallest} points. Single hops were tested at every head in the "
        "same way.",
        count=numbers.things(len(pairs), "chain"),
        aligned=numbers.count(aligned),
        possible=numbers.count(found.paths.possible),
        family=numbers.count(len(tested.effect)),
        correction=CORRECTIONS[study.spec.tests.headline],
        smallest=numbers.points(study.spec.tests.smallest_effect),
    )
    return join_md((said, flow)) if found.baselines else said


def _files(found: MultiHop, per_layer: int) -> Iterator[Download]:
    paths, tested = found.paths, found.paths.tested
    names = (
        np.array([head_name(*divmod(int(head), per_layer)) for head in heads]) for heads in (paths.earlier, paths.later)
    )
    yield Download(
        "multi-hop-paths.csv",
        "the strength of every path tested, in true and in shuffled chains",
        columns_csv(
            {
                "earlier": next(names),
                "later": next(names),
                "mean_true": tested.true,
                "mean_shuffled": tested.shuffled,
                "effect": tested.effect,
                "simultaneous_low": tested.low,
                "simultaneous_high": tested.high,
                "adjusted": tested.adjusted,
                "found": tested.found,
            }
        ),
    )
    hops = zip(("to_start", "to_earlier_mention", "to_link"), (tests for _, tests in each_hop(found)), strict=True)
    yield Download(
        "multi-hop-heads.csv",
        "every head’s attention along each hop, in true and in shuffled chains",
        heads_csv({name: column for hop, tests in hops for name, column in _columns(hop, tests)}),
    )
    rows = (
        (p.fact.subject, p.donor.subject, p.true.statement.text, p.shuffled.statement.text) for p in found.chains.pairs
    )
    yield Download(
        "multi-hop-chains.csv",
        "the chains, and the same ones shuffled",
        csv_bytes([("subject", "second_fact_of", "true", "shuffled"), *([cell(text) for text in row] for row in rows)]),
    )


def _columns(hop: str, tests: HeadTests) -> Iterator[tuple[str, npt.NDArray[np.float64]]]:
    for column in ("mean_a", "mean_b", "effect", "simultaneous_low", "simultaneous_high", "p_value"):
        yield f"{_SIDES.get(column, column)}_{hop}", tests.heads[column].to_numpy()
    yield f"adjusted_{hop}", tests.adjusted(tests.headline).to_numpy()


_SIDES = {"mean_a": "mean_true", "mean_b": "mean_shuffled"}


def _evidence(paths: Paths, shape: tuple[int, ...]) -> Evidence:
    """Each head's path with the clearest difference, whichever of the two heads it is."""
    tested = paths.tested
    estimate, low, high = (np.full(int(np.prod(shape)), np.nan) for _ in range(3))
    speaks = np.zeros(estimate.shape, dtype=np.bool_)
    for i in tested.order[::-1].tolist():
        both = [paths.earlier[i], paths.later[i]]
        estimate[both], low[both], high[both] = tested.effect[i] * 100, tested.low[i] * 100, tested.high[i] * 100
        speaks[both] = tested.found[i]
    by_head = [values.reshape(shape) for values in (estimate, low, high)]
    return Evidence("path in chains", "points", by_head[0], by_head[1], by_head[2], speaks.reshape(shape))


def _notices(found: MultiHop, study: Study, section: MultiHopSection) -> Iterator[Notice]:
    chains = found.chains
    if chains.left_out:
        yield Notice(
            "left out",
            f"{numbers.things(len(chains.left_out), 'fact')} became no chain of the multi-hop experiment.",
            tuple(f"{name}: {why}" for name, why in chains.left_out.items()),
        )
    if chains.not_drawn:
        yield Notice(
            "left out",
            f"The multi-hop experiment takes {numbers.count(section.facts)} facts, drawn by chance; "
            f"{numbers.count(chains.not_drawn)} more could become chains (`experiments.multi_hop.facts`).",
        )
    at_first = sum(0 in pair.true.start for pair in chains.pairs)
    if at_first:
        yield Notice(
            "warning",
            f"In {numbers.things(at_first, 'chain')} the start holds the text’s first token, to which many heads look whatever "
            "it is: let some words stand before it in `experiments.multi_hop.template`.",
        )
    if study.spec.tests.cluster:
        yield Notice(
            "note",
            f"In the multi-hop experiment {numbers.things(found.units, 'cluster')} by `{study.spec.tests.cluster}` are the "
            "units, each with the mean of its chains.",
        )
    if found.units < FEWEST_PAIRS:
        yield Notice(
            "warning", f"The multi-hop experiment has {found.units} units: its tests find large effects alone."
        )
    yield from (notice for _, tests in each_hop(found) for notice in tests.notices)
