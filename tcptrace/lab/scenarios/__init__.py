"""The list of scenarios: what each shows, the clause, what it needs, what packets alone cannot tell, what is simulated."""

from tcptrace.lab.scenario import Scenario, Unknowable
from tcptrace.lab.scenarios.rows_closing import CLOSING
from tcptrace.lab.scenarios.rows_data import DATA
from tcptrace.lab.scenarios.rows_opening import OPENING
from tcptrace.lab.scenarios.rows_resets import RESETS

SCENARIOS = OPENING | CLOSING | RESETS | DATA

__all__ = ["SCENARIOS", "Scenario", "Unknowable"]
