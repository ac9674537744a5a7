"""A shard as an operator sees it: what the keepers of all its hosts say, put together, and what may be done about it.

Pure: the answers of the keepers come in (titanicarus.operations.shards asks for them), sentences and orders come out.
"""

from titanicarus.shards.move import Move, Refused, plan_move
from titanicarus.shards.override import Statement, plan_override
from titanicarus.shards.view import CopyView, ShardView, silent, told

__all__ = ["CopyView", "Move", "Refused", "ShardView", "Statement", "plan_move", "plan_override", "silent", "told"]
