"""A small study on the real model, quickly built, for tests of what happens around it."""

from tests.place import QUICK, SMOLLM

SPEC = f"""
study: {{id: landmarks, title: Landmarks and their cities}}
model: {SMOLLM}
facts:
  relations:
    located in: {{template: "The {{subject}} is located in the city of {{object}}"}}
  items:
    - {{subject: Colosseum, relation: located in, object: Rome}}
    - {{subject: Eiffel Tower, relation: located in, object: Paris}}
    - {{subject: Brandenburg Gate, relation: located in, object: Berlin}}
    - {{subject: Parthenon, relation: located in, object: Athens}}
    - {{subject: Kremlin, relation: located in, object: Moscow}}
    - {{subject: Prado Museum, relation: located in, object: Madrid}}
    - {{subject: Charles Bridge, relation: located in, object: Prague}}
    - {{subject: Golden Gate Bridge, relation: located in, object: San Francisco}}
{QUICK}"""
