"""Studies in Python, in the words of the YAML: `import reportgen as rg; study = rg.load("spec.yml")`.

A `Study` goes the way that the command line goes, as far as it is asked: its statements need no weights, its scores come
from the store or from the model, its tests and figures from the scores. What was read once is kept in the same store
as by `reportgen build`, so that a notebook and a site share it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import platformdirs

from reportgen import numbers
from reportgen.errors import StudyError, shown
from reportgen.spec.wording import listed

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go
    import xarray as xr

    from reportgen.facts.fact import Fact
    from reportgen.findings import Finding
    from reportgen.notices import Notice
    from reportgen.progress import Progress
    from reportgen.report.results import Plan
    from reportgen.sources import Source
    from reportgen.spec.model import SpecFile, StudySpec
    from reportgen.statements import Statement
    from reportgen.studies import Outcome


def load(
    path: str | Path,
    *,
    cache: str | Path | None = None,
    limit: int | None = None,
    overrides: Mapping[str, Any] | None = None,
    quiet: bool = False,
) -> Study:
    """The study of a spec file.

    `cache` is where models and scores are kept, by default where the command line keeps them; `limit` takes the first facts
    alone; `overrides` sets keys of the spec, as `--set` does: `{"tests.alpha": 0.01}`. Raises InputError, which names every
    mistake with its line, also where the spec is a family of studies: see `load_all`.
    """
    from reportgen.spec.load import load_spec  # noqa: PLC0415

    file = load_spec(Path(path), _overrides(overrides))
    return Study(file, _cache(cache), _progress(quiet=quiet), limit)


def load_all(
    path: str | Path,
    *,
    cache: str | Path | None = None,
    limit: int | None = None,
    overrides: Mapping[str, Any] | None = None,
    quiet: bool = False,
) -> tuple[Study, ...]:
    """All studies of a spec: one, or the cells of its `matrix`. Raises what `load` raises."""
    from reportgen.spec.load import load_specs  # noqa: PLC0415

    files = load_specs(Path(path), _overrides(overrides))
    return tuple(Study(file, _cache(cache), _progress(quiet=quiet), limit) for file in files)


@dataclass(frozen=True)
class Study:
    """A study as a notebook holds it. What it has read or computed once, it keeps."""

    file: SpecFile
    cache: Path
    progress: Progress
    limit: int | None = None

    @property
    def spec(self) -> StudySpec:
        """The spec, with every default."""
        return self.plan.file.spec

    @cached_property
    def plan(self) -> Plan:
        """Facts and statements, with every guard; loads no weights, but where false objects go by what the model finds likely.
        Raises InputError or StudyError."""
        from reportgen.study import plan_study  # noqa: PLC0415

        return plan_study(self.file, self.cache, self.limit, self.progress)

    @property
    def facts(self) -> tuple[Fact, ...]:
        """The facts, each true one followed by its false twin."""
        return self.plan.facts.facts

    @property
    def statements(self) -> tuple[Statement, ...]:
        """The statements, tokenized, with the positions of subject, object and query."""
        return self.plan.statements.statements

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What the facts and their statements give to doubt, or had to leave out."""
        return self.plan.notices

    def capture(self) -> xr.DataArray:
        """The scores, shares of attention `[statement, layer, head]`, with every label of a statement as a coordinate.

        From the store where it holds them, else from the model. Raises StudyError where the model cannot be opened or does
        not prove itself.
        """
        return self._scores

    def test(self, contrast: str | None = None) -> Tested:
        """Every head tested in a contrast, by its id; the first one of the spec where none is named.

        Raises KeyError for a contrast that the spec does not have, and StudyError where no head can be tested.
        """
        return self._tested[self._contrast(contrast)]

    def build(self, site: str | Path = "site") -> Outcome:
        """Run the whole study, experiments and controls included, and write its page into a site.

        The same as `reportgen build`; other studies of the site stay. Raises what went wrong.
        """
        from reportgen.site.project import Site  # noqa: PLC0415
        from reportgen.sources import Given  # noqa: PLC0415
        from reportgen.studies import Builder  # noqa: PLC0415

        builder = Builder(Site.at(Path(site), "auto", None), self.progress, self.limit)
        built = builder.build(Given((self._source,), whole=False))
        if built.errors:
            raise built.errors[0]
        return built.outcomes[0]

    @property
    def figures(self) -> Figures:
        """The page's figures, for a notebook."""
        return Figures(self)

    @property
    def _source(self) -> Source:
        from reportgen.sources import Source  # noqa: PLC0415

        return Source(self.file.path, self.cache, self.file, self.file.overrides)

    def _contrast(self, contrast: str | None) -> str:
        known = [section.id for section in self.spec.contrasts]
        if contrast is not None and contrast not in known:
            raise KeyError(f"no contrast has the id {shown(contrast)}; there are {listed(known)}")
        return known[0] if contrast is None else contrast

    @cached_property
    def _scores(self) -> xr.DataArray:
        from reportgen.study import own_scores  # noqa: PLC0415

        return own_scores(self.plan, self.cache, self.progress)

    @cached_property
    def _tested(self) -> dict[str, Tested]:
        from reportgen.findings import conclude  # noqa: PLC0415
        from reportgen.planned import answerable  # noqa: PLC0415
        from reportgen.scores import columns_of  # noqa: PLC0415

        asked, left_out = answerable(columns_of(self._scores), self.spec, str(self.file.path))
        for notice in left_out:
            self.progress.say(notice.message)
        findings = conclude(self._scores, self.statements, asked)
        return {finding.tests.contrast.id: Tested(finding) for finding in findings}

    def __repr__(self) -> str:
        return f"Study({self.file.spec.study.id!r}, {str(self.file.path)!r})"

    def _repr_html_(self) -> str:
        said = self.spec.study
        pairs = [
            ("Question", said.question),
            ("Model", self.plan.source.name),
            ("Facts", numbers.things(sum(fact.truth for fact in self.facts), "true fact")),
            ("Statements", numbers.count(len(self.statements))),
            ("Contrasts", ", ".join(contrast.title for contrast in self.spec.contrasts)),
            *((notice.kind.capitalize(), notice.message) for notice in self.notices),
        ]
        rows = "".join(f"<tr><th style='text-align:left'>{escape(k)}</th><td>{escape(v)}</td></tr>" for k, v in pairs)
        return f"<strong>{escape(said.title)}</strong><table>{rows}</table>"


@dataclass(frozen=True)
class Tested:
    """What one contrast shows at every head; `finding` holds all of it, as the page is written from it."""

    finding: Finding

    @property
    def heads(self) -> xr.Dataset:
        """Means, effect, intervals and p-values by layer and head, in shares of attention; see `inference.HeadTests`."""
        return self.finding.tests.heads

    @property
    def recall_heads(self) -> tuple[str, ...]:
        """The heads found, strongest first, as `L9H1`."""
        return tuple(head.name for head in self.finding.recall)

    def table(self) -> pd.DataFrame:
        """Every head a row, by name: means and effect in shares of attention, intervals, p-values, verdict."""
        import pandas as pd  # noqa: PLC0415

        rows = [asdict(head) for head in self.finding.all_heads]
        return pd.DataFrame(rows, index=pd.Index([head.name for head in self.finding.all_heads], name="name"))

    def __repr__(self) -> str:
        tests = self.finding.tests
        return (
            f"{tests.contrast.title}: {numbers.things(len(self.finding.recall), 'head')} of {numbers.count(tests.tested)} "
            f"found ({tests.test}, {tests.headline}, α = {tests.alpha:g})"
        )

    def _repr_html_(self) -> str:
        shown_heads = self.finding.strongest
        cells = (
            f"<tr><th style='text-align:left'>{head.name}</th><td>{numbers.points(head.effect)} "
            f"{numbers.points_interval(head.simultaneous_low, head.simultaneous_high)}</td>"
            f"<td>{numbers.p_value(head.adjusted)}</td><td>{escape(head.verdict)}</td></tr>"
            for head in shown_heads
        )
        header = "<tr><th>head</th><th>effect, points</th><th>adjusted p</th><th>the head</th></tr>"
        return f"<p>{escape(repr(self))}</p><table>{header}{''.join(cells)}</table>"


@dataclass(frozen=True)
class Figures:
    """The page's figures of a study as Plotly figures, with their colours written in."""

    study: Study

    def heatmap(self, contrast: str | None = None, *, scheme: Literal["light", "dark"] = "light") -> go.Figure:
        """The effect of every head, the evidence for it, and the heads found by layer."""
        from reportgen.figures.heatmaps import significance_heatmaps  # noqa: PLC0415

        return _for_notebook(significance_heatmaps(self.study.test(contrast).finding), scheme)

    def attention(self, contrast: str | None = None, *, scheme: Literal["light", "dark"] = "light") -> go.Figure:
        """The mean attention of every head in both sets."""
        from reportgen.figures.heatmaps import attention_heatmaps  # noqa: PLC0415

        return _for_notebook(attention_heatmaps(self.study.test(contrast).finding), scheme)

    def top_heads(self, contrast: str | None = None, *, scheme: Literal["light", "dark"] = "light") -> go.Figure:
        """The strongest heads compared, every pair or statement shown."""
        from reportgen.figures.top_heads import compare_heads  # noqa: PLC0415
        from reportgen.report import words  # noqa: PLC0415

        finding = self.study.test(contrast).finding
        places = [(head.layer, head.head) for head in finding.strongest]
        again = [
            float("nan") if finding.selected is None else float(finding.selected.cross_fitted[place])
            for place in places
        ]
        looked_at = words.key_span(self.study.spec.measure)
        return _for_notebook(compare_heads(finding.tests, places, looked_at, again), scheme)


def _for_notebook(figure: go.Figure, scheme: str) -> go.Figure:
    from reportgen.figures.standalone import colours_of, standalone  # noqa: PLC0415
    from reportgen.report.render import templates_folder  # noqa: PLC0415

    css = (templates_folder() / "assets" / "page.css").read_text(encoding="utf-8")
    if scheme not in ("light", "dark"):
        raise StudyError(f"a figure's scheme is `light` or `dark`, not {shown(scheme)}")
    return standalone(figure, colours_of(css, dark=scheme == "dark"))


def _cache(named: str | Path | None) -> Path:
    own = os.environ.get("REPORTGEN_CACHE") or platformdirs.user_cache_path("reportgen")
    return Path(own if named is None else named)


def _progress(*, quiet: bool) -> Progress:
    from reportgen.console import Console  # noqa: PLC0415

    return Console(quiet=quiet)


def _overrides(given: Mapping[str, Any] | None) -> tuple[str, ...]:
    import json  # noqa: PLC0415

    return tuple(f"{key}={json.dumps(value)}" for key, value in (given or {}).items())
