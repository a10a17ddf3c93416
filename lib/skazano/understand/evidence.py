"""What speaks for a project when something was heard, weighed into log odds that it was meant."""

from typing import NamedTuple

SAME = 0.055  # distance a phone up to which two sound the same, endings and all
ENOUGH = -0.9  # log odds that may be acted upon
LONG = 14  # phones; a longer name is no surer
LEAD = 0.2  # lead over the next project; a longer one says nothing more, as where there are few projects

# By what features() says; tests/bench/_learn_evidence.py finds them.
_WEIGHTS = (2.22, -0.16, -18.58, 0.14, 11.16, 1.19, -3.72)


class Evidence(NamedTuple):
    """apart: distance of what was heard from the name; size: phones, of both on average; gap: lead in
    likeness over the next project; rival: distance from the nearest everyday word."""

    apart: float
    size: float
    gap: float
    rival: float

    def features(self) -> tuple[float, ...]:
        """What _WEIGHTS weigh: a phone in a short name counts for more, and to be another word
        exactly counts against every name that is not said as exactly."""
        another = self.rival < 0.02 and self.apart > SAME * self.size
        return (
            1.0,
            self.apart,
            self.apart / max(2.0, self.size),
            min(self.size, LONG),
            min(self.gap, LEAD),
            self.rival - self.apart,
            float(another),
        )

    def odds(self) -> float:
        return sum(w * f for w, f in zip(_WEIGHTS, self.features(), strict=True))
