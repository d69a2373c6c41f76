"""Facts of a pack of the catalogue, in the pack's own wordings."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from reportgen.catalogue import find_pack
from reportgen.facts.readers.csv_table import read_table
from reportgen.facts.table import Table
from reportgen.spec.facts_section import FactsSection
from reportgen.spec.section import Value, Values


def read_pack(name: str, spec_path: Path) -> Table:
    """All facts of a pack; raises InputError where there is no such pack."""
    named_in = f"{spec_path}: facts.pack"
    pack = find_pack(name, named_in)
    table = read_table(pack.path, named_in)
    records = (
        replace(record, where=f"{name}:{record.where.rpartition(':')[2]}", templates=pack.templates[relation])
        for record in table.records
        for relation in [record.cells["relation"]]
    )
    return replace(table, comment="\n".join(pack.about), records=tuple(records))


def asked_of(section: FactsSection, spec_path: Path) -> Mapping[str, Value | Values]:
    """The columns by which a study's facts are chosen: what its pack says, unless the spec says otherwise of a column."""
    pack = find_pack(section.pack, f"{spec_path}: facts.pack") if section.pack is not None else None
    return {**pack.only, **section.only} if pack is not None else section.only
