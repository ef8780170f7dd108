"""Rewards of reinforcement learning: pure functions of what the grammar read, each in [0, 1].

None raises on model text, and in each an empty trick (repeating, padding, listing every box, a box
as large as the room, tags alone) gets less than an honest, mediocre answer: the tests hold them.
"""
