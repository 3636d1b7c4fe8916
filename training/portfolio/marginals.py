"""Shares and quantiles that the fictional portfolio is drawn from.

Shares of categories, shares of missing values and quantiles are aggregates of the public
archive, rounded; no row of it is here. Amounts are those of a lender in euros and were
chosen, not measured.
"""

from __future__ import annotations

from training.portfolio.draws import choice, marginal

# --- application: people -------------------------------------------------------------------
DAYS_BIRTH = marginal(
    [-24700, -23100, -22100, -20300, -18800, -17200, -15800, -14500, -13200, -11800, -10200, -9360, -8040],
    -25200,
    -7500,
)
DAYS_EMPLOYED = marginal(
    [-11900, -7360, -5360, -3700, -2810, -2150, -1660, -1250, -903, -590, -328, -207, -96], -16500, -20
)
DAYS_REGISTRATION = marginal(
    [-14500, -11500, -9980, -8170, -6760, -5510, -4540, -3520, -2520, -1460, -688, -319, -27], -21000, 0
)
DAYS_ID_PUBLISH = marginal(
    [-5730, -4960, -4730, -4430, -4190, -3880, -3200, -2560, -1960, -1340, -719, -348, -28], -6300, 0
)
DAYS_LAST_PHONE_CHANGE = marginal(
    [-3300, -2500, -2140, -1710, -1420, -1070, -748, -549, -358, -151, 0, 0, 0], -3900, 0
)
OWN_CAR_AGE = marginal([0, 1, 2, 3, 6, 7, 9, 11, 14, 16, 22, 27, 60], 0, 65)
REGION_POPULATION = marginal(
    [0.002, 0.005, 0.0067, 0.0091, 0.0106, 0.0166, 0.0188, 0.0207, 0.0252, 0.0308, 0.0358, 0.0462, 0.0725],
    0.0005,
    0.0725,
)
EXT_SOURCE_1 = marginal(
    [0.069, 0.154, 0.22, 0.295, 0.374, 0.446, 0.512, 0.576, 0.644, 0.711, 0.78, 0.833, 0.9], 0.015, 0.95
)
EXT_SOURCE_2 = marginal(
    [0.016, 0.138, 0.223, 0.338, 0.437, 0.51, 0.566, 0.607, 0.646, 0.682, 0.721, 0.747, 0.79], 0.0003, 0.855
)
EXT_SOURCE_3 = marginal(
    [0.03, 0.15, 0.224, 0.33, 0.41, 0.474, 0.53, 0.59, 0.645, 0.696, 0.751, 0.79, 0.848], 0.0005, 0.89
)

# Leanings: risk, then (where there is a second) higher education or age.
GENDER = choice({"F": (0.66, 0.0), "M": (0.34, 0.2), "XNA": (0.00001, 0.0)})
INCOME_TYPE = choice(
    {
        "Working": (0.63, 0.10),
        "Commercial associate": (0.28, -0.06),
        "State servant": (0.086, -0.35),
        "Unemployed": (0.0004, 0.8),
        "Student": (0.0002, 0.0),
        "Businessman": (0.0001, 0.0),
        "Maternity leave": (0.0001, 0.3),
    }
)
EDUCATION = choice(
    {
        "Secondary / secondary special": (0.71, 0.06),
        "Higher education": (0.243, -0.34),
        "Incomplete higher": (0.034, 0.05),
        "Lower secondary": (0.0124, 0.25),
        "Academic degree": (0.0006, -0.6),
    }
)
FAMILY_STATUS = choice(
    {
        "Married": (0.638, -0.05, 0.15),
        "Single / not married": (0.148, 0.08, -0.6),
        "Civil marriage": (0.097, 0.1, -0.2),
        "Separated": (0.064, 0.02, 0.2),
        "Widow": (0.035, -0.05, 1.0),
        "Unknown": (0.00001, 0.0, 0.0),
    }
)
HOUSING = choice(
    {
        "House / apartment": (0.887, -0.03, 0.1),
        "With parents": (0.048, 0.12, -0.9),
        "Municipal apartment": (0.036, 0.05, 0.15),
        "Rented apartment": (0.016, 0.25, -0.4),
        "Office apartment": (0.0085, 0.0, 0.0),
        "Co-op apartment": (0.0036, 0.0, 0.0),
    }
)
OCCUPATION = choice(
    {
        "Laborers": (0.262, 0.12, -1.1),
        "Sales staff": (0.152, 0.08, -0.3),
        "Core staff": (0.13, -0.18, 0.6),
        "Managers": (0.101, -0.18, 0.9),
        "Drivers": (0.088, 0.18, -0.9),
        "High skill tech staff": (0.054, -0.16, 0.8),
        "Accountants": (0.047, -0.3, 1.0),
        "Medicine staff": (0.04, -0.12, 0.3),
        "Security staff": (0.032, 0.16, -0.6),
        "Cooking staff": (0.028, 0.16, -0.9),
        "Cleaning staff": (0.022, 0.12, -1.2),
        "Private service staff": (0.0126, -0.1, 0.1),
        "Low-skill Laborers": (0.01, 0.45, -1.4),
        "Waiters/barmen staff": (0.0064, 0.2, -0.4),
        "Secretaries": (0.0062, -0.1, 0.3),
        "Realty agents": (0.0036, 0.0, 0.5),
        "HR staff": (0.0027, -0.15, 1.2),
        "IT staff": (0.0025, -0.15, 1.2),
    }
)
ORGANIZATION = choice(
    {
        "Business Entity Type 3": (0.27, 0.06),
        "Self-employed": (0.153, 0.12),
        "Other": (0.066, -0.04),
        "Medicine": (0.045, -0.12),
        "Business Entity Type 2": (0.042, 0.02),
        "Government": (0.041, -0.1),
        "School": (0.036, -0.25),
        "Trade: type 7": (0.031, 0.1),
        "Kindergarten": (0.028, -0.08),
        "Construction": (0.027, 0.25),
        "Business Entity Type 1": (0.024, 0.0),
        "Transport: type 4": (0.0215, 0.1),
        "Trade: type 3": (0.014, 0.15),
        "Industry: type 9": (0.0135, -0.12),
        "Industry: type 3": (0.013, 0.16),
        "Security": (0.013, 0.12),
        "Housing": (0.0118, -0.03),
        "Industry: type 11": (0.011, 0.04),
        "Military": (0.0105, -0.3),
        "Bank": (0.01, -0.3),
        "Agriculture": (0.0098, 0.16),
        "Police": (0.0093, -0.35),
        "Transport: type 2": (0.0088, -0.02),
        "Postal": (0.0086, 0.04),
        "Security Ministries": (0.0079, -0.35),
        "Trade: type 2": (0.0076, -0.1),
        "Restaurant": (0.0072, 0.25),
        "Services": (0.0063, -0.16),
        "University": (0.0053, -0.4),
        "Industry: type 7": (0.0052, 0.0),
        "Transport: type 3": (0.0047, 0.5),
        "Industry: type 1": (0.0041, 0.2),
        "Hotel": (0.0038, -0.16),
        "Electricity": (0.0038, -0.16),
        "Industry: type 4": (0.0035, 0.16),
        "Trade: type 6": (0.0025, -0.4),
        "Industry: type 5": (0.0024, -0.12),
        "Insurance": (0.0024, -0.3),
        "Telecom": (0.0023, -0.04),
        "Emergency": (0.0022, -0.12),
        "Industry: type 2": (0.0018, -0.1),
        "Advertising": (0.0017, 0.0),
        "Realtor": (0.0016, 0.2),
        "Culture": (0.0015, -0.3),
        "Industry: type 12": (0.0014, -0.45),
        "Trade: type 1": (0.0014, 0.1),
        "Mobile": (0.0013, 0.12),
        "Legal Services": (0.0012, -0.04),
        "Cleaning": (0.001, 0.35),
        "Transport: type 1": (0.0008, -0.5),
        "Industry: type 6": (0.0004, -0.1),
        "Industry: type 10": (0.0004, -0.2),
        "Religion": (0.0003, -0.3),
        "Industry: type 13": (0.0003, 0.4),
        "Trade: type 4": (0.0003, -0.6),
        "Trade: type 5": (0.0002, -0.3),
        "Industry: type 8": (0.0001, 0.4),
    }
)
SUITE = choice(
    {
        "Unaccompanied": 0.811,
        "Family": 0.131,
        "Spouse, partner": 0.037,
        "Children": 0.0107,
        "Other_B": 0.0058,
        "Other_A": 0.0028,
        "Group of people": 0.0009,
    }
)
PREVIOUS_SUITE = choice(
    {
        "Unaccompanied": 0.61,
        "Family": 0.246,
        "Spouse, partner": 0.076,
        "Children": 0.0356,
        "Other_B": 0.021,
        "Other_A": 0.01,
        "Group of people": 0.0026,
    }
)
WEEKDAY = choice(
    {
        "MONDAY": 0.165,
        "TUESDAY": 0.175,
        "WEDNESDAY": 0.168,
        "THURSDAY": 0.164,
        "FRIDAY": 0.164,
        "SATURDAY": 0.11,
        "SUNDAY": 0.054,
    }
)
CONTRACT_TYPE = choice({"Cash loans": (0.905, 0.0), "Revolving loans": (0.095, -0.3)})
REGION_RATING = choice({"1": (0.105, -0.3), "2": (0.738, 0.0), "3": (0.157, 0.2)})

DOCUMENTS = {
    2: 0.00004,
    3: 0.71,
    4: 0.00008,
    5: 0.0151,
    6: 0.088,
    7: 0.0002,
    8: 0.0813,
    9: 0.0039,
    10: 0.00002,
    11: 0.0039,
    12: 0.00001,
    13: 0.0035,
    14: 0.0029,
    15: 0.0012,
    16: 0.0099,
    17: 0.0003,
    18: 0.0081,
    19: 0.0006,
    20: 0.0005,
    21: 0.0003,
}
"""Share of clients who gave each document; 3, 6 and 8 hardly go together."""

CREDIT_TO_GOODS = marginal([1.0, 1.0, 1.0, 1.0, 1.04, 1.1, 1.13, 1.16, 1.19, 1.21, 1.3, 1.38, 1.5], 1.0, 1.55)

# --- application: building (average of the client's building, normalised) --------------------
HAS_BUILDING = 0.545
"""Share of clients whose building is described at all."""

BUILDING = {
    "APARTMENTS": (
        0.507,
        marginal(
            [0.0006, 0.009, 0.019, 0.045, 0.063, 0.077, 0.087, 0.103, 0.125, 0.166, 0.243, 0.338, 0.628],
            0.0,
            1.0,
        ),
    ),
    "BASEMENTAREA": (
        0.585,
        marginal([0, 0, 0, 0.033, 0.053, 0.064, 0.076, 0.086, 0.103, 0.126, 0.176, 0.231, 0.452], 0.0, 1.0),
    ),
    "YEARS_BEGINEXPLUATATION": (
        0.488,
        marginal(
            [0.935, 0.969, 0.973, 0.976, 0.978, 0.98, 0.982, 0.984, 0.986, 0.988, 0.991, 0.996, 0.999],
            0.4,
            1.0,
        ),
    ),
    "YEARS_BUILD": (
        0.665,
        marginal(
            [0.314, 0.592, 0.633, 0.667, 0.701, 0.728, 0.755, 0.782, 0.81, 0.83, 0.878, 0.946, 0.986],
            0.05,
            1.0,
        ),
    ),
    "COMMONAREA": (
        0.699,
        marginal(
            [0, 0, 0, 0.0045, 0.0086, 0.0128, 0.0187, 0.0277, 0.04, 0.06, 0.109, 0.167, 0.479], 0.0, 1.0
        ),
    ),
    "ELEVATORS": (0.533, marginal([0, 0, 0, 0, 0, 0, 0, 0, 0.08, 0.16, 0.24, 0.36, 0.68], 0.0, 1.0)),
    "ENTRANCES": (
        0.503,
        marginal(
            [0.0345, 0.0345, 0.047, 0.069, 0.103, 0.103, 0.138, 0.138, 0.172, 0.207, 0.276, 0.328, 0.621],
            0.0,
            1.0,
        ),
    ),
    "FLOORSMAX": (
        0.498,
        marginal(
            [0, 0.042, 0.042, 0.125, 0.167, 0.167, 0.167, 0.167, 0.333, 0.333, 0.375, 0.542, 0.812], 0.0, 1.0
        ),
    ),
    "FLOORSMIN": (
        0.678,
        marginal(
            [0, 0.042, 0.042, 0.083, 0.167, 0.208, 0.208, 0.208, 0.333, 0.375, 0.417, 0.517, 0.708], 0.0, 1.0
        ),
    ),
    "LANDAREA": (
        0.594,
        marginal([0, 0, 0, 0.014, 0.0235, 0.036, 0.048, 0.06, 0.078, 0.101, 0.145, 0.201, 0.504], 0.0, 1.0),
    ),
    "LIVINGAPARTMENTS": (
        0.684,
        marginal(
            [0, 0.01, 0.02, 0.044, 0.0555, 0.066, 0.075, 0.088, 0.103, 0.137, 0.212, 0.296, 0.511], 0.0, 1.0
        ),
    ),
    "LIVINGAREA": (
        0.502,
        marginal(
            [0.001, 0.0085, 0.015, 0.039, 0.053, 0.064, 0.075, 0.089, 0.112, 0.153, 0.24, 0.329, 0.711],
            0.0,
            1.0,
        ),
    ),
    "NONLIVINGAPARTMENTS": (
        0.694,
        marginal([0, 0, 0, 0, 0, 0, 0, 0.0019, 0.0039, 0.0077, 0.0154, 0.031, 0.198], 0.0, 1.0),
    ),
    "NONLIVINGAREA": (
        0.552,
        marginal([0, 0, 0, 0, 0, 0, 0.0038, 0.0085, 0.019, 0.037, 0.0815, 0.126, 0.404], 0.0, 1.0),
    ),
}
"""Column stem: share missing, distribution."""

TOTALAREA = (
    0.483,
    marginal(
        [0.0013, 0.007, 0.013, 0.035, 0.049, 0.057, 0.068, 0.082, 0.104, 0.16, 0.231, 0.305, 0.651], 0.0, 1.0
    ),
)
BUILDING_TEXT = {
    "FONDKAPREMONT_MODE": (
        0.684,
        choice(
            {
                "reg oper account": 0.76,
                "reg oper spec account": 0.124,
                "not specified": 0.058,
                "org spec account": 0.058,
            }
        ),
    ),
    "HOUSETYPE_MODE": (
        0.502,
        choice({"block of flats": 0.982, "specific housing": 0.0098, "terraced house": 0.0079}),
    ),
    "WALLSMATERIAL_MODE": (
        0.508,
        choice(
            {
                "Panel": 0.436,
                "Stone, brick": 0.428,
                "Block": 0.061,
                "Wooden": 0.0355,
                "Mixed": 0.0152,
                "Monolithic": 0.0118,
                "Others": 0.0107,
            }
        ),
    ),
    "EMERGENCYSTATE_MODE": (0.474, choice({"No": 0.9856, "Yes": 0.0144})),
}

# --- bureau ---------------------------------------------------------------------------------
DAYS_CREDIT = marginal(
    [-2890, -2660, -2420, -1840, -1480, -1220, -984, -761, -572, -385, -223, -128, -23], -2922, -1
)
CREDIT_TYPE = choice(
    {
        "Consumer credit": (0.729, 0.0),
        "Credit card": (0.234, 0.02),
        "Car loan": (0.0161, -0.2),
        "Mortgage": (0.0107, -0.3),
        "Microloan": (0.0072, 0.7),
        "Loan for business development": (0.0012, 0.0),
        "Another type of loan": (0.0006, 0.0),
        "Unknown type of loan": (0.0003, 0.0),
        "Loan for working capital replenishment": (0.0003, 0.0),
        "Cash loan (non-earmarked)": (0.0001, 0.0),
        "Real estate loan": (0.00005, 0.0),
        "Loan for the purchase of equipment": (0.00003, 0.0),
    }
)
CURRENCY = choice({"currency 1": 0.9992, "currency 2": 0.0007, "currency 3": 0.0001})
BUREAU_SHAPES = {
    # median amount, spread of its logarithm, terms in days
    "Consumer credit": (3_600.0, 1.05, (90, 180, 270, 365, 365, 730, 1096, 1461, 1826)),
    "Credit card": (1_900.0, 0.95, (730, 1096, 1096, 1461, 1826, 10_957, 31_100)),
    "Car loan": (13_500.0, 0.55, (1096, 1461, 1826, 1826)),
    "Mortgage": (125_000.0, 0.5, (3652, 5479, 5479, 7305, 9131)),
    "Microloan": (450.0, 0.7, (15, 30, 30, 60, 90, 180, 365)),
    "other": (12_000.0, 1.0, (365, 730, 1096, 1826)),
}

# --- previous applications ------------------------------------------------------------------
PREVIOUS_TYPE = choice({"Consumer loans": 0.31, "Cash loans": 0.505, "Revolving loans": 0.185, "XNA": 0.0003})
STATUS = {
    "Consumer loans": choice(
        {
            "Approved": (0.857, -0.06),
            "Refused": (0.105, 0.5),
            "Canceled": (0.002, 0.0),
            "Unused offer": (0.036, 0.05),
        }
    ),
    "Cash loans": choice(
        {
            "Approved": (0.43, -0.1),
            "Refused": (0.225, 0.5),
            "Canceled": (0.364, 0.02),
            "Unused offer": (0.001, 0.0),
        }
    ),
    "Revolving loans": choice({"Approved": (0.6, -0.08), "Refused": (0.19, 0.5), "Canceled": (0.21, 0.02)}),
    "XNA": choice({"Canceled": (1.0, 0.0)}),
}
DAYS_DECISION = {
    "Consumer loans": marginal(
        [-2890, -2710, -2520, -2120, -1740, -1400, -1060, -805, -606, -439, -263, -160, -20], -2922, -2
    ),
    "Cash loans": marginal(
        [-2830, -2390, -1850, -1310, -1070, -910, -774, -669, -539, -406, -272, -186, -31], -2922, -2
    ),
    "Revolving loans": marginal(
        [-2900, -2750, -2550, -1900, -1450, -1080, -800, -610, -470, -365, -250, -180, -25], -2922, -2
    ),
    "Canceled": marginal(
        [-599, -526, -477, -405, -352, -302, -258, -210, -172, -119, -51, -21, -4], -700, -2
    ),
}
CONSUMER_GOODS = choice(
    {
        "Mobile": 0.306,
        "Consumer Electronics": 0.163,
        "Computers": 0.147,
        "Audio/Video": 0.134,
        "Furniture": 0.075,
        "Construction Materials": 0.037,
        "Clothing and Accessories": 0.036,
        "Photo / Cinema Equipment": 0.033,
        "XNA": 0.011,
        "Auto Accessories": 0.011,
        "Jewelry": 0.009,
        "Homewares": 0.008,
        "Medical Supplies": 0.005,
        "Gardening": 0.004,
        "Vehicles": 0.004,
        "Sport and Leisure": 0.004,
        "Office Appliances": 0.003,
        "Other": 0.003,
        "Tourism": 0.003,
        "Medicine": 0.002,
        "Direct Sales": 0.001,
        "Fitness": 0.0005,
        "Education": 0.0003,
        "Weapon": 0.0002,
        "Additional Service": 0.0002,
        "Insurance": 0.0001,
    }
)
INDUSTRY_OF_GOODS = {
    "Mobile": "Connectivity",
    "Consumer Electronics": "Consumer electronics",
    "Computers": "Consumer electronics",
    "Audio/Video": "Consumer electronics",
    "Furniture": "Furniture",
    "Construction Materials": "Construction",
    "Clothing and Accessories": "Clothing",
    "Photo / Cinema Equipment": "Consumer electronics",
    "XNA": "XNA",
    "Auto Accessories": "Auto technology",
    "Jewelry": "Jewelry",
    "Homewares": "Construction",
    "Medical Supplies": "Industry",
    "Gardening": "Construction",
    "Vehicles": "Industry",
    "Sport and Leisure": "Industry",
    "Office Appliances": "Consumer electronics",
    "Other": "Industry",
    "Tourism": "Tourism",
    "Medicine": "Industry",
    "Direct Sales": "MLM partners",
    "Fitness": "Industry",
    "Education": "Industry",
    "Weapon": "Industry",
    "Additional Service": "Industry",
    "Insurance": "Industry",
}
PRODUCT_OF_INDUSTRY = {
    "Consumer electronics": "household",
    "Connectivity": "mobile",
    "Furniture": "industry",
    "Construction": "industry",
    "Clothing": "industry",
    "Jewelry": "industry",
    "Industry": "other",
    "Auto technology": "other",
    "Tourism": "other",
    "MLM partners": "other",
    "XNA": "other",
}
CHANNEL = {
    "Consumer loans": choice(
        {"Country-wide": 0.592, "Stone": 0.272, "Regional / Local": 0.134, "Car dealer": 0.001}
    ),
    "Cash loans": choice(
        {
            "Credit and cash offices": 0.803,
            "Contact center": 0.084,
            "Country-wide": 0.053,
            "AP+ (Cash loan)": 0.047,
            "Channel of corporate sales": 0.005,
            "Stone": 0.004,
            "Regional / Local": 0.003,
        }
    ),
}
PURPOSE = choice(
    {
        "XNA": (0.91, 0.0),
        "Repairs": (0.03, 0.1),
        "Other": (0.019, 0.05),
        "Urgent needs": (0.012, 0.2),
        "Buying a used car": (0.004, 0.05),
        "Building a house or an annex": (0.0035, 0.0),
        "Everyday expenses": (0.0035, 0.1),
        "Medicine": (0.003, 0.0),
        "Payments on other loans": (0.003, 0.5),
        "Education": (0.002, -0.1),
        "Journey": (0.0015, -0.1),
        "Purchase of electronic equipment": (0.0015, 0.0),
        "Buying a new car": (0.0012, 0.1),
        "Wedding / gift / holiday": (0.0012, 0.05),
        "Buying a home": (0.001, 0.1),
        "Car repairs": (0.001, 0.1),
        "Furniture": (0.001, 0.0),
        "Buying a holiday home / land": (0.0007, 0.0),
        "Business development": (0.0005, 0.1),
        "Gasification / water supply": (0.0004, 0.1),
        "Buying a garage": (0.0002, 0.0),
        "Hobby": (0.0001, 0.2),
        "Refusal to name the goal": (0.0001, 0.3),
        "Money for a third person": (0.0001, 0.2),
    }
)
REJECT_REASON = choice(
    {
        "HC": (0.62, 0.0),
        "LIMIT": (0.19, 0.15),
        "SCO": (0.115, 0.1),
        "SCOFR": (0.045, 0.35),
        "XNA": (0.016, 0.0),
        "VERIF": (0.013, 0.0),
        "SYSTEM": (0.001, 0.0),
    }
)
DOWN_PAYMENT_RATE = marginal([0, 0, 0, 0, 0, 0, 0.098, 0.102, 0.109, 0.121, 0.218, 0.311, 0.552], 0.0, 0.8)
SELLERPLACE_AREA = marginal([0, 12, 20, 30, 43, 60, 100, 150, 324, 1000, 2000, 2640, 6900], 0, 9000)

# --- payments -------------------------------------------------------------------------------
DAYS_EARLY = marginal([60, 34, 27, 19, 14, 11, 8, 6, 4, 2, 0, 0, 0], 85, 0)
"""How many days before its date an instalment that is not late is paid."""
