"""The families that the documentation names: the one place that says how each is read, and what of it is refused."""

from tests.family import HEADS, LAYERS, OWN_WAY, PROOF, VOCABULARY, WINDOW, Family, Refused

_GPT = {"n_layer": LAYERS, "n_head": HEADS, "n_embd": 32, "n_positions": 64}
_PLAIN = {
    "num_hidden_layers": LAYERS,
    "num_attention_heads": HEADS,
    "hidden_size": 32,
    "intermediate_size": 48,
    "max_position_embeddings": 64,
}
_GROUPED = {**_PLAIN, "num_key_value_heads": 2}
_WIDE = {**_GROUPED, "head_dim": 8}
_GEMMA = {**_WIDE, "query_pre_attn_scalar": 8, "sliding_window": WINDOW}
_BY_TURNS = {
    "layer_types": ["sliding_attention", "full_attention", "sliding_attention"],
    "sliding_window": WINDOW,
}
_LOCAL_EXPERTS = {"num_local_experts": 4, "num_experts_per_tok": 2}
_EXPERTS = {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 16}
_ROUTED = {
    "n_routed_experts": 4,
    "num_experts_per_tok": 2,
    "moe_intermediate_size": 16,
    "n_group": 1,
    "topk_group": 1,
    "first_k_dense_replace": 1,
}
_LATENT = {
    **_PLAIN,
    "num_key_value_heads": HEADS,
    "q_lora_rank": 16,
    "kv_lora_rank": 16,
    "qk_rope_head_dim": 4,
    "qk_nope_head_dim": 8,
    "v_head_dim": 8,
}
_GRANITE = {**_GROUPED, "attention_multiplier": 0.35, "residual_multiplier": 0.5, "embedding_multiplier": 2.0}
_GRANITE |= {"logits_scaling": 4.0}
_QWEN_WINDOW = {"use_sliding_window": True, "sliding_window": WINDOW, "max_window_layers": 1}
_YARN = {"rope_type": "yarn", "rope_theta": 10000.0, "factor": 4.0, "original_max_position_embeddings": 16}
_MAMBA = {"mamba_n_heads": 4, "mamba_d_head": 16, "mamba_d_state": 8, "mamba_chunk_size": 8}

_STREAM = "what attention writes is changed, by more than a norm or a factor, on its way to the final norm"
_STREAMS = "takes more than one stream of states"
_SIZES = "only where all put out as many can they be knocked out"
_GATED = "what its heads put out is changed before it is projected"
_PROJECTED = "what its heads put out is changed before or after it is projected"
_NO_PROJECTION = "no output projection of 4 heads among"
_NO_END = "its unembedding does not take what a final norm gives"
_OTHERWISE = "its parts do not fit together as expected"
_ROWS = "attention cannot be cut row by row"
_PASSES = "log-probabilities are off by"
_MASKS = "takes more than one causal mask"
_NO_KEYS = "keeps no keys and values"

REASONS = {
    _STREAM: "what attention writes is mixed into several streams before the final norm, so no direct contribution can be told",
    _STREAMS: "its layers pass on several streams of states",
    _SIZES: "heads of different layers are not of one size",
    _PROJECTED: "a gate, a norm or experts change what heads put out before or after it is projected, so no direct contribution "
    "can be told",
    _NO_END: "states are multiplied between the final norm and the unembedding, so no direct contribution can be told",
    _OTHERWISE: "more than a norm and the unembedding stands at its end, so no direct contribution can be told",
    _ROWS: "its last token cannot be run many times over from kept keys and values",
    _PASSES: "statements cannot share a pass, as a state goes from token to token",
    _MASKS: "its attention is masked by more than the order of tokens",
    _NO_KEYS: "it keeps a state beside keys and values",
}
"""What the words of an error mean, for the documentation."""

FAMILIES: dict[str, Family] = {
    "gpt2": Family("gpt2", _GPT, "GPT-2, Cerebras-GPT", "learned positions"),
    "gpt_bigcode": Family(
        "gpt_bigcode",
        _GPT,
        "GPT-BigCode: SantaCoder, StarCoder",
        "one key and value head for all queries",
        refuses={"attribution": _ROWS},
    ),
    "gpt_neox": Family("gpt_neox", _PLAIN, "GPT-NeoX: Pythia, Dolly", "rotary positions in part, parallel MLP"),
    "llama": Family("llama", _GROUPED, "Llama 1 to 3, SmolLM 1 and 2, TinyLlama, Yi, Vicuna", "grouped queries"),
    "mistral": Family("mistral", {**_GROUPED, "sliding_window": WINDOW}, "Mistral", "grouped queries, a window"),
    "ministral": Family("ministral", {**_WIDE, **_BY_TURNS}, "Ministral", "grouped queries, windows by turns"),
    "ministral3": Family(
        "ministral3",
        {**_WIDE, "rope_parameters": {**_YARN, "llama_4_scaling_beta": 0.1, "mscale": 1.0, "mscale_all_dim": 1.0}},
        "Ministral 3",
        "grouped queries, YaRN, queries scaled by their position",
    ),
    "mixtral": Family(
        "mixtral",
        {**_GROUPED, **_LOCAL_EXPERTS, "sliding_window": WINDOW},
        "Mixtral",
        "grouped queries, a window, experts",
    ),
    "gemma": Family("gemma", _WIDE, "Gemma", "grouped queries, wide heads"),
    "gemma2": Family(
        "gemma2",
        {**_GEMMA, "attn_logit_softcapping": 2.0, "final_logit_softcapping": 5.0},
        "Gemma 2",
        "grouped queries, windows by turns, soft caps on attention and logits, norms after attention",
    ),
    "gemma3": Family(
        "gemma3_text",
        {**_GEMMA, **_BY_TURNS},
        "Gemma 3 (text)",
        "grouped queries, windows by turns, norms of queries and keys and after attention",
    ),
    "gemma3n": Family(
        "gemma3n_text",
        {
            **_GEMMA,
            **_BY_TURNS,
            "num_kv_shared_layers": 0,
            "vocab_size_per_layer_input": VOCABULARY,
            "hidden_size_per_layer_input": 8,
            "laurel_rank": 4,
            "activation_sparsity_pattern": [0.0] * LAYERS,
            "altup_num_inputs": 2,
        },
        "Gemma 3n (text)",
        "grouped queries, windows by turns, several streams",
        refuses={"direct": _STREAM, "knockout": _STREAMS},
    ),
    "gemma4": Family(
        "gemma4_text",
        {
            **_GEMMA,
            **_BY_TURNS,
            "num_kv_shared_layers": 0,
            "vocab_size_per_layer_input": VOCABULARY,
            "hidden_size_per_layer_input": 8,
            "global_head_dim": 16,
            "final_logit_softcapping": 5.0,
        },
        "Gemma 4 (text)",
        "grouped queries, windows by turns, wider heads in full layers, layers scaled, capped logits",
        refuses={"knockout": _SIZES},
    ),
    "vaultgemma": Family(
        "vaultgemma",
        {**_GEMMA, **_BY_TURNS, "attn_logit_softcapping": 2.0, "final_logit_softcapping": 5.0},
        "VaultGemma",
        "grouped queries, windows by turns, soft caps",
    ),
    "qwen2": Family(
        "qwen2", {**_GROUPED, **_QWEN_WINDOW}, "Qwen 1.5, 2 and 2.5", "grouped queries, windows in some layers"
    ),
    "qwen2_moe": Family(
        "qwen2_moe",
        {**_GROUPED, **_EXPERTS, **_QWEN_WINDOW, "shared_expert_intermediate_size": 16},
        "Qwen 2 MoE",
        "grouped queries, windows in some layers, experts",
    ),
    "qwen3": Family("qwen3", _WIDE, "Qwen 3", "grouped queries, norms of queries and keys"),
    "qwen3_moe": Family(
        "qwen3_moe", {**_WIDE, **_EXPERTS}, "Qwen 3 MoE", "grouped queries, norms of queries and keys, experts"
    ),
    "phi": Family("phi", _PLAIN, "Phi 1, 1.5 and 2", "rotary positions in part, parallel MLP"),
    "phi3": Family("phi3", {**_GROUPED, "sliding_window": WINDOW}, "Phi 3 and 4", "grouped queries, a window"),
    "phimoe": Family(
        "phimoe",
        {**_GROUPED, **_LOCAL_EXPERTS, "sliding_window": WINDOW},
        "Phi 3.5 MoE",
        "grouped queries, a window, experts",
    ),
    "opt": Family(
        "opt", {**_PLAIN, "ffn_dim": 48, "word_embed_proj_dim": 32}, "OPT, Galactica", "learned positions, biases"
    ),
    "biogpt": Family("biogpt", _PLAIN, "BioGPT", "learned positions, biases"),
    "olmo": Family("olmo", {**_GROUPED, "clip_qkv": 1.0}, "OLMo", "grouped queries, clipped queries, keys and values"),
    "olmo2": Family("olmo2", _GROUPED, "OLMo 2", "grouped queries, norms of queries and keys and after attention"),
    "olmo3": Family("olmo3", {**_GROUPED, **_BY_TURNS}, "OLMo 3", "as OLMo 2, windows by turns"),
    "olmoe": Family(
        "olmoe",
        {**_GROUPED, "num_experts": 4, "num_experts_per_tok": 2},
        "OLMoE",
        "grouped queries, norms of queries and keys, experts",
    ),
    "flex_olmo": Family(
        "flex_olmo",
        {**_GROUPED, "num_experts": 4, "num_experts_per_tok": 2},
        "FlexOlmo",
        "grouped queries, norms after attention, experts",
    ),
    "stablelm": Family("stablelm", _GROUPED, "StableLM", "grouped queries, rotary positions in part"),
    "starcoder2": Family(
        "starcoder2", {**_GROUPED, "sliding_window": WINDOW}, "StarCoder 2", "grouped queries, a window, biases"
    ),
    "granite": Family("granite", _GRANITE, "Granite", "grouped queries; attention, writing and logits multiplied"),
    "granitemoe": Family(
        "granitemoe",
        {**_GRANITE, **_LOCAL_EXPERTS},
        "Granite MoE",
        "grouped queries; attention, writing and logits multiplied; experts",
    ),
    "granitemoeshared": Family(
        "granitemoeshared",
        {**_GRANITE, **_LOCAL_EXPERTS, "shared_intermediate_size": 16},
        "Granite MoE with shared experts",
        "as Granite MoE",
    ),
    "gpt_oss": Family(
        "gpt_oss",
        {**_WIDE, **_BY_TURNS, **_LOCAL_EXPERTS},
        "gpt-oss",
        "grouped queries, windows by turns, sinks, experts",
    ),
    "cohere": Family(
        "cohere", {**_GROUPED, "use_qk_norm": True}, "Command R", "grouped queries, scaled logits, parallel MLP"
    ),
    "cohere2": Family("cohere2", {**_GROUPED, **_BY_TURNS}, "Command R7B and A", "as Command R, windows by turns"),
    "deepseek_v2": Family(
        "deepseek_v2",
        {**_LATENT, **_ROUTED, "head_dim": 4},
        "DeepSeek V2",
        "latent attention, shared and routed experts",
    ),
    "deepseek_v3": Family(
        "deepseek_v3",
        {**_LATENT, **_ROUTED},
        "DeepSeek V3 and R1",
        "latent attention, shared and routed experts",
    ),
    "minicpm3": Family(
        "minicpm3",
        {**_LATENT, "scale_depth": 1.4, "scale_emb": 2.0, "dim_model_base": 16},
        "MiniCPM 3",
        "latent attention, writing and states multiplied",
        refuses={"direct": _NO_END},
    ),
    "glm": Family("glm", _WIDE, "GLM 4 (2024)", "grouped queries, rotary positions in part"),
    "glm4": Family("glm4", _WIDE, "GLM 4 (2025), GLM Z1", "grouped queries, norms after attention"),
    "glm4_moe": Family("glm4_moe", {**_WIDE, **_ROUTED}, "GLM 4.5 and 4.6", "grouped queries, experts"),
    "smollm3": Family(
        "smollm3", {**_GROUPED, "no_rope_layers": [1, 1, 0]}, "SmolLM 3", "grouped queries, layers without positions"
    ),
    "nemotron": Family("nemotron", _WIDE, "Nemotron 4, Minitron", "grouped queries, norms with a bias"),
    "helium": Family("helium", _WIDE, "Helium", "grouped queries"),
    "persimmon": Family("persimmon", _PLAIN, "Persimmon", "norms of queries and keys, rotary positions in part"),
    "ernie4_5": Family("ernie4_5", _WIDE, "ERNIE 4.5", "grouped queries"),
    "ernie4_5_moe": Family(
        "ernie4_5_moe",
        {
            **_GROUPED,
            "moe_num_experts": 4,
            "moe_k": 2,
            "moe_intermediate_size": 16,
            "moe_num_shared_experts": 1,
            "moe_layer_start_index": 1,
            "moe_layer_end_index": 2,
        },
        "ERNIE 4.5 MoE",
        "grouped queries, experts in some layers",
    ),
    "hunyuan_v1_dense": Family("hunyuan_v1_dense", _WIDE, "Hunyuan", "grouped queries, norms of queries and keys"),
    "hunyuan_v1_moe": Family(
        "hunyuan_v1_moe", {**_WIDE, "num_experts": 4, "moe_topk": [2] * LAYERS}, "Hunyuan MoE", "as Hunyuan, experts"
    ),
    "exaone4": Family(
        "exaone4", {**_WIDE, **_BY_TURNS}, "EXAONE 4", "grouped queries, windows by turns, norms after attention"
    ),
    "apertus": Family("apertus", _GROUPED, "Apertus", "grouped queries, norms of queries and keys"),
    "arcee": Family("arcee", _WIDE, "Arcee AFM", "grouped queries"),
    "seed_oss": Family("seed_oss", _WIDE, "Seed-OSS", "grouped queries, biases"),
    "dbrx": Family(
        "dbrx",
        {
            "n_layers": LAYERS,
            "n_heads": HEADS,
            "d_model": 32,
            "max_seq_len": 64,
            "attn_config": {"kv_n_heads": 2, "rope_theta": 10_000.0, "clip_qkv": 1.0},
            "ffn_config": {"ffn_hidden_size": 48, "moe_num_experts": 4, "moe_top_k": 2, "hidden_size": 32},
        },
        "DBRX",
        "grouped queries, clipped queries, keys and values, experts",
    ),
    "minimax_m2": Family(
        "minimax_m2",
        {**_WIDE, **_LOCAL_EXPERTS, "rotary_dim": 4},
        "MiniMax M2",
        "grouped queries, norms of queries and keys, experts",
    ),
    "mimo_v2_flash": Family(
        "mimo_v2_flash",
        {**_WIDE, **_BY_TURNS, **_ROUTED},
        "MiMo V2 Flash",
        "grouped queries, windows by turns, experts",
    ),
    "bitnet": Family(
        "bitnet",
        _GROUPED,
        "BitNet b1.58",
        "grouped queries, a norm before the output projection",
        refuses={"direct": _PROJECTED, "contribution": _GATED},
    ),
    "afmoe": Family(
        "afmoe",
        {**_WIDE, **_BY_TURNS, **_EXPERTS, "num_dense_layers": 1},
        "Trinity (AFMoE)",
        "grouped queries, windows by turns, gated heads, experts",
        refuses={"direct": _PROJECTED, "contribution": _GATED},
    ),
    "jetmoe": Family(
        "jetmoe",
        {
            "num_hidden_layers": LAYERS,
            "hidden_size": 32,
            "num_key_value_heads": 2,
            "kv_channels": 8,
            "intermediate_size": 48,
            "max_position_embeddings": 64,
            **_LOCAL_EXPERTS,
        },
        "JetMoE",
        "experts of attention",
        refuses={"direct": _PROJECTED, "contribution": _NO_PROJECTION},
    ),
    "modernbert_decoder": Family(
        "modernbert-decoder",
        {**_PLAIN, "local_attention": 2 * WINDOW, "layer_types": _BY_TURNS["layer_types"]},
        "ModernBERT decoder: Ettin",
        "windows by turns",
        refuses={"direct": _OTHERWISE, "contribution": _NO_PROJECTION},
    ),
    "nanochat": Family("nanochat", _GROUPED, "nanochat", "grouped queries, norms of queries and keys, capped logits"),
    "ctrl": Family(
        "ctrl",
        {"n_layer": LAYERS, "n_head": HEADS, "n_embd": 32, "n_positions": 64, "dff": 48},
        "CTRL",
        "sinusoidal positions",
    ),
    "bert_decoder": Family(
        "bert",
        {**_PLAIN, "is_decoder": True},
        "BERT as a decoder",
        "learned positions, norms after each part",
        refuses={"direct": _PROJECTED, "contribution": _NO_PROJECTION},
    ),
    "gpt_neo": Family(
        "gpt_neo",
        {
            "num_layers": LAYERS,
            "num_heads": HEADS,
            "hidden_size": 32,
            "max_position_embeddings": 64,
            "attention_types": [[["global", "local"], 1], [["global"], 1]],
            "window_size": WINDOW,
        },
        "GPT-Neo, TinyStories",
        "windows by turns",
        OWN_WAY,
    ),
    "gptj": Family("gptj", {**_GPT, "rotary_dim": 4}, "GPT-J", "rotary positions in part", OWN_WAY),
    "codegen": Family("codegen", {**_GPT, "rotary_dim": 4}, "CodeGen", "rotary positions in part", OWN_WAY),
    "openai_gpt": Family("openai-gpt", _GPT, "GPT-1", "learned positions", OWN_WAY),
    "xglm": Family(
        "xglm",
        {"d_model": 32, "ffn_dim": 48, "num_layers": LAYERS, "attention_heads": HEADS, "max_position_embeddings": 64},
        "XGLM",
        "sinusoidal positions",
        OWN_WAY,
    ),
    "falcon": Family("falcon", {**_PLAIN, "alibi": False}, "Falcon 7B", "one key head, rotary positions", OWN_WAY),
    "falcon with ALiBi": Family("falcon", {**_PLAIN, "alibi": True}, "Falcon RW", "one key head, ALiBi", OWN_WAY),
    "bloom": Family("bloom", {"n_layer": LAYERS, "n_head": HEADS, "hidden_size": 32}, "BLOOM", "ALiBi", OWN_WAY),
    "mpt": Family(
        "mpt", {"n_layers": LAYERS, "n_heads": HEADS, "d_model": 32, "max_seq_len": 64}, "MPT", "ALiBi", OWN_WAY
    ),
    "llama4": Family(
        "llama4_text",
        {
            **_WIDE,
            "intermediate_size_mlp": 48,
            "num_local_experts": 4,
            "attention_chunk_size": WINDOW,
            "attn_temperature_tuning": True,
            "floor_scale": 200,
            "no_rope_layers": [1, 1, 0],
        },
        "Llama 4 (text)",
        "grouped queries, chunks, attention scaled by the position in a pass, experts",
        PROOF,
        refuses={"attribution": _ROWS},
    ),
    "falcon_h1": Family(
        "falcon_h1",
        {**_GROUPED, **_MAMBA, "mamba_d_ssm": 32, "mamba_d_head": 8},
        "Falcon H1",
        "grouped queries, a state space beside attention in every layer",
        PROOF,
        refuses={
            "attribution": _ROWS,
            "knockout": _PASSES,
            "gradient": _NO_KEYS,
        },
    ),
    "diffllama": Family(
        "diffllama",
        _GROUPED,
        "DiffLlama",
        "differences of two patterns, grouped queries",
        PROOF,
        True,
        {"direct": _PROJECTED},
    ),
    "doge": Family(
        "doge",
        _GROUPED,
        "Doge",
        "grouped queries, attention masked by what values say",
        "this architecture's code does not take shared tokens",
        True,
        {"attribution": _ROWS, "knockout": _MASKS},
    ),
    "gpt_neox_japanese": Family(
        "gpt_neox_japanese", _PLAIN, "GPT-NeoX Japanese", "rotary positions", OWN_WAY, alone=True
    ),
}
"""Those whose attention is read."""

_AHEAD = "looks at tokens that come after the one it reads. Only causal models can be measured."
_UNKNOWN = "TransformerLens"
_LINEAR = {
    "linear_num_key_heads": 2,
    "linear_num_value_heads": 2,
    "linear_key_head_dim": 8,
    "linear_value_head_dim": 8,
}
_LINEAR_TWICE = {"layer_types": ["linear_attention", "linear_attention", "full_attention"]}
_SHORT = {"num_hidden_layers": 2, "hidden_size": 32}


def _attends(family: Family, layers: int, attending: int, instead: str) -> Refused:
    words = (
        f"has {layers} layers and shows the attention of {attending}; the others mix tokens in another way (a state space, a "
        "convolution, linear attention). Only models in which every layer attends can be measured."
    )
    return Refused(family, instead, words)


REFUSED: dict[str, Refused] = {
    "mamba": _attends(Family("mamba", {**_SHORT, "state_size": 8}, "Mamba"), 2, 0, "a state space in every layer"),
    "mamba2": _attends(
        Family(
            "mamba2",
            {**_SHORT, "num_heads": 4, "head_dim": 16, "state_size": 8, "n_groups": 1, "chunk_size": 8},
            "Mamba 2, Codestral Mamba",
        ),
        2,
        0,
        "a state space in every layer",
    ),
    "falcon_mamba": _attends(
        Family("falcon_mamba", {**_SHORT, "state_size": 8}, "Falcon Mamba"), 2, 0, "a state space in every layer"
    ),
    "rwkv": _attends(
        Family("rwkv", {**_SHORT, "attention_hidden_size": 32, "intermediate_size": 48}, "RWKV 4"),
        2,
        0,
        "a recurrence in every layer",
    ),
    "jamba": _attends(
        Family(
            "jamba",
            {
                **_GROUPED,
                "num_experts": 2,
                "num_experts_per_tok": 1,
                "attn_layer_period": 2,
                "attn_layer_offset": 1,
                "use_mamba_kernels": False,
                "mamba_d_state": 8,
                "mamba_dt_rank": 4,
            },
            "Jamba",
        ),
        3,
        1,
        "a state space in some layers",
    ),
    "bamba": _attends(
        Family("bamba", {**_GROUPED, **_MAMBA, "attn_layer_indices": [1]}, "Bamba"),
        3,
        1,
        "a state space in some layers",
    ),
    "zamba2": _attends(
        Family(
            "zamba2",
            {
                **_GROUPED,
                "mamba_d_state": 8,
                "n_mamba_heads": 4,
                "mamba_headdim": 16,
                "layers_block_type": ["mamba", "hybrid", "mamba"],
                "num_mem_blocks": 1,
                "chunk_size": 8,
            },
            "Zamba 2",
        ),
        3,
        1,
        "a state space in some layers",
    ),
    "nemotron_h": _attends(
        Family(
            "nemotron_h",
            {
                **_WIDE,
                **_ROUTED,
                "layers_block_type": ["mamba", "attention", "moe"],
                "ssm_state_size": 8,
                "mamba_num_heads": 4,
                "mamba_head_dim": 16,
                "chunk_size": 8,
                "moe_shared_expert_intermediate_size": 16,
                "n_groups": 1,
            },
            "Nemotron H, Nemotron 3",
        ),
        3,
        1,
        "a state space, or no mixing at all, in some layers",
    ),
    "granitemoehybrid": _attends(
        Family(
            "granitemoehybrid",
            {
                **_GRANITE,
                **_LOCAL_EXPERTS,
                **_MAMBA,
                "shared_intermediate_size": 16,
                "layer_types": ["mamba", "attention", "mamba"],
            },
            "Granite 4 (hybrid)",
        ),
        3,
        1,
        "a state space in some layers",
    ),
    "recurrent_gemma": _attends(
        Family(
            "recurrent_gemma",
            {
                **_GROUPED,
                "num_key_value_heads": 1,
                "head_dim": 8,
                "attention_window_size": 8,
                "lru_width": 32,
                "block_types": ["recurrent", "recurrent", "attention"],
            },
            "RecurrentGemma",
        ),
        3,
        1,
        "a recurrence in some layers",
    ),
    "qwen3_next": _attends(
        Family(
            "qwen3_next",
            {**_WIDE, **_LINEAR, **_LINEAR_TWICE, **_EXPERTS, "shared_expert_intermediate_size": 16},
            "Qwen3-Next",
        ),
        3,
        1,
        "linear attention in some layers",
    ),
    "qwen3_5": _attends(
        Family("qwen3_5_text", {**_WIDE, **_LINEAR, **_LINEAR_TWICE}, "Qwen 3.5"),
        3,
        1,
        "linear attention in some layers",
    ),
    "olmo_hybrid": _attends(
        Family("olmo_hybrid", {**_GROUPED, **_LINEAR_TWICE}, "OLMo Hybrid"), 3, 1, "linear attention in some layers"
    ),
    "minimax": _attends(
        Family(
            "minimax",
            {
                **_WIDE,
                **_LOCAL_EXPERTS,
                "layer_types": ["linear_attention", "full_attention", "linear_attention"],
            },
            "MiniMax-Text-01, MiniMax M1",
        ),
        3,
        1,
        "linear attention in some layers",
    ),
    "lfm2": _attends(
        Family("lfm2", {**_GROUPED, "layer_types": ["conv", "full_attention", "conv"]}, "LFM 2"),
        3,
        1,
        "convolutions in some layers",
    ),
    "lfm2_moe": _attends(
        Family(
            "lfm2_moe",
            {**_GROUPED, **_EXPERTS, "layer_types": ["conv", "full_attention", "conv"], "num_dense_layers": 1},
            "LFM 2 MoE",
        ),
        3,
        1,
        "convolutions in some layers",
    ),
    "bert": Refused(Family("bert", {**_PLAIN, "is_decoder": False}, "BERT"), "attention to later tokens", _AHEAD),
    "roberta": Refused(Family("roberta", _PLAIN, "RoBERTa"), "attention to later tokens", _AHEAD),
    "xlnet": Refused(
        Family("xlnet", {"d_model": 32, "n_layer": 2, "n_head": 4, "d_inner": 48}, "XLNet"),
        "attention to later tokens",
        _AHEAD,
    ),
    "falcon with groups": Refused(
        Family(
            "falcon",
            {**_PLAIN, "alibi": False, "new_decoder_architecture": True, "num_kv_heads": 2},
            "Falcon 40B, 180B and 2",
        ),
        "attention outside transformers' interface, with grouped queries, which TransformerLens does not expect",
        _UNKNOWN,
    ),
}
"""Those that no way can read."""
