"""Configuration directories that are owned whole: rendered, compared, and only then put in place.

Pure: templates and pillar come in, wanted files and a plan come out. `_states/config_set.py` acts.
"""

from titanicarus.configset.diff import describe
from titanicarus.configset.plan import FileState, Plan, Wanted, plan
from titanicarus.configset.render import RenderError, render

__all__ = ["FileState", "Plan", "RenderError", "Wanted", "describe", "plan", "render"]
