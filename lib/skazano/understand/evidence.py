"""What speaks for a project when something was heard, weighed into log odds that it was meant."""

from typing import NamedTuple

SAME = 0.055  # distance a phone up to which two sound the same, endings and all
ENOUGH = -2.8  # log odds that may be acted upon: of the corpus 98 %, one in 1,500 of them wrongly
LONG = 14  # phones; a longer name is no surer
LEAD = 0.2  # lead over the next project; a longer one says nothing more, as where there are few projects
UNLIKE = 0.15  # distance a phone from an everyday word; a longer one says little more
MANY, OF_FEW = 20, 2.4  # projects; among fewer, whose lead says little, to be another word counts for more

# By what features() says; tests/bench/_learn_evidence.py finds them, among 60 projects.
_WEIGHTS = (1.41, -29.32, 0.15, 9.33, 23.57, -1.98)


class Evidence(NamedTuple):
    """apart: distance of what was heard from the name; size: phones, of both on average; gap: lead in
    likeness over the next project; rival: distance from the nearest everyday word; many: of how many
    projects it is the likest."""

    apart: float
    size: float
    gap: float
    rival: float
    many: int

    def features(self) -> tuple[float, ...]:
        """What _WEIGHTS weigh: a phone in a short name counts for more, and to be another word
        exactly counts against every name that is not said as exactly."""
        size = max(2.0, self.size)
        return (
            1.0,
            self.apart / size,
            min(size, LONG),
            min(self.gap, LEAD),
            min(self.rival / size, UNLIKE),
            (1.0 if self.many >= MANY else OF_FEW) * (self.rival < 0.02 and self.apart > SAME * self.size),
        )

    def odds(self) -> float:
        return sum(w * f for w, f in zip(_WEIGHTS, self.features(), strict=True))
