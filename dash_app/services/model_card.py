"""The model card of what is in force, and the figures of its charts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dash_app.champion import Serving
from dash_app.security.rights import Action, User, authorise
from model.card import Card, model_card


@dataclass(frozen=True, slots=True)
class CardInForce:
    """The card and what its charts draw.

    Attributes
    ----------
    card : in one language
    evaluation : of the bundle, out of fold
    cutoff, cost_fn, cost_fp : of the policy in force
    """

    card: Card
    evaluation: Mapping[str, Any]
    cutoff: float
    cost_fn: float
    cost_fp: float


def read_card(user: User, serving: Serving, *, language: str) -> CardInForce:
    """The card of the model in force under the policy in force.

    Raises
    ------
    UnavailableError : the bundle was made without evaluation figures
    """
    authorise(user, Action.READ_MODEL)
    bundle, policy = serving.bundle, serving.policy
    card = model_card(bundle, language, policy=policy, fictional=serving.fictional)
    return CardInForce(card, bundle.evaluation, policy.cutoff, policy.cost_fn, policy.cost_fp)
