"""Chat templates as models have them, in the ways in which templates are written, and tiny tokenizers to read with them."""

from pathlib import Path

from tokenizers import Tokenizer as Fast
from tokenizers import decoders, models, normalizers, pre_tokenizers, processors

SPECIAL = ("<unk>", "<s>", "</s>", "<|start|>", "<|end|>", "[INST]", "[/INST]")

ROLES = """\
{{- bos_token }}
{%- for message in messages %}
    {%- if message['role'] == 'system' %}
        {{- '<|start|>system\\n' + message['content'] | trim + '<|end|>\\n' }}
    {%- else %}
        {{- '<|start|>' + message['role'] + '\\n' + message['content'] | trim + '<|end|>\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start|>assistant\\n' }}
{%- endif %}
"""
"""A token for each turn's beginning and end, and a beginning-of-sequence token that the template writes itself."""

INST = (
    "{% if messages[0]['role'] == 'system' %}{% set ns = namespace(system=messages[0]['content'] + '\\n') %}"
    "{% set rest = messages[1:] %}{% else %}{% set ns = namespace(system='') %}{% set rest = messages %}{% endif %}"
    "{{ bos_token }}{% for message in rest %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('roles must alternate') }}{% endif %}{% if message['role'] == 'user' %}"
    "{{ '[INST] ' + ns.system + message['content'].strip() + ' [/INST]' }}{% set ns.system = '' %}"
    "{% else %}{% generation %}{{ ' ' + message['content'] + eos_token }}{% endgeneration %}{% endif %}{% endfor %}"
)
"""As Llama 2 and Mistral: the system message goes into the user's, and nothing marks where the answer begins."""

PLAIN = """\
{%- set note %}Tools: {{ tools | tojson if tools else '[]' }}{% endset -%}
{%- for message in messages -%}
{%- if loop.index > 5 %}{% break %}{% endif -%}
{{ message.role | capitalize }}: {{ message.content }}
{% endfor -%}
{{ note }} {{ {'é': '<a>'} | tojson }}

Assistant:{{ ' ' if add_generation_prompt }}"""
"""No special token at all: words, loop controls, JSON, line breaks that Jinja trims; a space before the answer."""

TEMPLATES = {"roles": ROLES, "inst": INST, "plain": PLAIN}

_TEXT = "The Colosseum is located in Rome State a fact system user assistant Be brief Tools: [] User: Assistant: é <a> { } \" ' ,"


def byte_level() -> Fast:
    """A token a byte, as in GPT-2 before any merge; a beginning-of-sequence token comes by itself."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    fast = Fast(models.BPE({token: place for place, token in enumerate(alphabet)}, []))
    fast.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=False)
    fast.decoder = decoders.ByteLevel()
    return _begun(fast)


def prefixed() -> Fast:
    """Words with their space, one more space put before the whole text, as SentencePiece does; no token comes by itself."""
    letters = {*_TEXT, "▁", "\n", *"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.|/:"}
    words = [*SPECIAL, *sorted(letters), *(f"▁{word}" for word in dict.fromkeys(_TEXT.split()))]
    fast = Fast(models.Unigram([(word, -1.0 - len(word) / 100) for word in dict.fromkeys(words)], unk_id=0))
    fast.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    fast.add_special_tokens(list(SPECIAL))
    return fast


def _begun(fast: Fast) -> Fast:
    fast.add_special_tokens(list(SPECIAL))
    bos = fast.token_to_id("<s>")
    fast.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", bos)])
    return fast


TOKENIZERS = {"byte level": byte_level, "prefixed": prefixed}


def save(folder: Path, fast: Fast, template: str | dict[str, str], *, jinja: bool = True) -> Path:
    """A folder with the tokenizer and its template, as transformers saves them; `jinja` has it write `chat_template.jinja`."""
    from transformers import PreTrainedTokenizerFast

    made = PreTrainedTokenizerFast(tokenizer_object=fast, bos_token="<s>", eos_token="</s>", unk_token="<unk>")
    made.chat_template = template
    made.save_pretrained(folder, save_jinja_files=jinja)
    return folder
