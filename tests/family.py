"""What a test says of a kind of model: how a tiny one is made, how it is to be read, and what is to be refused."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from transformers import AutoConfig, AutoModelForCausalLM

VOCABULARY, BOS, WINDOW, LAYERS, HEADS = 128, 1, 4, 3, 4

Experiment = Literal["attribution", "direct", "knockout", "gradient", "contribution"]
EXPERIMENTS: tuple[Experiment, ...] = ("attribution", "direct", "knockout", "gradient", "contribution")
"""What follows or changes the model: `direct` are the direct effects of `knockout`; `contribution` are the lengths of what heads
write, which `attribution` needs too."""

OWN_WAY = "computes attention in its own way, not through transformers' attention interface"
PROOF = "does not prove itself on 8 statements"
BY_HOOKS = "contributions cannot be measured in this architecture"
_SPECIAL = {"bos_token_id": BOS, "eos_token_id": 2, "pad_token_id": 0, "vocab_size": VOCABULARY}


@dataclass(frozen=True)
class Family:
    """A family's name in transformers, what its configuration says, what people call it, and what was varied.

    What is to be refused: where hooks must read it, or each statement `alone`, why; and the experiments that cannot be done,
    with words of the error.
    """

    kind: str
    says: Mapping[str, Any]
    name: str = ""
    tried: str = ""
    why_hooks: str = ""
    alone: bool = False
    refuses: Mapping[Experiment, str] = field(default_factory=dict)

    def refusal(self, experiment: Experiment) -> str:
        """Words of why it cannot be done, or nothing."""
        if self.why_hooks == OWN_WAY:
            return OWN_WAY
        if self.why_hooks and experiment == "contribution":
            return BY_HOOKS
        if experiment == "attribution" and "direct" in self.refuses:
            return self.refuses["direct"]
        return self.refuses.get(experiment, "")

    def build(self) -> Any:
        """A random model with eager attention; its weights are so large that its attention is far from uniform."""
        torch.manual_seed(0)
        config = AutoConfig.for_model(self.kind, **{**_SPECIAL, **self.says})
        model = AutoModelForCausalLM.from_config(config, attn_implementation="eager").eval()
        with torch.no_grad():
            for name, parameter in model.named_parameters():
                if parameter.dim() > 1:
                    parameter.normal_(0, 1.0 if any(part in name for part in ("embed", "wte", "wpe")) else 0.35)
                elif "sink" in name:
                    parameter.normal_()
            for name, buffer in model.named_buffers():
                if "layer_scalar" in name:
                    buffer.fill_(0.8)
        return model


@dataclass(frozen=True)
class Refused:
    """A family that no way can read: what it does instead, for the documentation, and words of the error."""

    family: Family
    instead: str
    words: str
