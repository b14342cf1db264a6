package user

// This module asks nobody. Others do not ask it either: a token says who is calling.
