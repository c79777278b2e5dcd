"""The card of a model: what it is, what it learned from and how well it reads, for people."""

from __future__ import annotations

from htrtool.core.counted import counted
from htrtool.core.modelfile import ModelInfo


def card(info: ModelInfo, epochs: list[dict]) -> str:
    """Return the card of a freshly trained model as Markdown."""
    training, scores = info.training, info.scores
    parts = [
        f"# {info.name}",
        "A model for `htr read`, trained with `htr train`.",
        "\n".join(
            [
                f"- Network: `{info.spec}`, {training['parameters']:,} parameters, lines {info.recipe.height} px high",
                f"- Characters ({len(info.charset.characters)}): `` {''.join(info.charset.characters).strip()} ``{' and space' * (' ' in info.charset)}",
                "- Preparation: " + ", ".join(f"{step} {value}" for step, value in info.recipe.to_json().items()),
                f"- Trained on {counted(training['lines'], 'line')} of {counted(training['documents'], 'document')}: "
                + ", ".join(f"{name} ({count:,})" for name, count in training["sources"].items())
                + (f"; {counted(training['replayed'], 'line')} in other hands shown again" if training.get("replayed") else ""),
                f"- {counted(training['epochs'], 'epoch')}, {counted(round(training['seconds'] / 60), 'minute')}, seed {training['seed']}"
                + (f", from {training['from']}" if training.get("from") else ""),
                *([f"- Weights: {training['weights']}"] if training.get("weights") else []),
                f"- Licence: {info.licence or 'not stated'}",
            ]
        ),
    ]
    if scores:
        used = f" (also used {' and '.join(scores['used'])})" if scores.get("used") else ""
        shared = f", of {scores['trained_on_too']:,} of which other lines were trained on" if scores.get("trained_on_too") else ""
        before = ", with its weights in 32 bits" * bool(training.get("weights"))
        parts.append(
            f"On {counted(scores['lines'], 'line')} of {counted(scores['documents'], 'document')} kept aside{used}{shared}{before}: "
            f"CER {scores['cer']:.1%}, WER {scores['wer']:.1%}."
        )
    if epochs:
        columns = list(epochs[0])
        rows = ["| " + " | ".join(columns) + " |", "|" + " ---: |" * len(columns)]
        rows += ["| " + " | ".join(str(row.get(column, "")) for column in columns) + " |" for row in epochs]
        parts.append("## Epochs\n\n" + "\n".join(rows))
    return "\n\n".join(parts) + "\n"
