"""A tiny model whose code lies beside its weights, as repositories with `auto_map` have it: no family of transformers."""

import json
from pathlib import Path

from reportgen.models.tokenizer import Tokenizer
from tests.small import save

LAYERS, HEADS, KIND = 2, 2, "reportgen_own"

CONFIGURATION = """\
from transformers import PreTrainedConfig


class OwnConfig(PreTrainedConfig):
    model_type = "reportgen_own"

    def __init__(self, vocab_size=64, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, **others):
        self.vocab_size, self.hidden_size = vocab_size, hidden_size
        self.num_hidden_layers, self.num_attention_heads = num_hidden_layers, num_attention_heads
        self.max_position_embeddings = 64
        super().__init__(**others)
"""

MODELLING = """\
import torch
from torch import nn
from transformers import PreTrainedModel
from transformers.masking_utils import create_causal_mask
from transformers.modeling_outputs import BaseModelOutput, CausalLMOutput
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from .configuration_own import OwnConfig


def eager_attention_forward(module, query, key, value, attention_mask, scaling, dropout=0.0, **_):
    logits = query @ key.transpose(-1, -2) * scaling
    if attention_mask is not None:
        logits = logits + attention_mask[..., : key.shape[-2]]
    shares = nn.functional.softmax(logits, dim=-1, dtype=torch.float32).to(query.dtype)
    return (shares @ value).transpose(1, 2).contiguous(), shares


class OwnAttention(nn.Module):
    def __init__(self, config, layer):
        super().__init__()
        self.config, self.layer_idx, self.is_causal = config, layer, True
        self.heads, self.part = config.num_attention_heads, config.hidden_size // config.num_attention_heads
        self.scaling, self.num_key_value_groups = self.part**-0.5, 1
        self.qkv = nn.Linear(config.hidden_size, 3 * config.hidden_size)
        self.out = nn.Linear(config.hidden_size, config.hidden_size)

    def forward(self, states, mask, kept):
        query, key, value = self.qkv(states).view(*states.shape[:2], 3, self.heads, self.part).permute(2, 0, 3, 1, 4)
        if kept is not None:
            key, value = kept.update(key, value, self.layer_idx)
        attend = eager_attention_forward
        if self.config._attn_implementation != "eager":
            attend = ALL_ATTENTION_FUNCTIONS.get_interface(self.config._attn_implementation, attend)
        written, shares = attend(self, query, key, value, mask, scaling=self.scaling)
        return self.out(written.flatten(2)), shares


class OwnLayer(nn.Module):
    def __init__(self, config, layer):
        super().__init__()
        self.norm, self.attention = nn.LayerNorm(config.hidden_size), OwnAttention(config, layer)
        self.mlp = nn.Sequential(nn.LayerNorm(config.hidden_size), nn.Linear(config.hidden_size, config.hidden_size))

    def forward(self, states, mask, kept):
        written, shares = self.attention(self.norm(states), mask, kept)
        states = states + written
        return states + self.mlp(states), shares


class OwnModel(PreTrainedModel):
    config_class, base_model_prefix, _supports_sdpa = OwnConfig, "model", True
    _supports_attention_backend = True

    def __init__(self, config):
        super().__init__(config)
        self.tokens = nn.Embedding(config.vocab_size, config.hidden_size)
        self.places = nn.Embedding(config.max_position_embeddings, config.hidden_size)
        self.layers = nn.ModuleList([OwnLayer(config, layer) for layer in range(config.num_hidden_layers)])
        self.post_init()

    def get_input_embeddings(self):
        return self.tokens

    def forward(
        self, input_ids, attention_mask=None, position_ids=None, past_key_values=None, output_attentions=False, **_
    ):
        if position_ids is None:
            begun = 0 if past_key_values is None else past_key_values.get_seq_length()
            position_ids = torch.arange(begun, begun + input_ids.shape[1], device=input_ids.device)[None]
        states, shown = self.tokens(input_ids) + self.places(position_ids), []
        mask = create_causal_mask(self.config, states, attention_mask, past_key_values, position_ids=position_ids)
        for layer in self.layers:
            states, shares = layer(states, mask, past_key_values)
            shown.append(shares)
        return BaseModelOutput(states, attentions=tuple(shown) if output_attentions else None)


class OwnForCausalLM(PreTrainedModel):
    config_class, base_model_prefix, _supports_sdpa = OwnConfig, "model", True
    _supports_attention_backend = True

    def __init__(self, config):
        super().__init__(config)
        self.model = OwnModel(config)
        self.lm_head = nn.Linear(config.hidden_size, config.vocab_size, bias=False)
        self.post_init()

    def get_input_embeddings(self):
        return self.model.tokens

    def get_output_embeddings(self):
        return self.lm_head

    def forward(self, input_ids, logits_to_keep=0, **others):
        found = self.model(input_ids, **others)
        kept = slice(-logits_to_keep, None) if isinstance(logits_to_keep, int) and logits_to_keep else slice(None)
        if isinstance(logits_to_keep, torch.Tensor):
            kept = logits_to_keep
        return CausalLMOutput(logits=self.lm_head(found.last_hidden_state[:, kept]), attentions=found.attentions)
"""

AUTO_MAP = {"AutoConfig": "configuration_own.OwnConfig", "AutoModelForCausalLM": "modeling_own.OwnForCausalLM"}


def save_own(folder: Path, tokenizer: Tokenizer) -> Path:
    """A random model of this kind, its code and someone's tokenizer."""
    import torch
    from transformers import AutoModelForCausalLM

    folder.mkdir(parents=True)
    (folder / "configuration_own.py").write_text(CONFIGURATION)
    (folder / "modeling_own.py").write_text(MODELLING)
    says = {"model_type": KIND, "architectures": ["OwnForCausalLM"], "auto_map": AUTO_MAP, "vocab_size": 49152}
    (folder / "config.json").write_text(json.dumps(says))
    torch.manual_seed(0)
    from transformers import AutoConfig

    config = AutoConfig.from_pretrained(folder, trust_remote_code=True)
    model = AutoModelForCausalLM.from_config(config, trust_remote_code=True)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.normal_(0, 0.5)
    save(model, folder, tokenizer)
    (folder / "config.json").write_text(json.dumps(says | {"dtype": "float32"}))
    return folder
