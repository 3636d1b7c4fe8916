"""The application: who the clients are, what they ask for, and whether they will default."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from model.tables import SENTINEL_DAYS
from training.portfolio import marginals as m
from training.portfolio.draws import Columns, Draws, Floats, Ints, Text, instalment, sigmoid

DEFAULT_RATE = 0.0807

RISK_WEIGHT = 1.7
"""Log-odds of default for one standard deviation of the latent risk."""

EFFORT_WEIGHT = 0.16
GOODS_WEIGHT = 0.16
"""Log-odds for one standard deviation of the effort rate, of the credit beyond the price of the goods."""

_TERMS = np.array([12, 18, 24, 30, 36, 48, 60, 72, 84, 96, 120])
_TERM_EDGES = np.array([-1.9, -1.5, -1.05, -0.75, -0.2, 0.25, 0.75, 1.1, 1.6, 2.0])


@dataclass(frozen=True, slots=True)
class Clients:
    """Clients of a block: what the other tables need to know about them.

    Attributes
    ----------
    ids : SK_ID_CURR, ascending
    risk : latent risk, standard normal
    discipline : how little the client cares for dates, standard normal, correlated with risk
    means : standard normal score of the income
    income : yearly income
    known : whether a credit bureau knows the client
    """

    ids: Ints
    risk: Floats
    discipline: Floats
    means: Floats
    income: Floats
    known: np.ndarray

    def __len__(self) -> int:
        return len(self.ids)


def make_people(ids: Ints, seed: int, block: int) -> tuple[Clients, Columns]:
    """Draw clients and their application, TARGET included.

    Parameters
    ----------
    ids : SK_ID_CURR of the block
    seed, block : what the draws depend on, besides the number of ids
    """
    draws = Draws(seed, block, 1)
    n = len(ids)
    risk = draws.normal(n)
    columns: Columns = {"SK_ID_CURR": ids}
    youth = draws.signal(risk, 0.17)
    means = _person(draws, columns, risk, youth)
    income = np.asarray(columns["AMT_INCOME_TOTAL"], dtype=np.float64)
    goods_score, effort = _loan(draws, columns, risk, means, income)
    known = ~draws.happens(0.135, n)
    _scores(draws, columns, risk, youth, known)
    _contacts_and_region(draws, columns, risk)
    _building(draws, columns, risk)
    _circle_documents_enquiries(draws, columns, risk, known)
    log_odds = _intercept() + RISK_WEIGHT * risk + GOODS_WEIGHT * goods_score + EFFORT_WEIGHT * effort
    columns["TARGET"] = draws.happens(sigmoid(log_odds), n).astype(np.int64)
    return Clients(ids, risk, draws.signal(risk, 0.56), means, income, known), columns


@cache
def _intercept() -> float:
    """Constant of the log-odds that gives `DEFAULT_RATE` over the portfolio."""
    # Effort and goods lean a little with the risk themselves.
    loan = EFFORT_WEIGHT + GOODS_WEIGHT
    spread = np.sqrt(RISK_WEIGHT**2 + EFFORT_WEIGHT**2 + GOODS_WEIGHT**2 + 0.3 * RISK_WEIGHT * loan)
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    weights = weights / weights.sum()
    low, high = -10.0, 0.0
    for _ in range(60):
        middle = (low + high) / 2
        rate = float(weights @ sigmoid(middle + spread * nodes))
        low, high = (middle, high) if rate < DEFAULT_RATE else (low, middle)
    return low


def _person(draws: Draws, columns: Columns, risk: Floats, youth: Floats) -> Floats:
    """Fill who the client is; return the standard normal score of the income."""
    n = len(risk)
    birth = np.round(m.DAYS_BIRTH.at(youth))
    years = -birth / 365.25
    age = -youth
    gender = draws.text(m.GENDER, n, risk)
    male = gender.is_("M")
    education = draws.text(m.EDUCATION, n, risk)
    higher = education.is_("Higher education", "Academic degree")
    retired = draws.happens(0.02 + 0.93 * sigmoid((years - np.where(male, 60.0, 55.5)) / 1.6), n)
    kind = draws.text(m.INCOME_TYPE, n, risk).put(retired, "Pensioner")
    idle = retired | kind.is_("Unemployed")
    family = draws.text(m.FAMILY_STATUS, n, risk, age)
    couple = family.is_("Married", "Civil marriage")
    children = draws.rng.poisson(np.where(years < 48, 0.62, 0.06) * np.where(couple, 1.15, 0.6))
    occupation = draws.text(m.OCCUPATION, n, risk, higher.astype(float))
    occupation = occupation.put(idle | draws.happens(0.158, n), None)
    organization = draws.text(m.ORGANIZATION, n, risk).put(idle, "XNA")
    car = draws.happens(np.where(male, 0.5, 0.25) * np.where(retired, 0.6, 1.07) * np.exp(-0.1 * risk), n)

    means = (
        0.55 * higher
        + 0.3 * male
        + 0.35 * occupation.is_("Managers")
        - 0.5 * retired
        - 0.13
        + draws.signal(risk, -0.16) * 0.88
    )
    income = np.clip(np.round(np.exp(np.log(26_400) + 0.41 * means), -2), 9_600, 450_000)

    employed = -np.minimum(-m.DAYS_EMPLOYED.at(draws.signal(risk, 0.24)), 365.25 * (years - 18) * 0.95)
    columns |= {
        "CODE_GENDER": gender,
        "FLAG_OWN_CAR": _yes_no(car),
        "FLAG_OWN_REALTY": _yes_no(draws.happens(0.693, n)),
        "CNT_CHILDREN": children,
        "AMT_INCOME_TOTAL": income,
        "NAME_TYPE_SUITE": draws.text(m.SUITE, n).put(draws.happens(0.0042, n), None),
        "NAME_INCOME_TYPE": kind,
        "NAME_EDUCATION_TYPE": education,
        "NAME_FAMILY_STATUS": family,
        "NAME_HOUSING_TYPE": draws.text(m.HOUSING, n, risk, age),
        "DAYS_BIRTH": birth,
        "DAYS_EMPLOYED": np.where(idle, SENTINEL_DAYS, np.minimum(np.round(employed), -1)),
        "DAYS_REGISTRATION": np.round(np.maximum(m.DAYS_REGISTRATION.at(draws.signal(risk, 0.08)), birth)),
        "DAYS_ID_PUBLISH": np.round(
            np.maximum(m.DAYS_ID_PUBLISH.at(draws.signal(risk, 0.15)), birth + 14 * 365)
        ),
        "DAYS_LAST_PHONE_CHANGE": np.round(m.DAYS_LAST_PHONE_CHANGE.at(draws.signal(risk, 0.14))),
        "OWN_CAR_AGE": np.where(car, np.round(m.OWN_CAR_AGE.at(draws.signal(risk, 0.15))), np.nan),
        "FLAG_EMP_PHONE": (~idle).astype(np.int64),
        "OCCUPATION_TYPE": occupation,
        "ORGANIZATION_TYPE": organization,
        "CNT_FAM_MEMBERS": children + 1 + couple,
    }
    return means


def _yes_no(flags: np.ndarray) -> Text:
    return Text(flags.astype(np.int64), ("N", "Y"))


def _loan(
    draws: Draws, columns: Columns, risk: Floats, means: Floats, income: Floats
) -> tuple[Floats, Floats]:
    """Fill the loan asked for; return the normal scores of credit/goods and of the effort rate.

    AMT_ANNUITY is what is to be repaid within a year, so that it compares with a yearly income.
    """
    n = len(risk)
    kind = draws.text(m.CONTRACT_TYPE, n, risk)
    revolving = kind.is_("Revolving loans")
    size = 0.48 * means + 0.86 * draws.normal(n)
    goods = np.exp(np.log(np.where(revolving, 5_200, 14_200)) + 0.64 * size)
    goods_score = draws.signal(risk, 0.1)
    markup = np.where(revolving, 1.0, m.CREDIT_TO_GOODS.at(goods_score))
    months = _TERMS[np.searchsorted(_TERM_EDGES, 0.65 * size + 0.76 * draws.normal(n))].astype(float)
    rate = np.clip(0.085 + 0.028 * draws.signal(risk, 0.2), 0.02, 0.2)
    yearly = 12 * instalment(markup, rate, months)  # for one euro of goods
    goods = np.minimum(goods, 0.6 * income / yearly)
    step = np.where(goods < 5_000, 50, 100)
    goods = np.clip(np.round(goods / step) * step, 2_000, 50_000)
    credit = np.minimum(np.round(goods * markup, 2), 80_000)
    annuity = np.round(np.where(revolving, 0.3 * credit, credit * yearly / markup), 2)
    effort = np.log(annuity / income)
    columns |= {
        "NAME_CONTRACT_TYPE": kind,
        "AMT_CREDIT": credit,
        "AMT_ANNUITY": draws.missing(annuity, 0.00004),
        "AMT_GOODS_PRICE": draws.missing(goods, np.where(revolving, 0.01, 0.0)),
    }
    return np.where(revolving, 0.0, goods_score), np.clip((effort + 1.79) / 0.62, -3, 3)


def _scores(draws: Draws, columns: Columns, risk: Floats, youth: Floats, known: np.ndarray) -> None:
    n = len(risk)
    first = -0.42 * risk - 0.42 * youth + 0.78 * draws.normal(n)
    columns["EXT_SOURCE_1"] = draws.missing(np.round(m.EXT_SOURCE_1.at(first), 6), 0.564)
    second = np.round(m.EXT_SOURCE_2.at(draws.signal(risk, -0.43)), 6)
    columns["EXT_SOURCE_2"] = draws.missing(second, 0.002)
    third = np.round(m.EXT_SOURCE_3.at(draws.signal(risk, -0.47)), 6)
    columns["EXT_SOURCE_3"] = draws.missing(third, np.where(known, 0.075, 1.0))


def _contacts_and_region(draws: Draws, columns: Columns, risk: Floats) -> None:
    n = len(risk)
    rating = draws.text(m.REGION_RATING, n, risk).codes + 1
    crowded = -0.7 * (rating - 2) + 0.9 * draws.normal(n)
    # Regions are few: their population takes about eighty values.
    population = m.REGION_POPULATION.at(np.round(crowded * 16) / 16)
    away = 0.25 * risk
    lives_elsewhere = draws.happens(0.076 * np.exp(away), n)
    works_elsewhere = draws.happens(np.where(lives_elsewhere, 0.75, 0.19) * np.exp(away / 4), n)
    commutes = np.where(lives_elsewhere, draws.happens(0.3, n), works_elsewhere & draws.happens(0.85, n))
    columns |= {
        "FLAG_MOBIL": np.ones(n, dtype=np.int64),
        "FLAG_WORK_PHONE": draws.happens(0.199 * np.exp(0.05 * risk), n).astype(np.int64),
        "FLAG_CONT_MOBILE": draws.happens(0.998, n).astype(np.int64),
        "FLAG_PHONE": draws.happens(0.281 * np.exp(-0.06 * risk), n).astype(np.int64),
        "FLAG_EMAIL": draws.happens(0.0567, n).astype(np.int64),
        "REGION_POPULATION_RELATIVE": np.round(population, 6),
        "REGION_RATING_CLIENT": rating,
        "REGION_RATING_CLIENT_W_CITY": np.where(draws.happens(0.03, n), 2, rating),
        "WEEKDAY_APPR_PROCESS_START": draws.text(m.WEEKDAY, n),
        "HOUR_APPR_PROCESS_START": np.clip(np.round(12.1 + 3.27 * draws.normal(n)), 0, 23),
        "REG_REGION_NOT_LIVE_REGION": (lives_elsewhere & draws.happens(0.19, n)).astype(np.int64),
        "REG_REGION_NOT_WORK_REGION": (works_elsewhere & draws.happens(0.22, n)).astype(np.int64),
        "LIVE_REGION_NOT_WORK_REGION": (commutes & draws.happens(0.22, n)).astype(np.int64),
        "REG_CITY_NOT_LIVE_CITY": lives_elsewhere.astype(np.int64),
        "REG_CITY_NOT_WORK_CITY": works_elsewhere.astype(np.int64),
        "LIVE_CITY_NOT_WORK_CITY": commutes.astype(np.int64),
    }


def _building(draws: Draws, columns: Columns, risk: Floats) -> None:
    n = len(risk)
    described = draws.happens(m.HAS_BUILDING * np.exp(-0.05 * risk), n)
    standing = draws.normal(n)
    for stem, (missing, distribution) in m.BUILDING.items():
        absent = ~described | draws.happens(_among(missing), n)
        average = distribution.at(0.75 * standing + 0.66 * draws.normal(n))
        for suffix, changed in (("AVG", 0.0), ("MODE", 0.4), ("MEDI", 0.15)):
            other = np.clip(average * (1 + 0.04 * draws.normal(n)), 0, 1)
            value = np.where(draws.happens(changed, n), other, average)
            columns[f"{stem}_{suffix}"] = np.where(absent, np.nan, np.round(value, 4))
    missing, distribution = m.TOTALAREA
    area = np.round(distribution.at(0.8 * standing + 0.6 * draws.normal(n)), 4)
    columns["TOTALAREA_MODE"] = np.where(~described | draws.happens(_among(missing), n), np.nan, area)
    for name, (missing, table) in m.BUILDING_TEXT.items():
        absent = ~described | draws.happens(_among(missing), n)
        columns[name] = draws.text(table, n).put(absent, None)


def _among(missing: float) -> float:
    """Share missing among the described buildings, from the share missing in all."""
    return 1 - (1 - missing) / m.HAS_BUILDING


def _circle_documents_enquiries(draws: Draws, columns: Columns, risk: Floats, known: np.ndarray) -> None:
    n = len(risk)
    observed = draws.rng.poisson(draws.rng.gamma(0.45, 1.42 / 0.45, n))
    defaults = draws.rng.binomial(observed, np.clip(0.1 * np.exp(0.2 * risk), 0, 0.6))
    recent = defaults - draws.rng.binomial(defaults, 0.3)
    unknown = np.where(draws.happens(0.0033, n), np.nan, 0)
    columns |= {
        "OBS_30_CNT_SOCIAL_CIRCLE": observed + unknown,
        "DEF_30_CNT_SOCIAL_CIRCLE": defaults + unknown,
        "OBS_60_CNT_SOCIAL_CIRCLE": np.maximum(observed - draws.happens(0.02, n), recent) + unknown,
        "DEF_60_CNT_SOCIAL_CIRCLE": recent + unknown,
    }
    given = draws.uniform(n)
    for number, share in m.DOCUMENTS.items():
        if number == 3:
            flag = given < share
        elif number == 6:
            flag = (given >= m.DOCUMENTS[3]) & (given < m.DOCUMENTS[3] + share)
        elif number == 8:
            flag = given >= 1 - share
        else:
            flag = draws.happens(share, n)
        columns[f"FLAG_DOCUMENT_{number}"] = flag.astype(np.int64)
    enquiries = np.exp(0.16 * risk)
    unasked = np.where(known, 0.0, np.nan)
    for period, mean in (("HOUR", 0.0065), ("DAY", 0.007), ("WEEK", 0.034), ("MON", 0.26), ("QRT", 0.26)):
        columns[f"AMT_REQ_CREDIT_BUREAU_{period}"] = draws.rng.poisson(mean * enquiries, n) + unasked
    yearly = draws.rng.poisson(draws.rng.gamma(2.2, 1.85 / 2.2, n) * enquiries)
    columns["AMT_REQ_CREDIT_BUREAU_YEAR"] = yearly + unasked
