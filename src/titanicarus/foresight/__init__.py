"""What would happen now if something were lost: the contract (docs/faults.md) applied to the fleet as it is.

`scenario` is what is lost, `picture` how the fleet is now, `foresee` what follows. Nothing is asked to do anything.
"""

from titanicarus.foresight.foresee import Consequence, Effect, foresee
from titanicarus.foresight.picture import Picture, look
from titanicarus.foresight.scenario import BadScenario, Scenario, parse

__all__ = ["BadScenario", "Consequence", "Effect", "Picture", "Scenario", "foresee", "look", "parse"]
