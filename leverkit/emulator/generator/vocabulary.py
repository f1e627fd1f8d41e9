"""Words for generated accounts: names, postings and tags that are plausible and clearly invented.

Tags are made from grammars, not taken from a list, so that no classifier can learn the list.
Some are hostile on purpose: markup, formulas, mathematics, right-to-left marks, commas, spaces at the ends.
"""

from __future__ import annotations

from random import Random

ONSETS = [
    "b",
    "br",
    "d",
    "dr",
    "f",
    "g",
    "gr",
    "h",
    "j",
    "k",
    "kl",
    "l",
    "m",
    "n",
    "p",
    "pl",
    "r",
    "s",
    "st",
    "t",
    "tr",
    "v",
    "w",
    "z",
]
VOWELS = ["a", "e", "i", "o", "u", "ai", "ea", "io", "ou", "y"]
CODAS = ["l", "n", "r", "s", "t", "nd", "rk", "sk", "lm", "nt", "x"]
FIRST_UNICODE = ("Zoë", "Łukaš", "Ñandu", "Þóra", "Олëна", "明", "مريم", "Søren", "Çağla")
NAMES_HOSTILE = ("<b>Robin</b>", "=1+1", "O'Null", 'Quote" Quill', "$x_1$", "\u202eRevers", "  Spacey ")
ROLES = [
    "Engineer",
    "Designer",
    "Analyst",
    "Recruiter",
    "Manager",
    "Writer",
    "Accountant",
    "Researcher",
    "Technician",
    "Advocate",
    "Planner",
    "Buyer",
]
LEVELS = ("", "", "Senior ", "Staff ", "Junior ", "Lead ", "Head of ")
DEPARTMENTS = {
    "Engineering": ("Platform", "Mobile", "Data", "Security"),
    "Product & Design": ("Research", "Growth", "Brand"),
    "Sales": ("Enterprise", "Mid-Market", "Partnerships"),
    "Operations": ("People", "Finance", "Workplace"),
    "Customer Success": ("Support", "Onboarding"),
}
PLACES = (
    "San Francisco, CA",
    "New York",
    "Berlin",
    "São Paulo",
    "Remote, EU",
    "Remote - US",
    "Toronto",
    "東京",
    "Zürich",
    "Austin, TX",
)
COMMITMENTS = ("Full-time", "Full-time", "Full-time", "Part-time", "Contract", "Intern", "Full-Time")
POSTING_TAGS = ("urgent", "backfill", "Q3 headcount", "evergreen", "exec search", "new-grad", "req-approved")
SKILLS = [
    "Rust",
    "Python",
    "Kubernetes",
    "Figma",
    "GAAP",
    "Salesforce",
    "Swift",
    "Erlang",
    "SolidWorks",
    "dbt",
    "Terraform",
    "Blender",
    "LabVIEW",
    "COBOL",
]
LANGUAGES = ["German", "Portuguese", "Japanese", "Arabic", "Finnish", "Tamil", "Polish", "Hebrew"]
EVENTS = ["DevHarbor", "RecruitFest", "CampusNorth", "DataDock", "PyMeadow", "OpsOrbit", "DesignDune"]
HOSTILE_PERSON = (
    "<img src=x onerror=alert(1)>",
    "$a_$",
    "\u200fמועמד חוזר",
    "Remote, will travel",
    " leading space",
    "⭐ VIP 🦄",
    "Cafe\u0301 club",
    "NULL",
)
HOSTILE_CANDIDACY = (
    "=cmd|' /C calc'!A0",
    "\u202egnidnep",
    "panel: A, B, C",
    "trailing space ",
    "</script><script>1",
    "0012",
    "🔥 hot for this req",
    "'; DROP TABLE tags; --",
)
PERSON_STATES = (
    "Silver medalist",
    "Boomerang",
    "Do not contact",
    "Alumni network",
    "Veteran",
    "Needs visa sponsorship",
    "Open to relocation",
    "Met at meetup",
    "Former intern",
    "Security clearance",
    "Prefers e-mail",
    "Competitor employee",
    "Internal mobility",
    "Board network",
)
CANDIDACY_STATES = (
    "Take-home sent",
    "Take-home passed",
    "Onsite booked",
    "No-show",
    "Comp mismatch",
    "Offer verbally accepted",
    "Waiting on feedback",
    "Rejected after onsite",
    "HM wants to meet",
    "Needs second screen",
    "Portfolio reviewed",
    "References requested",
    "Fast track",
    "Headcount on hold",
)


def word(rng: Random, syllables: int = 2) -> str:
    """Return an invented, capitalised word."""
    parts = [rng.choice(ONSETS) + rng.choice(VOWELS) for _ in range(syllables)]
    return ("".join(parts) + rng.choice(CODAS)).capitalize()


def date(rng: Random) -> str:
    """Return a date of the years 2019 to 2025."""
    return f"20{rng.randint(19, 25)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"


def person_tag(rng: Random) -> str:
    """Return a tag about a person."""
    year = 2018 + rng.randrange(8)
    return rng.choice(
        (
            rng.choice(PERSON_STATES),
            rng.choice(PERSON_STATES),
            rng.choice(SKILLS),
            f"{rng.choice(SKILLS)} ({rng.choice(('expert', 'working', 'learning'))})",
            f"Speaks {rng.choice(LANGUAGES)}",
            f"{rng.choice(EVENTS)} {year}",
            f"Talent pool: {word(rng)}",
            f"seniority={rng.choice(('junior', 'mid', 'senior', 'staff'))}",
            f"gdpr-consent:{year}",
            f"{word(rng).lower()}-newsletter",
            f"{word(rng)} referral",
            f"Project {word(rng)}",
            word(rng, 3),
            f"years_exp:{rng.choice((1, 3, 5, 8, 12))}+",
        )
    )


def candidacy_tag(rng: Random) -> str:
    """Return a tag about one candidacy."""
    return rng.choice(
        (
            rng.choice(CANDIDACY_STATES),
            rng.choice(CANDIDACY_STATES),
            f"Phone screen {date(rng)}",
            f"video-sent:{date(rng)}",
            f"score={rng.randint(1, 5)}",
            f"Round {rng.randint(2, 5)}",
            f"Batch {word(rng)}",
            f"{word(rng)} panel",
            f"Interviewer: {word(rng)}",
            f"Week {rng.randint(1, 52)} review",
            f"Project {word(rng)}",
            word(rng, 3),
            f"Declined {rng.choice(('comp', 'location', 'timing'))}",
        )
    )


def variant(rng: Random, tag: str) -> str:
    """Return another spelling of a tag, as people type it; sometimes the tag itself."""
    middle = len(tag) // 2
    return rng.choice(
        (
            tag.lower(),
            tag.upper(),
            tag.title(),
            tag.replace(" ", "-"),
            tag.replace(" ", ""),
            tag[:middle] + tag[middle + 1 :],
            tag + "s",
        )
    )


def first_names(rng: Random) -> list[str]:
    """Return first names: mostly syllables, some beyond ASCII, a few hostile."""
    return [word(rng, rng.choice((1, 2))) for _ in range(180)] + [*FIRST_UNICODE, *NAMES_HOSTILE]


def last_names(rng: Random) -> list[str]:
    """Return invented last names."""
    return [
        word(rng, rng.choice((2, 3))) + rng.choice(("", "son", "ova", "skar", "-Example")) for _ in range(300)
    ]
